package tui

import (
	"context"
	"errors"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// Options set up a screen. Backend and Theme are needed, the rest may be zero.
type Options struct {
	Backend Backend
	Theme   theme.Theme
	// Color says that colours are to be sent, whatever the terminal is thought to show (see theme.UseColor).
	Color bool
	// Title is what is watched, as the user would say it: "replay eth0.pcap".
	Title string
	// Filter is the text of the filter to begin with.
	Filter string
	// Look is what Theme was made of, to choose another while the program runs.
	Look theme.Options
	// Keys gives commands other keys, see CheckKeys; Columns are those of the lists by the keys of ColumnSets; Filters are saved filters by the tables of
	// FilterTables and their names,	// Settings the values of ScreenSettings.
	Keys     map[string][]string
	Columns  map[string][]string
	Filters  map[string]map[string]string
	Settings map[string]string
	// Save writes a value of the screen into the configuration file: a string, a bool, a []string, or nil to take it out. Nil where there is
	// no such file.
	Save func(table, key string, value any) error
	// Export writes handshakes to a file and returns how many, in one of ExportFormats. It is called from a goroutine of its own.
	Export        func(ExportJob) (int, error)
	ExportFormats []ExportFormat
	// Publish sends a message to one of Brokers; nil where there is no client. It is called from a goroutine of its own.
	Publish func(Message) error
	Brokers []Broker
	// Unsubscribed says that no message comes by itself: all that is watched are clients that subscribe to nothing and publish nothing.
	Unsubscribed bool
	// Clipboard puts text into the machine's own clipboard as far as that can be done; nil where only the terminal's is used.
	Clipboard func(string)
	// Location is the time zone of the times shown; nil is the local one.
	Location *time.Location
	// NoMouse leaves the mouse to the terminal at first.
	NoMouse bool
	// Interval is how often a Snapshot is asked for; 0 is ten times a second.
	Interval time.Duration
	// Now is the clock for messages that go away; nil is time.Now. Times of the capture come from the Snapshots.
	Now func() time.Time
	// Input and Output are the terminal; nil are standard input and output.
	Input  io.Reader
	Output io.Writer
}

func (o Options) withDefaults() Options {
	if o.Interval <= 0 {
		o.Interval = 100 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	return o
}

// framesPerSecond is how often the terminal is looked after: at most 42 ms from a key to the screen, at less than half the cost at rest
// of Bubble Tea's 60.
const framesPerSecond = 24

// Run shows the screen until the user quits or ctx is done, as the caller lets it be by SIGTERM; both give nil. The
// terminal is restored in every case, after a panic too; that one is an error. The last Snapshot is returned for a
// summary.
func Run(ctx context.Context, opt Options) (*watch.Snapshot, error) {
	m := New(opt)
	// Signals are the caller's: they end ctx. Bubble Tea's own handler would wait for ever where ctx ends first.
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}
	profile := colorprofile.ASCII // keeps weight and reverse video
	if opt.Color {
		profile = colorprofile.ANSI
	}
	options = append(options, tea.WithColorProfile(profile))
	if opt.Input != nil {
		options = append(options, tea.WithInput(opt.Input))
	}
	if first, width, height := newFirstFrame(&opt); first != nil {
		defer first.leave()
		m.first, m.width, m.height = first.show, width, height
		m.layOut()
		opt.Output = first
	}
	if opt.Output != nil {
		options = append(options, tea.WithOutput(opt.Output))
	}
	_, err := tea.NewProgram(m, options...).Run()
	if err != nil && ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic) {
		err = nil
	}
	return m.live, err
}
