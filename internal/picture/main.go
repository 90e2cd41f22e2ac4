// Command picture draws what tmux captured of a pane (capture-pane -e) as SVG: docs/pictures/make uses it, so that the pictures in the
// documents are those of the real screen.
//
//	tmux capture-pane -e -p -t NAME | go run ./internal/picture > screen.svg
package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

func main() {
	if err := draw(os.Stdout, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// The size of a cell, in pixels, and where the text stands in it.
const (
	cellWidth  = 8.4
	cellHeight = 18
	baseline   = 13
	margin     = 10
)

const (
	background = "#16181d"
	foreground = "#d4d7dd"
)

// palette is the sixteen colours of a terminal.
var palette = [16]string{
	"#2b2f38", "#e5687a", "#8bc37f", "#e0a95f", "#6aa5ee", "#b98be8", "#59bdc6", "#d4d7dd",
	"#6b7280", "#ff8796", "#a5dd98", "#f4c27c", "#8fc0ff", "#d0abf7", "#7ed9e2", "#ffffff",
}

// style is what SGR sequences have set.
type style struct {
	fg, bg                            string
	bold, dim, italic, under, reverse bool
}

// run is neighbouring cells of one style.
type run struct {
	style
	column, width int
	text          string
}

// draw reads captured lines and writes the picture.
func draw(w io.Writer, r io.Reader) error {
	var lines [][]run
	columns := 0
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	var s style
	for in.Scan() {
		runs := parse(in.Text(), &s)
		if n := len(runs); n > 0 {
			columns = max(columns, runs[n-1].column+runs[n-1].width)
		}
		lines = append(lines, runs)
	}
	if err := in.Err(); err != nil {
		return err
	}
	width, height := 2*margin+float64(columns)*cellWidth, 2*margin+len(lines)*cellHeight
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d">`+"\n", width, height, width, height)
	fmt.Fprintf(out, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", background)
	fmt.Fprintln(out, `<g font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="14" xml:space="preserve">`)
	for row, runs := range lines {
		for _, c := range runs {
			c.draw(out, row)
		}
	}
	fmt.Fprintln(out, "</g>\n</svg>")
	return out.Flush()
}

func (c *run) draw(w io.Writer, row int) {
	fg, bg := c.fg, c.bg
	if fg == "" {
		fg = foreground
	}
	if c.reverse {
		if bg == "" {
			bg = background
		}
		fg, bg = bg, fg
	}
	x, y := margin+float64(c.column)*cellWidth, margin+row*cellHeight
	length := float64(c.width) * cellWidth
	if bg != "" {
		fmt.Fprintf(w, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", x, y, length, cellHeight, bg)
	}
	if strings.TrimSpace(c.text) == "" {
		return
	}
	attributes := ""
	if c.bold {
		attributes += ` font-weight="bold"`
	}
	if c.dim {
		attributes += ` opacity="0.6"`
	}
	if c.italic {
		attributes += ` font-style="italic"`
	}
	if c.under {
		attributes += ` text-decoration="underline"`
	}
	// The length is given so that lines stay in line whatever font the reader has.
	fmt.Fprintf(w, `<text x="%.1f" y="%d" fill="%s" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
		x, y+baseline, fg, length, attributes, strings.ReplaceAll(html.EscapeString(c.text), " ", "\u00a0"))
}

// parse cuts a line into runs. The style goes on from line to line, as on a terminal.
func parse(line string, s *style) []run {
	var runs []run
	column := 0
	for line != "" {
		sequence, rest, found := strings.Cut(line, "\x1b[")
		if sequence != "" {
			n := ansi.StringWidth(sequence)
			runs = append(runs, run{*s, column, n, sequence})
			column += n
		}
		if !found {
			break
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' && r <= '~' })
		if end < 0 {
			break
		}
		if rest[end] == 'm' {
			s.set(strings.Split(rest[:end], ";"))
		}
		line = rest[end+1:]
	}
	return runs
}

// set takes the numbers of a Select Graphic Rendition sequence.
func (s *style) set(codes []string) {
	for i := 0; i < len(codes); i++ {
		n, _ := strconv.Atoi(codes[i])
		switch {
		case n == 0:
			*s = style{}
		case n == 1:
			s.bold = true
		case n == 2:
			s.dim = true
		case n == 3:
			s.italic = true
		case n == 4:
			s.under = true
		case n == 7:
			s.reverse = true
		case n == 22:
			s.bold, s.dim = false, false
		case n == 27:
			s.reverse = false
		case n >= 30 && n <= 37:
			s.fg = palette[n-30]
		case n >= 90 && n <= 97:
			s.fg = palette[n-90+8]
		case n >= 40 && n <= 47:
			s.bg = palette[n-40]
		case n >= 100 && n <= 107:
			s.bg = palette[n-100+8]
		case n == 39:
			s.fg = ""
		case n == 49:
			s.bg = ""
		}
	}
}
