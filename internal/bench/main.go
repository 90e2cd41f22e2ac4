// Command bench measures how fast mqttwatch is and how much memory it takes, beside programs that do less or the same:
//
//	go run ./internal/bench
//
// It makes captures from a seed (package traffic), builds the program, and runs it over them in turn with cat, a bare loop over the records and, where
// they are installed, tcpdump, capinfos and tshark. Of every result that has one the truth is checked before a time of it is told. It prints tables
// in Markdown, which docs/performance.md holds, and writes nothing but temporary files.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	size       int // MB
	tsharkSize int // MB
	runs       int
	seed       uint64
	program    string
	parts      string
	keep       string
	rest       time.Duration
	write      string
	command    string // that measures the same again
}

// parts are what can be measured, in the order in which that is done.
var parts = []string{"speed", "growth", "start", "screen", "live"}

func main() {
	if len(os.Args) > 1 && os.Args[1] == childMark {
		exit(child(os.Args[2:], os.Stdin, os.Stdout))
	}
	exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func exit(err error) {
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parse(args []string, errs io.Writer) (o options, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(errs)
	f.IntVar(&o.size, "size", 60, "size of the main capture in `MB`")
	f.IntVar(&o.tsharkSize, "tshark-size", 5, "size of the capture for tshark in `MB`, which takes some tenths of a second for each; 0 leaves it out")
	f.IntVar(&o.runs, "runs", 3, "how often each program runs; medians are told")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the captures")
	f.StringVar(&o.program, "program", "", "measure this `file` instead of building mqttwatch")
	f.StringVar(&o.parts, "parts", strings.Join(parts, ","), "what to measure")
	f.StringVar(&o.keep, "dir", "", "leave the captures in this `directory`")
	f.StringVar(&o.write, "write", "", "put the results into this `file`, too, between its lines "+resultsBegin+" and "+resultsEnd)
	f.DurationVar(&o.rest, "rest", 4*time.Second, "how long the screen is watched at rest, and under steady traffic")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for part := range strings.SplitSeq(o.parts, ",") {
		if !slices.Contains(parts, part) {
			return o, fmt.Errorf("-parts %s: there are %s", part, strings.Join(parts, ", "))
		}
	}
	if f.NArg() > 0 || o.size < 1 || o.runs < 1 || o.tsharkSize < 0 || o.rest < 100*time.Millisecond {
		return o, errors.New("-size and -runs are at least 1, -rest 100ms, and there are no other words")
	}
	o.command = "go run ./internal/bench"
	f.Visit(func(given *flag.Flag) {
		if !slices.Contains([]string{"write", "program", "dir"}, given.Name) {
			o.command += " -" + given.Name + " " + given.Value.String()
		}
	})
	return o, nil
}

// The lines between which results stand in a document.
const (
	resultsBegin = "<!-- measured -->"
	resultsEnd   = "<!-- end of measured -->"
)

// writeResults puts results into a document.
func writeResults(path string, results []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(resultsBegin+"\n"))
	_, after, ends := bytes.Cut(rest, []byte(resultsEnd+"\n"))
	if !ok || !ends {
		return fmt.Errorf("%s: there are no lines %s and %s", path, resultsBegin, resultsEnd)
	}
	return os.WriteFile(path, slices.Concat(before, []byte(resultsBegin+"\n"), results, []byte(resultsEnd+"\n"), after), 0o644)
}

// run measures what args ask for.
func run(args []string, out, errs io.Writer) error {
	o, err := parse(args, errs)
	if err != nil {
		return err
	}
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "mqttwatch-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	var results bytes.Buffer
	b := &bench{options: o, dir: dir, out: io.MultiWriter(out, &results), errs: errs}
	if b.program == "" {
		if b.program, err = build(dir); err != nil {
			return err
		}
	}
	describe(b.out, o.command)
	for _, part := range []struct {
		name    string
		measure func() error
	}{{"speed", b.speed}, {"growth", b.growth}, {"start", b.start}, {"screen", b.screen}, {"live", b.live}} {
		if !slices.Contains(strings.Split(b.parts, ","), part.name) {
			continue
		}
		if err := part.measure(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.printGoals()
	if o.write != "" {
		return writeResults(o.write, results.Bytes())
	}
	return nil
}

// bench is one call of the command.
type bench struct {
	options
	dir       string
	out, errs io.Writer
	goals     []goal
}

// say tells what is going on, which may take a while.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.errs, format+"\n", args...) }

// build makes the program as a user would.
func build(dir string) (string, error) {
	path := filepath.Join(dir, "mqttwatch")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", path, "github.com/mqttwatch/mqttwatch")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, text)
	}
	return path, nil
}
