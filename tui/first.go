package tui

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
)

// A firstFrame is the terminal, on which the first frame is shown as soon as it is known. Bubble Tea would show it when it looks after the terminal for the first
// time, one turn of framesPerSecond after it began: about as long as all the rest from the start of the program on.
type firstFrame struct {
	term.File
	mu    sync.Mutex
	begun bool // Bubble Tea has shown a frame itself
	shown bool // there is a frame that is not Bubble Tea's, on the alternate screen
}

// newFirstFrame returns the terminal that the screen is to be on, and its size; nil where that is none.
func newFirstFrame(opt *Options) (f *firstFrame, width, height int) {
	file, ok := opt.Output.(term.File)
	if opt.Output == nil {
		file, ok = os.Stdout, true
	}
	if !ok || runtime.GOOS == "windows" { // where Bubble Tea makes the console a terminal first
		return nil, 0, 0
	}
	width, height, err := term.GetSize(file.Fd())
	if err != nil || width <= 0 || height <= 0 {
		return nil, 0, 0
	}
	return &firstFrame{File: file}, width, height
}

// show shows a frame, unless Bubble Tea was quicker. The terminal is in raw mode.
func (f *firstFrame) show(v tea.View) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.begun || f.shown {
		return
	}
	f.shown = true
	frame := ansi.SetModeAltScreenSaveCursor + ansi.ResetModeTextCursorEnable + ansi.SetWindowTitle(v.WindowTitle) + ansi.CursorHomePosition
	_, _ = f.File.Write([]byte(frame + strings.ReplaceAll(v.Content, "\n", "\r\n"))) // where that fails the next one does, too
}

// Write is of io.Writer, for Bubble Tea. Where the alternate screen is shown already that is not entered again: some terminals would forget where the cursor was before.
func (f *firstFrame) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, after, enters := bytes.Cut(b, []byte(ansi.SetModeAltScreenSaveCursor))
	f.begun = f.begun || enters
	if !enters || !f.shown {
		return f.File.Write(b)
	}
	f.shown = false
	if _, err := f.File.Write(append(bytes.Clone(before), after...)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// leave restores the terminal where Bubble Tea ended before it had shown a frame.
func (f *firstFrame) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shown {
		f.shown = false
		restore := ansi.SetWindowTitle("") + ansi.ResetModeAltScreenSaveCursor + ansi.SetModeTextCursorEnable
		_, _ = f.File.Write([]byte(restore)) // the terminal is perhaps gone
	}
}
