package main

import (
	"os"
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/capture"
)

// passwordEnv is where a password waits that was on the command line.
const passwordEnv = "MQTTWATCH_PASSWORD"

// hidePassword takes a password out of the command line, which everybody on the machine can read: it replaces this
// process by one with the password in its environment, which only its owner can read. Where that is not possible, or there is
// nothing to hide, it returns.
func (c *brokerCommand) hidePassword() {
	args, fromURL := withoutPassword(os.Args)
	if len(args) == len(os.Args) && fromURL == "" {
		return
	}
	password := c.Password
	if password == "" {
		password = fromURL
	}
	// The first of two would win.
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, passwordEnv+"=") })
	replaceProcess(args, append(env, passwordEnv+"="+password))
}

// withoutPassword returns args without the passwords in them, and the one that was in a URL.
func withoutPassword(args []string) (clean []string, fromURL string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		url, password := splitURL(arg)
		switch {
		case arg == "-P" || arg == "--password":
			i++
		case strings.HasPrefix(arg, "--password=") || strings.HasPrefix(arg, "-P"):
		case password != "":
			clean, fromURL = append(clean, url), password
		default:
			clean = append(clean, arg)
		}
	}
	return clean, fromURL
}

// splitURL takes the password out of a broker's URL; it is "" where arg is none, or has none.
func splitURL(arg string) (url, password string) {
	broker, err := capture.ParseURL(arg)
	if err != nil || broker.Password == "" {
		return arg, ""
	}
	scheme, rest, _ := strings.Cut(arg, "://")
	login, host, _ := strings.Cut(rest, "@")
	user, _, _ := strings.Cut(login, ":")
	return scheme + "://" + user + "@" + host, broker.Password
}
