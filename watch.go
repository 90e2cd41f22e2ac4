package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// rawBytes is how much of the packets' bytes is kept for the screen's details.
const rawBytes = 16 << 20

// failSoon is how long a source that yields nothing may take to fail before the screen opens: enough for a broker that is not there.
const failSoon = 100 * time.Millisecond

// A watching is one source, the engine that takes its bytes, and what the command line says of both.
type watching struct {
	*options
	title  string // what is watched, as the user would say it
	src    capture.Source
	filter *filter.Filter
	chosen *filter.Deliveries
	engine *watch.Engine
	// clients are those that the screen can publish with, one for each broker.
	clients []*capture.Client
	rules   []*expect.Rule
	alert   bool // such an alert was raised as --fail-on says, or what a rule expects did not come
}

// watch joins src to the engine and a front end, until the source or ctx ends.
func (o *options) watch(ctx context.Context, title string, src capture.Source) error {
	if err := o.check(); err != nil {
		return err
	}
	chosen, err := filter.Parse(o.Filter)
	if err != nil {
		return filterError("--filter", o.Filter, err)
	}
	deliveries, err := filter.ParseDeliveries(o.Deliveries)
	if err != nil {
		return filterError("--deliveries", o.Deliveries, err)
	}
	rules, err := o.rules()
	if err != nil {
		return err
	}
	collectLater()
	clients := clientsOf(src)
	if src, err = o.recorded(src); err != nil {
		return err
	}
	w := &watching{options: o, title: title, src: src, filter: chosen, chosen: deliveries, clients: clients, rules: rules}
	if o.onScreen() {
		return w.screen(ctx)
	}
	return w.headless(ctx)
}

// clientsOf returns the embedded clients that src is made of.
func clientsOf(src capture.Source) []*capture.Client {
	switch s := src.(type) {
	case *capture.Client:
		return []*capture.Client{s}
	case *capture.Several:
		var out []*capture.Client
		for _, one := range s.Sources() {
			out = append(out, clientsOf(one)...)
		}
		return out
	}
	return nil
}

// unreached returns an error that names the brokers to which no connection came about; why, the notes say.
func unreached(clients []*capture.Client) error {
	var names []string
	for _, c := range clients {
		if c.Unreached() {
			names = append(names, c.Stats().Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("never connected to %s", strings.Join(names, ", "))
}

// onScreen reports whether the state is shown on the terminal, and not written to stdout. A dumb terminal, such as that of an editor or of a build, can show lines of
// text only.
func (o *options) onScreen() bool {
	return o.Output == "auto" && term.IsTerminal(os.Stdout.Fd()) && os.Getenv("TERM") != "dumb"
}

func filterError(option, text string, err error) error {
	if at := new(filter.Error); errors.As(err, &at) {
		return usagef("%s %s: column %d: %s", option, text, at.Column, at.Reason)
	}
	return usagef("%s %s: %w", option, text, err)
}

// seesBroker reports whether src can see more than one connection of a broker, so that there are deliveries to follow.
func seesBroker(src capture.Source) bool {
	for _, s := range statsOf(src) {
		if s.Kind != "client" {
			return true
		}
	}
	return false
}

// reportKeep is how many finished handshakes are kept where there is no screen on which to look at them. What a report says of them is said when they end.
const reportKeep = 64

// start makes the engine, which keeps so many finished handshakes. A nil onEvent takes no events, which saves making them.
func (w *watching) start(keep, raw int, onEvent func(*watch.Event)) {
	mute, _ := w.muted() // checked with the other options
	servers, _ := w.servers()
	cfg := watch.Config{Mute: mute, Keep: keep, Learn: w.Learn, Warn: w.Warn, Critical: w.Critical, RawBytes: raw, Survey: raw > 0, Filter: w.filter, OnEvent: onEvent,
		Deliveries: !w.NoDelivery && seesBroker(w.src), DeliveryFilter: w.chosen, Rules: w.rules, Responses: true, Servers: servers}
	if w.FailOn != "" || len(w.rules) > 0 {
		cfg.OnEvent = func(e *watch.Event) {
			w.note(e)
			if onEvent != nil {
				onEvent(e)
			}
		}
	}
	w.engine = watch.New(cfg)
	w.engine.SetSources(func() []decode.SourceStats { return statsOf(w.src) })
}

// statsOf returns the state of src, or of each source that it is made of.
func statsOf(src capture.Source) []decode.SourceStats {
	if several, ok := src.(interface{ All() []decode.SourceStats }); ok {
		return several.All()
	}
	return []decode.SourceStats{src.Stats()}
}

// note remembers whether an alert was raised that --fail-on asks for.
func (w *watching) note(e *watch.Event) {
	if e.Kind == watch.ExpectationChanged && failed(e.Expectation) {
		w.alert = true
	}
	if e.Kind != watch.AlertRaised && e.Kind != watch.AlertEscalated {
		return
	}
	switch w.FailOn {
	case "warn":
		w.alert = w.alert || e.Alert.Severity >= handshake.Warn
	case "critical":
		w.alert = w.alert || e.Alert.Severity >= handshake.Critical
	}
}

// headless writes a report to stdout.
func (w *watching) headless(ctx context.Context) error {
	ctx, cancel := limit(ctx, w.lasts)
	defer cancel()
	out, onEvent := w.reporter()
	w.saveThreads()
	w.start(reportKeep, 0, onEvent)
	trouble := newTrouble(os.Stderr)
	err := w.run(ctx, func() {
		trouble.look(w.src)
		if w.asks != nil && w.asks.settled(w.engine) {
			cancel() // there is nothing to wait for any more
		}
		if out.Flush() != nil {
			cancel() // nobody reads on
		}
	})
	w.engine.Finish()
	w.alert = w.alert || w.asks != nil && !w.asks.answered(w.engine)
	snap := w.engine.Snapshot(watch.Query{Expectations: true})
	if err != nil && w.Output != "json" && w.src.Stats().Frames == 0 {
		return err // a summary of nothing would only hide it
	}
	sayOnce(snap, err)
	if writeErr := out.Finish(snap); writeErr != nil {
		return quietPipe(writeErr)
	}
	return w.verdict(ctx, snap, err)
}

// saveThreads keeps a run without a screen that captures on interfaces to one core, unless the user has set GOMAXPROCS. One goroutine does all of the work, and
// with more cores the scheduler wakes another thread each time that frames come, to find that there is nothing for it.
func (w *watching) saveThreads() {
	if _, set := os.LookupEnv("GOMAXPROCS"); set {
		return
	}
	if _, live := w.src.(*capture.Live); live {
		runtime.GOMAXPROCS(1)
	}
}

// run lets the engine take in what the source brings, until that has ended. Files are read on one core and judged on another, where there is one; a live
// source takes what it captures in where it stands. after is called now and then, whenever something was taken in.
func (w *watching) run(ctx context.Context, after func()) error {
	if _, file := w.src.(*capture.File); file && runtime.GOMAXPROCS(0) > 1 {
		pipe := watch.NewPipe(w.engine, after)
		defer pipe.Close()
		return w.src.Run(ctx, pipe.Feed)
	}
	return w.src.Run(ctx, func(batch []decode.Segment) {
		w.engine.Feed(batch)
		after()
	})
}

// reporter returns what writes to stdout, and where it takes its events.
func (w *watching) reporter() (out report.Reporter, onEvent func(*watch.Event)) {
	switch w.Output {
	case "json":
		out = report.NewJSON(os.Stdout)
	case "summary":
		return report.NewSummary(os.Stdout), nil
	default:
		text := report.NewText(os.Stdout)
		text.AllDeliveries = w.Deliveries != ""
		out = text
	}
	return out, out.Event
}

// screen shows the state on the terminal, and leaves a summary there.
func (w *watching) screen(ctx context.Context) error {
	opt, err := w.screenOptions()
	if err != nil {
		return err
	}
	w.start(w.Keep, rawBytes, nil)
	opt.Backend = w.engine
	srcCtx, cancel := limit(ctx, w.lasts)
	defer cancel()
	ended, began := make(chan error, 1), make(chan struct{})
	var once sync.Once
	go func() {
		err := w.run(srcCtx, func() { once.Do(func() { close(began) }) })
		w.engine.Finish()
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil && w.src.Stats().Frames == 0 {
			return err // there is nothing to show a screen of
		}
		ended <- err
	case <-began: // it works
	case <-time.After(failSoon):
	}
	_, screenErr := tui.Run(ctx, opt)
	cancel()
	srcErr := <-ended
	snap := w.engine.Snapshot(watch.Query{Expectations: true})
	sayOnce(snap, srcErr)
	if _, err := os.Stdout.Write(report.AppendSummary(nil, snap)); err != nil {
		return quietPipe(err)
	}
	if screenErr != nil {
		return screenErr
	}
	return w.verdict(ctx, snap, srcErr)
}

// screenOptions sets up the screen as the command line and the environment say.
func (w *watching) screenOptions() (tui.Options, error) {
	color, err := theme.UseColor(w.Color, true, os.Getenv)
	if err != nil {
		return tui.Options{}, usageError{err}
	}
	look := theme.Options{Name: w.Theme, Color: color, ASCII: w.ASCII || !theme.UTF8(os.Getenv)}
	th, err := theme.New(look)
	if err != nil {
		return tui.Options{}, usageError{err}
	}
	opt := tui.Options{Theme: th, Look: look, Color: color, Title: w.title, Filter: w.Filter, NoMouse: w.NoMouse, Export: w.export, ExportFormats: exportFormats(), Clipboard: clipboard()}
	w.configure(&opt)
	for _, c := range w.clients {
		opt.Brokers = append(opt.Brokers, tui.Broker{Name: c.Stats().Name, Server: c.Server()})
		opt.Publish = w.publish
	}
	opt.Unsubscribed = len(w.clients) > 0 && !seesBroker(w.src) && !slices.ContainsFunc(w.clients, func(c *capture.Client) bool { return !c.Idle() })
	return opt, nil
}

// sayOnce takes from the notes of a summary what is said on standard error right below it, where a user reads both. Where they go different ways each has it.
func sayOnce(snap *watch.Snapshot, err error) {
	if err == nil || !term.IsTerminal(os.Stdout.Fd()) || !term.IsTerminal(os.Stderr.Fd()) {
		return
	}
	said := strings.Split(err.Error(), "\n")
	for i := range snap.Sources {
		s := &snap.Sources[i]
		s.Notes = slices.DeleteFunc(slices.Clone(s.Notes), func(note string) bool { return slices.Contains(said, note) })
	}
}

// verdict returns how a run ended whose results are shown: by an error of the source, a signal, or an alert.
func (w *watching) verdict(ctx context.Context, snap *watch.Snapshot, err error) error {
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if cause := signalled(ctx); cause != nil {
		return cause
	}
	if err := unreached(w.clients); err != nil {
		return err
	}
	if text := report.NoMQTT(snap); text != "" {
		fmt.Fprintf(os.Stderr, "mqttwatch: %s\n", text)
	}
	for i := range snap.Expectations {
		if s := &snap.Expectations[i]; s.Rule != "" && report.Unmet(s) {
			fmt.Fprintf(os.Stderr, "mqttwatch: --expect %q: nothing was seen that it is about, so that nothing was expected\n", s.Rule)
		}
	}
	if w.alert {
		return errAlert
	}
	return nil
}
