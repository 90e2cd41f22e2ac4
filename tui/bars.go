package tui

import (
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// meter draws n of limit as a bar of width cells. What is not nothing shows at least one cell.
func (p *pen) meter(n, limit, width int) string {
	if limit <= 0 || width <= 0 {
		return ""
	}
	full := min(n*width/limit, width)
	if n > 0 {
		full = max(full, 1)
	}
	return repeat(p.g.Full, full) + repeat(p.g.Empty, width-full)
}

// columns draws values as columns, rows lines high, the highest value filling them; the first line is the top. A value that is not nothing shows.
func (p *pen) columns(values []float64, rows int) []string {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	levels := len(p.g.Bars)
	out := make([]strings.Builder, rows)
	for _, v := range values {
		height := 0
		if v > 0 {
			height = max(1, int(v/most*float64(rows*levels)+0.5))
		}
		for r := range out {
			part := height - (rows-1-r)*levels
			switch {
			case part <= 0:
				out[r].WriteByte(' ')
			default:
				out[r].WriteString(p.g.Bars[min(part, levels)-1])
			}
		}
	}
	lines := make([]string, rows)
	for r := range out {
		lines[r] = out[r].String()
	}
	return lines
}

// took formats how long something took in at most six cells, to a tenth where that matters: 1.4ms.
func took(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond || d < time.Millisecond:
		return age(d)
	}
	return strconv.FormatFloat(d.Seconds()*1e3, 'f', 1, 64) + "ms"
}

// perSecond formats a rate in at most five cells.
func perSecond(rate float64) string {
	switch {
	case rate < 0.005:
		return "0"
	case rate < 1:
		return strconv.FormatFloat(rate, 'f', 2, 64)
	case rate < 100:
		return strconv.FormatFloat(rate, 'f', 1, 64)
	}
	return short(uint64(rate))
}

// size formats a number of bytes in at most six cells.
func size(n uint64) string {
	switch {
	case n < 10_000:
		return strconv.FormatUint(n, 10) + "B"
	case n < 1_000_000:
		return strconv.FormatUint(n/1000, 10) + "kB"
	case n < 1_000_000_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + "MB"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', 1, 64) + "GB"
}

// A timeScale is a logarithmic axis of times, width cells wide.
type timeScale struct {
	from, to int // bins of watch.SpreadBin; to is not in it
	width    int
}

// cell returns the bins that a cell stands for.
func (s timeScale) cell(i int) (from, to int) {
	n := s.to - s.from
	return s.from + i*n/s.width, max(s.from+i*n/s.width+1, s.from+(i+1)*n/s.width)
}

// draw returns what the bins come to in each cell.
func (s timeScale) draw(bins *[watch.SpreadBins]uint32) []float64 {
	out := make([]float64, s.width)
	for i := range out {
		from, to := s.cell(i)
		for b := from; b < min(to, len(bins)); b++ {
			out[i] = max(out[i], float64(bins[b]))
		}
	}
	return out
}

// labels draws the decades below the axis.
func (s timeScale) labels() string {
	out := strings.Repeat(" ", s.width)
	free := 0
	for d := time.Microsecond; d <= time.Hour; d *= 10 {
		bin := watch.SpreadBin(d)
		if bin < s.from || bin >= s.to {
			continue
		}
		at := (bin - s.from) * s.width / (s.to - s.from)
		label := decade(d)
		if at >= free && at+len(label) <= s.width {
			out = out[:at] + label + out[at+len(label):]
			free = at + len(label) + 2
		}
	}
	return out
}

func decade(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.Itoa(int(d.Microseconds())) + "us"
	case d < time.Second:
		return strconv.Itoa(int(d.Milliseconds())) + "ms"
	}
	return strconv.Itoa(int(d.Seconds())) + "s"
}
