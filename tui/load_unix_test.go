//go:build unix

package tui_test

import (
	"context"
	"io"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// processorTime is what this process has taken of the processors so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// show draws e on w as on a terminal of 160 by 45 until the function that it returns is called.
func show(b *testing.B, e *watch.Engine, w io.Writer) (stop func()) {
	b.Helper()
	look, err := theme.New(theme.Options{Color: true})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	model := tui.New(tui.Options{Backend: e, Theme: look, Color: true})
	p := tea.NewProgram(model, tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithInput(nil), tea.WithOutput(w), tea.WithWindowSize(160, 45))
	ended := make(chan struct{})
	go func() {
		_, _ = p.Run() // it ends with ctx
		close(ended)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// BenchmarkLoad has an engine take in a million handshakes as fast as it can, in turn with nobody who looks and with the screen drawn meanwhile.
// It reports what the screen adds as ratios, of time and of processor time: 1.1 is the most that it may be.
func BenchmarkLoad(b *testing.B) {
	const handshakes = 1_000_000
	all := publishes(handshakes)
	terminal := new(output)
	var wall, cpu [2]time.Duration
	for round := 0; b.Loop(); round++ {
		for turn := range 2 {
			shown := (round + turn) % 2 // either is the first now and then
			debug.FreeOSMemory()        // neither finds memory that the other has left
			e := watch.New(watch.Config{Survey: true, RawBytes: 16 << 20})
			stop := func() {}
			if shown == 1 {
				stop = show(b, e, terminal)
			}
			began, used := time.Now(), processorTime(b)
			all.feed(e)
			wall[shown] += time.Since(began)
			cpu[shown] += processorTime(b) - used
			stop()
			if got := e.Snapshot(watch.Query{}).Counts.Handshakes[0].Complete; got != handshakes {
				b.Fatalf("%d handshakes are complete, want %d", got, handshakes)
			}
		}
	}
	if !strings.Contains(terminal.String(), "Handshakes") {
		b.Fatal("nothing was drawn")
	}
	b.ReportMetric(float64(len(terminal.String()))/float64(b.N), "B/load")
	b.ReportMetric(float64(wall[1])/float64(wall[0]), "x-time")
	b.ReportMetric(float64(cpu[1])/float64(cpu[0]), "x-processor-time")
}
