package tui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// output is a terminal that remembers.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// backendFunc is a Backend that calls itself.
type backendFunc func(q watch.Query) *watch.Snapshot

func (f backendFunc) Snapshot(q watch.Query) *watch.Snapshot { return f(q) }

func run(t *testing.T, ctx context.Context, back tui.Backend, input io.Reader) (*output, *watch.Snapshot, error) {
	t.Helper()
	look, err := theme.New(theme.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := new(output)
	snap, err := tui.Run(ctx, tui.Options{Backend: back, Theme: look, Input: input, Output: out, Interval: time.Millisecond})
	return out, snap, err
}

// restored fails the test unless the terminal is as it was before.
func restored(t *testing.T, out *output) {
	t.Helper()
	s := out.String()
	for _, mode := range []string{"1049", "1002", "1006", "1004", "2004"} {
		on, off := strings.LastIndex(s, "\x1b[?"+mode+"h"), strings.LastIndex(s, "\x1b[?"+mode+"l")
		if on >= 0 && off < on {
			t.Errorf("mode %s stays on", mode)
		}
	}
	if hide, show := strings.LastIndex(s, "\x1b[?25l"), strings.LastIndex(s, "\x1b[?25h"); show < hide {
		t.Error("the cursor stays hidden")
	}
}

func TestRunQuits(t *testing.T) {
	keys, typed := io.Pipe()
	defer keys.Close()
	back := &fake{base: live(time.Second, completeRow())}
	go func() {
		time.Sleep(100 * time.Millisecond)
		_, _ = typed.Write([]byte("Q"))
	}()
	out, snap, err := run(t, t.Context(), back, keys)
	if err != nil {
		t.Fatal(err)
	}
	if snap == nil || snap.Total != 1 {
		t.Errorf("the last Snapshot is %+v", snap)
	}
	restored(t, out)
}

func TestRunEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	keys, _ := io.Pipe()
	defer keys.Close()
	out, _, err := run(t, ctx, &fake{base: live(time.Second)}, keys)
	if err != nil {
		t.Fatal(err)
	}
	restored(t, out)
}

func TestRunRestoresTerminalAfterPanic(t *testing.T) {
	keys, _ := io.Pipe()
	defer keys.Close()
	begin := time.Now()
	back := backendFunc(func(watch.Query) *watch.Snapshot {
		if time.Since(begin) > 300*time.Millisecond { // the first frame is out by then
			panic("on purpose")
		}
		return &watch.Snapshot{}
	})
	out, _, err := run(t, t.Context(), back, keys)
	if !errors.Is(err, tea.ErrProgramPanic) {
		t.Fatalf("the error is %v, not that of a panic", err)
	}
	if !strings.Contains(out.String(), "\x1b[?1049h") {
		t.Error("the screen had not begun")
	}
	restored(t, out)
}
