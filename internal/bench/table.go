package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// writeSpeed writes what subjects took as a table. Speeds are by the time on the clock, ratios by that of the processor.
func writeSpeed(w io.Writer, subjects []*subject, r results) {
	rows := [][]string{{"what", "wall s", "CPU s", "× `cat`", "MB/s", "frames/s", "packets/s", "handshakes/s", "peak MB"}}
	for _, s := range subjects {
		us := r[s.name]
		wall := seconds(us, wallOf)
		row := []string{
			s.name, digits(wall), digits(seconds(us, cpuOf)), digits(r.ratio(s.name, rowCat, cpuOf)),
			digits(s.file.mb() / wall), thousands(float64(s.file.truth.Frames) / wall), "", "", memory(us),
		}
		if strings.HasPrefix(s.name, "mqttwatch") || s.name == rowTshark { // others know of no packets
			row[6] = thousands(float64(s.file.packets()) / wall)
		}
		if strings.HasPrefix(s.name, "mqttwatch") {
			row[7] = thousands(float64(s.file.handshakes()) / wall)
		}
		rows = append(rows, row)
	}
	writeTable(w, rows)
}

// writeTable writes a Markdown table whose source is legible, too. The first row is the header; the first column is of words, the others of numbers.
func writeTable(w io.Writer, rows [][]string) {
	rows = withoutEmpty(rows)
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for i, row := range rows {
		fmt.Fprint(w, "|")
		for j, cell := range row {
			pad := strings.Repeat(" ", width[j]-utf8.RuneCountInString(cell))
			if j == 0 {
				cell += pad
			} else {
				cell = pad + cell
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
		if i > 0 {
			continue
		}
		fmt.Fprint(w, "|")
		for j, n := range width {
			if j == 0 {
				fmt.Fprintf(w, "%s|", strings.Repeat("-", n+2))
			} else {
				fmt.Fprintf(w, "%s:|", strings.Repeat("-", n+1))
			}
		}
		fmt.Fprintln(w)
	}
}

// withoutEmpty leaves the columns out in which nothing stands but their header.
func withoutEmpty(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for i := range rows[0] {
		if !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[i] != "" }) {
			continue
		}
		for j, row := range rows {
			out[j] = append(out[j], row[i])
		}
	}
	return out
}

func wallOf(u usage) time.Duration { return u.wall }
func cpuOf(u usage) time.Duration  { return u.cpu }

// seconds is the median of the runs; 0 where there are none.
func seconds(us []usage, of func(usage) time.Duration) float64 {
	values := make([]float64, len(us))
	for i, u := range us {
		values[i] = of(u).Seconds()
	}
	return median(values)
}

// ratio is the median of the ratios of two subjects, round by round; 0 where that cannot be told.
func (r results) ratio(name, to string, of func(usage) time.Duration) float64 {
	var values []float64
	for i := range min(len(r[name]), len(r[to])) {
		if b := of(r[to][i]); b > 0 {
			values = append(values, float64(of(r[name][i]))/float64(b))
		}
	}
	return median(values)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	n := len(values) / 2
	if len(values)%2 == 0 {
		return (values[n-1] + values[n]) / 2
	}
	return values[n]
}

// peak is the highest of the runs, in MB.
func peak(us []usage) float64 {
	var most int64
	for _, u := range us {
		most = max(most, u.peak)
	}
	return float64(most) / 1e6
}

func memory(us []usage) string {
	if p := peak(us); p > 0 {
		return digits(p)
	}
	return ""
}

// digits writes a number with three digits, or none after the point where it is large; nothing for 0.
func digits(x float64) string {
	switch {
	case x == 0:
		return ""
	case x < 0.1:
		return fmt.Sprintf("%.3f", x)
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return thousands(x)
}

// thousands writes a whole number in groups.
func thousands(x float64) string {
	text := fmt.Sprintf("%.0f", x)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
