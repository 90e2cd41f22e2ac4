package tui

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/theme"
)

// maxCluster is the longest run of bytes that is taken for one character. A base character may carry any number of
// combining marks, so that one cell could hold the whole of a 64 KiB topic.
const maxCluster = 32

// A textCleaner makes texts of the wire fit to be drawn.
type textCleaner struct{ ascii bool }

// clean returns text from the wire so that it can be drawn: escaped, in one line, and of a width that does not depend on the
// terminal. At most about four bytes for each of width cells are looked at from either end, so that a long topic
// costs no more than a short one; what is left out is behind an ellipsis in the middle, where cutMiddle cuts first.
func (c textCleaner) clean(s string, width int) string {
	limit := 4*max(width, 8) + maxCluster
	if len(s) > 2*limit+1 {
		s = trimToRune(s[:limit], false) + "…" + trimToRune(s[len(s)-limit:], true)
	}
	if plainASCII(s) && !strings.Contains(s, `\`) {
		return s
	}
	s = decode.Escape(s)
	if plainASCII(s) {
		return s
	}
	return c.settle(s)
}

// safe returns s, which is escaped already, so that it can be drawn.
func (c textCleaner) safe(s string) string {
	if plainASCII(s) {
		return s
	}
	return c.settle(s)
}

// settle replaces what terminals disagree about: characters of which the width depends on the terminal, and runs of
// combining marks; with ASCII, all that is not ASCII.
func (c textCleaner) settle(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		if cluster == "" {
			break
		}
		s = s[len(cluster):]
		switch {
		case len(cluster) == 1 && cluster[0] >= 0x20 && cluster[0] < 0x7f:
			b.WriteString(cluster)
		case cluster == "…" && c.ascii:
			b.WriteByte('~')
		case c.ascii || cluster[0] < 0x20 || cluster[0] == 0x7f:
			for _, r := range cluster {
				b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
			}
		case len(cluster) > maxCluster || width == 0 || !utf8.ValidString(cluster) || ansi.StringWidthWc(cluster) != width:
			b.WriteString("?")
		default:
			b.WriteString(cluster)
		}
	}
	return b.String()
}

// trimToRune drops what is left of a character at the cut end of s: the front, or else the back.
func trimToRune(s string, front bool) string {
	for n := 0; n < utf8.UTFMax && len(s) > 0; n++ {
		if front {
			if utf8.RuneStart(s[0]) {
				return s
			}
			s = s[1:]
			continue
		}
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size > 1 {
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// cells returns the width of s on the screen. Escape sequences count nothing.
func cells(s string) int {
	if plainASCII(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// cut returns the beginning of s, at most width cells of it.
func cut(s string, width int, ellipsis string) string {
	if width <= 0 {
		return ""
	}
	if len(s) <= width || cells(s) <= width {
		return s
	}
	return ansi.Truncate(s, width, ellipsis)
}

// cutMiddle returns s in at most width cells, without its middle where it does not fit: both ends of a topic or of a
// Client Identifier tell more than its middle.
func cutMiddle(s string, width int, ellipsis string) string {
	if width <= 0 {
		return ""
	}
	total := cells(s)
	if total <= width {
		return s
	}
	if width < 5 {
		return ansi.Truncate(s, width, ellipsis)
	}
	right := (width - 1) / 2
	left := width - 1 - right
	return ansi.Truncate(s, left, "") + ellipsis + ansi.TruncateLeft(s, total-right, "")
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// padRight and padLeft bring s to width cells.
func padRight(s string, width int) string { return s + spaces(width-cells(s)) }
func padLeft(s string, width int) string  { return spaces(width-cells(s)) + s }

// wrap breaks s, which is clean, into lines of at most width cells, at spaces only: topics and Client Identifiers stay whole
// as long as they fit into a line.
func wrap(s string, width int) []string {
	if width < 2 || s == "" {
		return nil
	}
	var out []string
	current, used := "", 0
	for _, word := range strings.Split(s, " ") {
		w := cells(word)
		if used > 0 && used+1+w > width {
			out = append(out, current)
			current, used = "", 0
		}
		for w > width {
			part := ansi.Truncate(word, width, "")
			out = append(out, part)
			word = word[len(part):]
			w = cells(word)
		}
		if used > 0 {
			current += " "
			used++
		}
		current += word
		used += w
	}
	return append(out, current)
}

// age formats a duration in at most six cells: 43ms, 8.2s, 1m06s, 3h07m, 12d, as handshake.Age does in sentences.
func age(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return "0s"
	case d < time.Millisecond:
		return strconv.FormatInt(d.Microseconds(), 10) + "us"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Truncate(100*time.Millisecond).Seconds(), 'f', 1, 64) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m" + two(int(d.Seconds())%60) + "s"
	case d < 100*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h" + two(int(d.Minutes())%60) + "m"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// clockTime formats an instant as hours to milliseconds, or to seconds where short is set.
func clockTime(t decode.Time, loc *time.Location, short bool) string {
	if t == 0 {
		return "-"
	}
	if short {
		return t.Std().In(loc).Format("15:04:05")
	}
	return t.Std().In(loc).Format("15:04:05.000")
}

// dayTime is clockTime where t is of the day of now; else it begins with the day of the month, and leaves out what the room is then too small for.
func dayTime(t, now decode.Time, loc *time.Location, short bool) string {
	at := t.Std().In(loc)
	switch year, day := at.Year(), at.YearDay(); {
	case t == 0 || now == 0 || year == now.Std().In(loc).Year() && day == now.Std().In(loc).YearDay():
		return clockTime(t, loc, short)
	case short:
		return at.Format("02 15:04")
	}
	return at.Format("02 15:04:05")
}

// elapsed formats how long a capture runs.
func elapsed(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	if s >= 100*3600 {
		return strconv.Itoa(s/86400) + "d " + two(s/3600%24) + "h"
	}
	return two(s/3600) + ":" + two(s/60%60) + ":" + two(s%60)
}

// count formats a number with separators: 1,234,567.
func count[T int | int64 | uint64](n T) string {
	s := strconv.FormatUint(uint64(max(n, 0)), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural counts things by their name.
func plural[T int | int64 | uint64](n T, name string) string {
	if n != 1 {
		name += "s"
	}
	return count(n) + " " + name
}

// short formats a number in few cells: 950, 12k, 3.4M.
func short(n uint64) string {
	switch {
	case n < 10_000:
		return strconv.FormatUint(n, 10)
	case n < 1_000_000:
		return strconv.FormatUint(n/1000, 10) + "k"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + "M"
}

// A line is one line of the screen in the making: what is put on it beyond its width is cut.
type line struct {
	b     []byte
	width int
	used  int
	// flat drops the styles of the pieces: the whole line has one.
	flat bool
}

func newLine(width int) *line { return &line{b: make([]byte, 0, 2*width+32), width: width} }

// put adds s, which holds no escape sequences.
func (l *line) put(st theme.Style, s string) *line {
	room := l.width - l.used
	if room <= 0 || s == "" {
		return l
	}
	w := cells(s)
	if w > room {
		s = cut(s, room, "")
		w = cells(s)
	}
	l.used += w
	if l.flat {
		l.b = append(l.b, s...)
	} else {
		l.b = st.Append(l.b, s)
	}
	return l
}

// to fills with spaces up to column n.
func (l *line) to(n int) *line {
	n = min(n, l.width)
	for l.used < n {
		l.b = append(l.b, ' ')
		l.used++
	}
	return l
}

// String returns the line without filling it up.
func (l *line) String() string { return string(l.b) }

// full returns the line filled up to its width.
func (l *line) full() string { return string(l.to(l.width).b) }

func repeat(s string, n int) string { return strings.Repeat(s, max(n, 0)) }

// cutLeft returns the end of s in at most width cells.
func cutLeft(s string, width int, ellipsis string) string {
	total := cells(s)
	if total <= width {
		return s
	}
	return ellipsis + ansi.TruncateLeft(s, total-width+1, "")
}

// scrolled returns s from column n on, with a sign that something is before it.
func scrolled(s string, n int, g *theme.Glyphs) string {
	if n <= 0 || s == "" {
		return s
	}
	if cells(s) <= n {
		return g.Before
	}
	return g.Before + ansi.TruncateLeft(s, n+1, "")
}
