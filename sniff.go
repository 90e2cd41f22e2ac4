package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
)

type sniffCommand struct {
	Interfaces  []string      `arg:"" optional:"" name:"interface" help:"Network interfaces; any is all of them."`
	List        bool          `help:"Name the interfaces that there are, with their addresses and state."`
	Port        []uint16      `help:"Take only TCP from or to this port (repeatable)." placeholder:"PORT"`
	Host        []string      `help:"Take only what this host sends or receives: an address, a prefix such as 10.0.0.0/8, or a name (repeatable)." placeholder:"HOST"`
	Promiscuous bool          `help:"Also take frames that are for other machines."`
	Duration    time.Duration `help:"Watch for this long. Without a screen the run ends with that; a screen stays, as after the end of a file." placeholder:"TIME"`
}

func (c *sniffCommand) run(ctx context.Context, o *options) error {
	if c.List {
		return listInterfaces(os.Stdout)
	}
	if len(c.Interfaces) == 0 {
		return usagef("on which interface? mqttwatch sniff --list names them")
	}
	if err := misplaced("sniff", "interface", c.Interfaces); err != nil {
		return err
	}
	if err := o.check(); err != nil { // before rights are asked for
		return err
	}
	src, err := capture.NewLive(c.Interfaces, capture.LiveOptions{
		Ports: c.Port, Hosts: c.Host, Promiscuous: c.Promiscuous,
	})
	if err != nil {
		return sniffError(err)
	}
	defer src.Close() // where it does not come to run
	if err := dropRoot(); err != nil {
		return err
	}
	o.lasts = c.Duration
	return o.watch(ctx, "sniff "+strings.Join(c.Interfaces, " "), src)
}

// sniffError tells a mistake on the command line from what the machine refuses.
func sniffError(err error) error {
	if errors.Is(err, capture.ErrNotPermitted) || errors.Is(err, capture.ErrNotHere) {
		return err
	}
	return usageError{err}
}

// listInterfaces writes a line for each interface.
func listInterfaces(to io.Writer) error {
	found, err := capture.Interfaces()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(to)
	wide := 0
	for _, in := range found {
		wide = max(wide, len(in.Name))
	}
	for _, in := range found {
		what := make([]string, 0, len(in.Addresses)+1)
		for _, a := range in.Addresses {
			what = append(what, a.String())
		}
		switch {
		case in.Name == capture.AnyInterface:
			what = append(what, "all interfaces")
		case in.Loopback:
			what = append(what, "loopback")
		}
		line := fmt.Sprintf("%-*s  %-10s  %s", wide, in.Name, in.State, strings.Join(what, " "))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	if err := w.Flush(); err != nil {
		return quietPipe(err)
	}
	return nil
}
