package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// withSignals returns a context that ends at SIGINT, SIGTERM or SIGHUP, with errInterrupted, errTerminated or errHungUp as its cause; at SIGHUP only where it was
// not ignored from the start, as nohup does. Only the first signal is caught: the next one ends the process at once, should it hang.
func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	go func() {
		defer signal.Stop(caught)
		select {
		case s := <-caught:
			switch s {
			case os.Interrupt:
				cancel(errInterrupted)
			case syscall.SIGHUP:
				cancel(errHungUp)
			default:
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
	case errInterrupted, errTerminated, errHungUp:
		return cause
	}
	return nil
}
