package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/near"
)

// parseError turns a mistake that kong found into one line that says what to give, and where to look.
func parseError(err error) error {
	var parse *kong.ParseError
	if !errors.As(err, &parse) {
		return usageError{err}
	}
	command := "mqttwatch"
	if node := parse.Context.Selected(); node != nil {
		command += " " + node.Name
	}
	return usagef("%s (%s --help shows what there is)", inWords(err.Error(), command, parse.Context.Flags()), command)
}

// checkTimes refuses negative times, of which none makes sense, wherever they come from.
func checkTimes(flags []*kong.Flag) error {
	for _, f := range flags {
		if d, ok := f.Target.Interface().(time.Duration); ok && d < 0 {
			return usagef("--%s: %s is negative: give more than 0", f.Name, d)
		}
	}
	return nil
}

// checkPorts refuses --port 0, on which nothing can be seen, wherever it comes from.
func checkPorts(flags []*kong.Flag) error {
	for _, f := range flags {
		if ports, ok := f.Target.Interface().([]uint16); ok && slices.Contains(ports, 0) {
			return usagef("--%s: 0 is no port: give a whole number from 1 to 65535", f.Name)
		}
	}
	return nil
}

// setupError tells a mistake on the command line from a file named there that cannot be read.
func setupError(err error) error {
	if path := new(fs.PathError); errors.As(err, &path) {
		return err
	}
	return usageError{err}
}

// inWords says in the user's words what kong says in Go's.
func inWords(text, command string, flags []*kong.Flag) string {
	// Compiled here, since that takes a twentieth of the time of a start and few starts have a mistake.
	var (
		notNumber   = regexp.MustCompile(`expected a valid (\d+) bit (u?)int but got (".*")$`)
		notDuration = regexp.MustCompile(`expected duration but got "(.*?)".*$`)
		negative    = regexp.MustCompile(`expected \S+ value but got "(-[0-9.].*?)".*$`) // taken for an option
		missingWord = regexp.MustCompile(`^expected "<(\w+)>.*"$`)
		shortFlag   = regexp.MustCompile(`^unknown flag -(\w)\b`)
		missingFlag = regexp.MustCompile(`^missing flags: (--\S+?)=(\w+)\S*$`)
		noValue     = regexp.MustCompile(`^(.*?): expected \S+ value but got "EOL" \(<EOL>\)$`)
	)
	if m := notNumber.FindStringSubmatchIndex(text); m != nil {
		bits, unsigned, value := text[m[2]:m[3]], m[4] < m[5], text[m[6]:m[7]]
		within := rangeOf(bits, unsigned)
		if strings.HasPrefix(text, "--port:") {
			within = " from 1 to 65535"
		}
		return text[:m[0]] + value + " does not fit: give a whole number" + within
	}
	if m := notDuration.FindStringSubmatchIndex(text); m != nil {
		value, example := text[m[2]:m[3]], "60s, 500ms or 1m30s"
		if value != "" && strings.Trim(value, "0123456789") == "" {
			example = value + "s or " + value + "ms"
		}
		return fmt.Sprintf("%s%q is no time: give a number with its unit, such as %s", text[:m[0]], value, example)
	}
	if m := negative.FindStringSubmatchIndex(text); m != nil {
		return text[:m[0]] + text[m[2]:m[3]] + " is negative: give more than 0"
	}
	if m := noValue.FindStringSubmatch(text); m != nil {
		return m[1] + ": its value is missing"
	}
	if m := missingFlag.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s is missing: %s %s %s …", m[1], command, m[1], m[2])
	}
	if m := missingWord.FindStringSubmatch(text); m != nil {
		what := map[string]string{"url": "a broker's URL", "file": "a file"}[m[1]]
		if what == "" {
			what = "a " + m[1]
		}
		return fmt.Sprintf("%s is missing: %s %s", what, command, strings.ToUpper(m[1]))
	}
	if m := shortFlag.FindStringSubmatch(text); m != nil {
		text = "unknown flag -" + m[1] // what another letter means is no help
		var like []string
		for _, f := range flags {
			if strings.HasPrefix(f.Name, m[1]) && !f.Hidden {
				like = append(like, "--"+f.Name)
			}
		}
		if n := len(like); n > 0 && n <= 3 {
			slices.Sort(like)
			text += ", did you mean " + strings.Join(like, " or ") + "?"
		}
	}
	return text
}

func rangeOf(bits string, unsigned bool) string {
	switch {
	case bits == "16" && unsigned:
		return " from 0 to 65535"
	case bits == "8" && unsigned:
		return " from 0 to 255"
	case unsigned:
		return " from 0 on"
	}
	return ""
}

// likely says which command or interface was probably meant by a word; "" where none is near.
func likely(word string, verbs []string) string {
	words := slices.Clone(verbs)
	if found, err := capture.Interfaces(); err == nil {
		for i := range found {
			words = append(words, found[i].Name)
		}
	}
	if like := near.Of(word, words); like != "" {
		return "did you mean " + like + "? "
	}
	return ""
}

// askedFor turns the ways in which others are asked for help and for their version into our own.
func askedFor(args []string) []string {
	switch {
	case len(args) == 1 && (args[0] == "--version" || args[0] == "-v"):
		return []string{"version"}
	case args[0] == "help" && len(args) <= 2:
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

// withoutOperation returns what err says without the name of the system call, which says nothing to a user: "open x: no such file" is "x: no such file".
func withoutOperation(err error) string {
	text := err.Error()
	if path := new(fs.PathError); errors.As(err, &path) {
		text = strings.Replace(text, path.Error(), path.Path+": "+path.Err.Error(), 1)
	}
	return text
}

// ofFile returns err as one about the file that the user named, whichever file beside it could not be written.
func ofFile(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	default:
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// warnOfEnvironment says which variables are not read since their names are misspelled.
func warnOfEnvironment(w io.Writer, environment []string) {
	const prefix = "MQTTWATCH_"
	var names []string
	for _, v := range environment {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	if len(names) == 0 { // as nearly always: what is known is not even asked
		return
	}
	known := []string{prefix + "PASSWORD"}
	for _, f := range allFlags(newParser(new(cli), everyCommand)) {
		known = append(known, f.Envs...)
	}
	slices.Sort(names)
	for _, name := range names {
		if like := near.Of(name, known); like != "" && !slices.Contains(known, name) && !strings.HasPrefix(name, prefix+"PASSWORD_") {
			fmt.Fprintf(w, "mqttwatch: the environment has %s, which is no option: did you mean %s?\n", name, like)
		}
	}
}

// allFlags are the options of all commands.
func allFlags(k *kong.Kong) (flags []*kong.Flag) {
	for _, n := range append([]*kong.Node{k.Model.Node}, k.Model.Children...) {
		flags = append(flags, n.Flags...)
	}
	return flags
}
