package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// A parser that knows the options of one command knows them as the one of all does.
func TestParserOfOneCommand(t *testing.T) {
	all := newParser(new(cli), everyCommand)
	for i, of := range all.Model.Children {
		one := newParser(new(cli), of.Name)
		if got, want := describe(one.Model.Node)+describe(one.Model.Children[i]), describe(all.Model.Node)+describe(of); got != want {
			t.Errorf("%s alone:\n%s\nwith all:\n%s", of.Name, got, want)
		}
		if got, want := verbsIn(one), verbsIn(all); !slices.Equal(got, want) {
			t.Errorf("%s alone: commands %v, want %v", of.Name, got, want)
		}
	}
}

// describe says all that help and the configuration file take from a command.
func describe(n *kong.Node) string {
	var b strings.Builder
	b.WriteString(n.Name + "\t" + n.Help + "\n")
	for _, f := range n.Flags {
		b.WriteString(f.String() + "\t" + f.Help + "\t" + f.Default + "\t" + f.Enum + "\t" + strings.Join(f.Envs, " ") + "\n")
	}
	for _, p := range n.Positional {
		b.WriteString(p.Summary() + "\t" + p.Help + "\n")
	}
	return b.String()
}

func verbsIn(k *kong.Kong) []string {
	var names []string
	for _, n := range k.Model.Children {
		names = append(names, n.Name+": "+n.Help)
	}
	return names
}

// Kong itself does not look whether an option of a command is also one of every command.
func TestOptionsDiffer(t *testing.T) {
	k := newParser(new(cli), everyCommand)
	for _, command := range k.Model.Children {
		seen := map[string]bool{}
		for _, f := range append(slices.Clone(k.Model.Flags), command.Flags...) {
			names := append([]string{f.Name}, f.Aliases...)
			if f.Short != 0 {
				names = append(names, "-"+string(f.Short))
			}
			for _, name := range names {
				if seen[name] {
					t.Errorf("%s: two options are %s", command.Name, name)
				}
				seen[name] = true
			}
		}
	}
}

func TestNamedIn(t *testing.T) {
	for args, want := range map[string]string{
		"replay x.pcap":  "replay",
		"replay --help":  "replay",
		"--help":         "version",
		"-h":             "version",
		"--help --ascii": everyCommand,
		"--ascii":        everyCommand,
	} {
		if got := namedIn(strings.Fields(args)); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}
