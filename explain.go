package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/x/term"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

type explainCommand struct {
	Name string `arg:"" optional:"" help:"Name of an alert, such as puback-overdue, or its beginning. All are listed where none is given."`
}

// run prints what an alert means, or the list of them all.
func (c *explainCommand) run() error {
	entry, err := c.find()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	width := textWidth(os.Stdout.Fd())
	if c.Name == "" {
		listAlerts(out, width)
	} else {
		explain(out, entry, width)
	}
	if err := out.Flush(); err != nil {
		return quietPipe(err)
	}
	return nil
}

// find returns the entry with the name, or the only one that begins so.
func (c *explainCommand) find() (handshake.Entry, error) {
	name := strings.ToLower(c.Name)
	if entry, ok := handshake.Explain(handshake.AlertName(name)); ok || name == "" {
		return entry, nil
	}
	var begin []handshake.Entry
	for _, e := range handshake.Catalogue() {
		if strings.HasPrefix(string(e.Name), name) {
			begin = append(begin, e)
		}
	}
	if len(begin) == 1 {
		return begin[0], nil
	}
	if len(begin) > 1 {
		return handshake.Entry{}, usagef("explain %s: several alerts begin so: %s", c.Name, namesOf(begin))
	}
	if near := nearest(name); len(near) > 0 {
		return handshake.Entry{}, usagef("explain %s: no such alert; near it are %s; mqttwatch explain lists all", c.Name, namesOf(near))
	}
	return handshake.Entry{}, usagef("explain %s: no such alert; mqttwatch explain lists all", c.Name)
}

func namesOf(entries []handshake.Entry) string {
	var names []string
	for _, e := range entries {
		names = append(names, string(e.Name))
	}
	return strings.Join(names, ", ")
}

// nearest returns the alerts, three at most, that have a word of the name, or that are written nearly so.
func nearest(name string) []handshake.Entry {
	type scored struct {
		handshake.Entry
		score int
	}
	var all []scored
	for _, e := range handshake.Catalogue() {
		score := distance(name, string(e.Name))
		if strings.Contains(string(e.Name), name) {
			score = 0
		}
		for _, word := range strings.Split(name, "-") {
			if len(word) >= 4 && slices.Contains(strings.Split(string(e.Name), "-"), word) {
				score = min(score, 2)
			}
		}
		if score <= max(2, len(name)/4) {
			all = append(all, scored{e, score})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	var out []handshake.Entry
	for _, s := range all[:min(3, len(all))] {
		out = append(out, s.Entry)
	}
	return out
}

// distance counts the letters that must be put in, left out or changed to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := left
			if a[i] != b[j] {
				change++
			}
			left = row[j+1]
			row[j+1] = min(change, row[j]+1, left+1)
		}
	}
	return row[len(b)]
}

func listAlerts(w io.Writer, width int) {
	longest := 0
	for _, e := range handshake.Catalogue() {
		longest = max(longest, len(e.Name))
	}
	for _, e := range handshake.Catalogue() {
		wrap(w, fmt.Sprintf("%-*s  ", longest, e.Name), strings.Repeat(" ", longest+2), width, e.Title)
	}
	fmt.Fprintln(w)
	wrap(w, "", "", width, "mqttwatch explain NAME tells what it means, what usually causes it, and what to check next.")
}

// explain writes an entry, in lines of at most width columns.
func explain(w io.Writer, e handshake.Entry, width int) {
	wrap(w, "", "", width, string(e.Name)+": "+e.Title)
	fmt.Fprintln(w)
	wrap(w, "", "", width, fmt.Sprintf("Severity %s; about the %s; %s.", e.Grades(), e.Subject, e.Kind()))
	fmt.Fprintln(w)
	wrap(w, "", "", width, e.Means)
	for _, part := range append(e.CauseGroups(), handshake.CauseGroup{Head: "What to check next", Causes: e.Checks}) {
		fmt.Fprintf(w, "\n%s:\n", part.Head)
		for _, item := range part.Causes {
			wrap(w, "  - ", "    ", width, item)
		}
	}
	if clauses := e.Clauses(); clauses != "" {
		fmt.Fprintln(w)
		wrap(w, "", "", width, "In the standard: "+clauses+".")
	}
}

// wrap writes text in lines of at most width columns, the first after first, the others after rest. A word that is longer stands alone.
func wrap(w io.Writer, first, rest string, width int, text string) {
	line := first
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && len(line)+1+len(word) > width {
			fmt.Fprintln(w, line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	fmt.Fprintln(w, line)
}

// textWidth is how wide prose is written: as the terminal is, but not wider than is good to read; 80 where there is none.
func textWidth(fd uintptr) int {
	width, _, err := term.GetSize(fd)
	if err != nil || width <= 0 {
		return 80
	}
	return max(30, min(width, 100))
}
