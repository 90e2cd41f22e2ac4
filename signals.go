package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// withSignals returns a context that ends at SIGINT or SIGTERM, with errInterrupted or errTerminated as its cause. Only
// the first signal is caught: the next one ends the process at once, should it hang.
func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(caught)
		select {
		case s := <-caught:
			if s == os.Interrupt {
				cancel(errInterrupted)
			} else {
				cancel(errTerminated)
			}
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// signalled returns why a context from withSignals ended, nil where no signal did it.
func signalled(ctx context.Context) error {
	switch cause := context.Cause(ctx); cause {
	case errInterrupted, errTerminated:
		return cause
	}
	return nil
}
