package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/mqttwatch/mqttwatch/tui"
)

// configTemplate writes a configuration file with every key as a comment. It is made from the options, the key map and the columns
// themselves, so that it cannot drift from them.
func configTemplate(w io.Writer, k *kong.Kong) {
	fmt.Fprint(w, `# The configuration file of mqttwatch, in TOML (docs/config.md). All keys are here as comments, with their usual values.
# The command line wins over the environment, which wins over this file.

# Options of every command.
`)
	table := ""
	for _, f := range configFlags(k) {
		if f.table != table {
			table = f.table
			fmt.Fprintf(w, "\n# Options of mqttwatch %s.\n[%s]\n", table, table)
		}
		fmt.Fprintf(w, "\n%s#%s = %s\n", comment(f.Help), f.Name, usual(f.Flag))
	}
	fmt.Fprint(w, "\n# The screen.\n[screen]\n")
	for _, c := range tui.ColumnSets() {
		fmt.Fprintf(w, "\n# Columns of the list of %s, in their order%s.\n#%s = %s\n", c.Title, moreColumns(&c), c.Key, quoteAll(c.Shown))
	}
	for _, s := range tui.ScreenSettings() {
		value := strconv.Quote(s.Values[0])
		if s.Values[0] == "off" {
			value = "false"
		}
		fmt.Fprintf(w, "\n%s#%s = %s\n", comment(s.Note+". One of "+strings.Join(s.Values, ", ")+"."), s.Key, value)
	}
	for _, t := range tui.FilterTables() {
		fmt.Fprintf(w, "\n# Saved filters of %s: a name, and what docs/filter.md says.\n[%s]\n\n%s", t.Title, t.Table, filterSamples[t.Table])
	}
	fmt.Fprint(w, "\n# Keys of the screen's commands. A key that is given to a command is taken from the others that work in the same place; [] leaves none.\n[keys]\n")
	group := ""
	for _, key := range tui.Keys() {
		if key.Fixed {
			continue
		}
		if key.Group != group {
			group = key.Group
			fmt.Fprintf(w, "\n# %s\n", group)
		}
		fmt.Fprintf(w, "#%s = %s  # %s\n", key.Command, quoteAll(key.Names), key.Help)
	}
}

// filterSamples are examples of saved filters, by table.
var filterSamples = map[string]string{
	"filters":          "#stuck = \"state:stuck\"\n#\"slow commands\" = \"topic:cmd/# rtt>1s\"\n",
	"delivery-filters": "#late = \"latency>1s\"\n",
	"session-filters":  "#full = \"full | inflight>15\"\n",
	"topic-filters":    "#busy = \"rate>5\"\n",
	"packet-filters":   "#\"odd ones\" = \"malformed | lost | reason>=0x80\"\n",
}

// comment breaks a text into lines of comments.
func comment(text string) string {
	out, line := "", "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 110 {
			out, line = out+line+"\n", "#"
		}
		line += " " + word
	}
	return out + line + "\n"
}

func quoteAll(texts []string) string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// usual is the value that an option has where nobody gives it another.
func usual(f *kong.Flag) string {
	switch kind := f.Target.Kind().String(); {
	case f.IsSlice():
		return "[]"
	case f.IsBool():
		return "false"
	case kind == "string" || f.Target.Type().String() == "time.Duration":
		if f.Target.Type().String() == "time.Duration" && f.Default == "" {
			return `"0s"`
		}
		return strconv.Quote(f.Default)
	case f.Default != "":
		return f.Default
	}
	return "0"
}

// moreColumns names the columns that a list has and does not show at first.
func moreColumns(c *tui.ColumnSet) string {
	more := slices.DeleteFunc(slices.Clone(c.Names), func(name string) bool { return slices.Contains(c.Shown, name) })
	if len(more) == 0 {
		return ""
	}
	return "; there is also " + strings.Join(more, ", ")
}
