package main

import (
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"github.com/mqttwatch/mqttwatch/capture"
)

// whatWorks is what a user may say in place of a word that makes no sense.
const whatWorks = "try: mqttwatch demo, mqttwatch FILE.pcap, mqttwatch eth0, mqttwatch mqtt://HOST -t '#', or mqttwatch --help"

// withVerb puts the command at the front of args, guessing it where the first word is a file or a URL.
func withVerb(args []string) ([]string, error) {
	k := sync.OnceValue(func() *kong.Kong { return newParser(new(cli), everyCommand) })
	at := firstWord(k, args)
	if at < 0 {
		return args, nil
	}
	word := args[at]
	verbs := verbs()
	if slices.Contains(verbs, word) {
		return append([]string{word}, slices.Delete(slices.Clone(args), at, at+1)...), nil
	}
	verb, err := guess(word, verbs...)
	if err == nil && mixed(k, args[at+1:], verb) {
		verb = "watch"
	}
	return append([]string{verb}, args...), err
}

// mixed reports whether one of the words stands for another command than verb.
func mixed(k func() *kong.Kong, args []string, verb string) bool {
	for len(args) > 0 {
		at := firstWord(k, args)
		if at < 0 {
			return false
		}
		if other, err := guess(args[at]); err == nil && other != verb {
			return true
		}
		args = args[at+1:]
	}
	return false
}

// verbs lists the names of the commands.
func verbs() []string {
	var names []string
	for _, cmd := range new(cli).commands() {
		names = append(names, cmd.name)
	}
	return names
}

// namedIn returns the command whose options args can have, as withVerb returns them.
func namedIn(args []string) string {
	switch {
	case slices.Contains(verbs(), args[0]):
		return args[0]
	case len(args) == 1 && asksForHelp(args[0]):
		return "version" // which has no options; none are shown
	}
	return everyCommand
}

func asksForHelp(arg string) bool { return arg == "--help" || arg == "-h" }

// errNoName is of "", which a variable of a script was perhaps to be.
var errNoName = usagef("the name of the file is empty: name a capture file, or - for standard input")

// guess returns the command that a word stands for. Where it stands for none the error names one of the verbs, or an interface, that is like it.
func guess(word string, verbs ...string) (string, error) {
	if word == "" {
		return "", errNoName
	}
	if word == "-" {
		return "replay", nil
	}
	if capture.IsURL(word) {
		return "broker", nil
	}
	if _, err := os.Stat(word); err == nil || capture.IsPattern(word) {
		return "replay", nil
	}
	if capture.IsInterface(word) {
		return "sniff", nil
	}
	if at := strings.LastIndexByte(word, '@'); at >= 0 { // it may hold a password
		return "", usagef("…%s: no such file, and no URL: it lacks its scheme, as in mqtt://USER@HOST; %s", word[at:], whatWorks)
	}
	if host, port, err := net.SplitHostPort(word); err == nil && host != "" && port != "" && strings.Trim(port, "0123456789") == "" {
		return "", usagef("%s: no such file or interface; a broker is given as mqtt://%s", word, word)
	}
	if strings.ContainsAny(word, "./\\") {
		return "", usagef("%s: no such file, and no command; %s", word, whatWorks)
	}
	return "", usagef("%s: no such command, file or interface; %s%s", word, likely(word, verbs), whatWorks)
}

// firstWord returns the place of the first argument that is neither an option nor its value; -1 where all are. Which options have values k knows, which is made
// only where that matters.
func firstWord(k func() *kong.Kong, args []string) int {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return -1
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			return i
		case !asksForHelp(arg) && takesValue(k(), arg):
			i++
		}
	}
	return -1
}

// takesValue reports whether the argument after the option arg is its value.
func takesValue(k *kong.Kong, arg string) bool {
	if strings.HasPrefix(arg, "--") {
		f := flagOf(k, func(f *kong.Flag) bool { return f.Name == arg[2:] || slices.Contains(f.Aliases, arg[2:]) })
		return f != nil && !f.IsBool() && !f.IsCounter()
	}
	f := flagOf(k, func(f *kong.Flag) bool { return f.Short != 0 && arg == "-"+string(f.Short) })
	return f != nil && !f.IsBool() && !f.IsCounter()
}

func flagOf(k *kong.Kong, is func(*kong.Flag) bool) *kong.Flag {
	flags := allFlags(k)
	if i := slices.IndexFunc(flags, is); i >= 0 {
		return flags[i]
	}
	return nil
}

// misplaced returns an error where words of a command, which should all be of the kind that it takes, stand for another command: it names the one that takes
// them.
func misplaced(own, kind string, words []string) error {
	var shown, verbs, others []string
	for _, word := range words {
		verb, err := guess(word)
		if err != nil || own == "sniff" && capture.IsInterface(word) {
			verb = own // whether there is such a one is found out later
		}
		word = named(word)
		if verb != own {
			others = append(others, word)
		}
		shown, verbs = append(shown, word), append(verbs, verb)
	}
	if len(others) == 0 {
		return nil
	}
	if verbs = slices.Compact(verbs); len(verbs) > 1 {
		verbs = []string{"watch"}
	}
	return usagef("%s is no %s: mqttwatch %s %s", others[0], kind, verbs[0], strings.Join(shown, " "))
}

// named returns a word of the command line as it may be shown: a URL without its password.
func named(word string) string {
	if !capture.IsURL(word) {
		return word
	}
	url, err := capture.ParseURL(word)
	if err != nil {
		return "URL"
	}
	return url.String()
}
