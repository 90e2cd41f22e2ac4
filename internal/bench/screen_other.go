//go:build !linux

package main

import (
	"errors"
	"time"
)

// The size of the terminal on which the screen is measured.
const (
	columns = 160
	rows    = 45
)

// session is what there is on Linux only.
type session struct{ began time.Time }

var errNoTerminal = errors.New("the screen is measured on Linux")

func (b *bench) open(...string) (*session, error)       { return nil, errNoTerminal }
func (s *session) firstFrame() (time.Duration, error)   { return 0, errNoTerminal }
func (s *session) loaded(*capture) error                { return errNoTerminal }
func (s *session) quit() (u usage, _ string, err error) { return u, "", errNoTerminal }
func (s *session) cpu() time.Duration                   { return 0 }
func (s *session) written() int                         { return 0 }
