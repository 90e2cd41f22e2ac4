//go:build !linux && !darwin && !windows

package capture

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
)

const anyWorks = false

type liveSource struct{}

func (l *Live) open([]netip.Prefix) error {
	return fmt.Errorf("%w: capturing on %s; let tcpdump capture: %s", ErrNotHere, runtime.GOOS, tcpdumpInstead(l.names[0], l.opts.Ports))
}

// howToBePermitted is not reached here.
func howToBePermitted() string { return "" }

// Close does nothing here.
func (l *Live) Close() {}

// Run is not reached here: NewLive fails.
func (l *Live) Run(context.Context, Sink) error { return ErrNotHere }
