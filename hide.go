package main

import (
	"os"
	"slices"
	"strconv"
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
	secret := slices.ContainsFunc(fromURL, func(p string) bool { return p != "" })
	if len(args) == len(os.Args) && !secret {
		return
	}
	set := map[string]string{}
	switch {
	case c.Password != "":
		set[passwordEnv] = c.Password
	case len(fromURL) == 1:
		set[passwordEnv] = fromURL[0]
	default:
		for i, p := range fromURL {
			if p != "" {
				set[passwordEnvOf(i)] = p
			}
		}
	}
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { // the first of two would win
		name, _, _ := strings.Cut(e, "=")
		_, again := set[name]
		return again
	})
	for name, password := range set {
		env = append(env, name+"="+password)
	}
	replaceProcess(args, env)
}

// passwordEnvOf names the variable that has the password for the broker number i, counted from 0, of several.
func passwordEnvOf(i int) string { return passwordEnv + "_" + strconv.Itoa(i+1) }

// withoutPassword returns args without the passwords in them, and for each URL the one that was in it.
func withoutPassword(args []string) (clean, fromURL []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "-P" || arg == "--password":
			i++
		case strings.HasPrefix(arg, "--password=") || strings.HasPrefix(arg, "-P"):
		case capture.IsURL(arg):
			url, password := splitURL(arg)
			clean, fromURL = append(clean, url), append(fromURL, password)
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
