package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

// A capture is a file and the truth about it.
type capture struct {
	path  string
	truth traffic.Truth
	// exact is set where nothing is missing from the file, so that the truth is what a reader must find.
	exact bool
}

// bytesPerMessage is about what a message of the standard traffic takes: two PUBLISH packets, their acknowledgements and those of TCP.
const bytesPerMessage = 979

// standard makes the capture with which speed is told.
func (b *bench) standard(name string, mb int) (capture, error) {
	p := traffic.Standard(max(mb*1_000_000/bytesPerMessage, 1000))
	p.Seed = b.seed
	return b.generate(name, p)
}

// generate makes a capture in a process of its own.
func (b *bench) generate(name string, p traffic.Params) (capture, error) {
	c := capture{path: filepath.Join(b.dir, name), exact: p.Drop == 0 && !p.OneSided}
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	params, err := json.Marshal(p)
	if err != nil {
		return c, err
	}
	b.say("making %s, %d messages", name, p.Messages)
	cmd := exec.Command(self, childMark, "generate", c.path)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(params), b.errs
	text, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, json.Unmarshal(text, &c.truth)
}

// remove makes room again, unless the captures are to stay.
func (b *bench) remove(c capture) {
	if b.keep == "" {
		_ = os.Remove(c.path) // the directory goes in the end in any case
	}
}

// mb is the size of the file.
func (c *capture) mb() float64 { return float64(c.truth.Bytes) / 1e6 }

func (c *capture) packets() (n uint64) {
	for _, of := range c.truth.Packets {
		n += of
	}
	return n
}

func (c *capture) handshakes() uint64 { return c.truth.Publish[1] + c.truth.Publish[2] }
