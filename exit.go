package main

import (
	"errors"
	"fmt"
	"os"
)

// The exit statuses. README.md lists them.
const (
	exitOK          = 0
	exitError       = 1   // something could not be read, reached or written
	exitUsage       = 2   // the command line makes no sense
	exitAlert       = 3   // --fail-on: such an alert was raised
	exitInterrupted = 130 // SIGINT
	exitTerminated  = 143 // SIGTERM
	exitHungUp      = 129 // SIGHUP
)

// A usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef returns a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// The ways to end that need no more words.
var (
	errUsageShown  = errors.New("usage was shown")
	errAlert       = errors.New("an alert was raised")
	errInterrupted = errors.New("interrupted")
	errTerminated  = errors.New("terminated")
	errHungUp      = errors.New("hung up")
)

// exitStatus says on stderr, in one line, what went wrong, and returns the exit status that goes with it.
func exitStatus(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errUsageShown):
		return exitUsage
	case errors.Is(err, errAlert):
		return exitAlert
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errTerminated):
		return exitTerminated
	case errors.Is(err, errHungUp):
		return exitHungUp
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "mqttwatch: %s\n", oneLine(err))
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "mqttwatch: %s\n", oneLine(err))
	return exitError
}
