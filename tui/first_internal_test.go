package tui

import (
	"bytes"
	"io"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// written is a terminal that remembers what was written.
type written struct {
	io.ReadCloser
	bytes.Buffer
}

func (*written) Fd() uintptr                  { return ^uintptr(0) }
func (*written) Close() error                 { return nil }
func (w *written) Read(b []byte) (int, error) { return 0, io.EOF }

func TestFirstFrame(t *testing.T) {
	write := func(text string) func(*testing.T, *firstFrame) {
		return func(t *testing.T, f *firstFrame) {
			if n, err := f.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%d of %d bytes written: %v", n, len(text), err)
			}
		}
	}
	show := func(_ *testing.T, f *firstFrame) { f.show(tea.View{Content: "a\nb", WindowTitle: "t"}) }
	leave := func(_ *testing.T, f *firstFrame) { f.leave() }
	const enter, exit = ansi.SetModeAltScreenSaveCursor, ansi.ResetModeAltScreenSaveCursor
	const frame = enter + "\x1b[?25l\x1b]2;t\x07\x1b[Ha\r\nb"
	for _, test := range []struct {
		name string
		do   []func(*testing.T, *firstFrame)
		want string
	}{
		{"shown at once", []func(*testing.T, *firstFrame){write("?"), show, write("x" + enter + "y"), write(exit + enter), leave}, "?" + frame + "xy" + exit + enter},
		{"not twice", []func(*testing.T, *firstFrame){show, show, write(enter)}, frame},
		{"too late", []func(*testing.T, *firstFrame){write("x" + enter + "y"), show, leave}, "x" + enter + "y"},
		{"never drawn on", []func(*testing.T, *firstFrame){show, write("x"), leave, leave}, frame + "x\x1b]2;\x07" + exit + "\x1b[?25h"},
		{"never shown", []func(*testing.T, *firstFrame){write("x"), leave}, "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var to written
			f := &firstFrame{File: &to}
			for _, do := range test.do {
				do(t, f)
			}
			if got := to.String(); got != test.want {
				t.Errorf("written: %q, want %q", got, test.want)
			}
		})
	}
}
