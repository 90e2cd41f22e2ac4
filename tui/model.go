// Package tui is the screen: handshakes as a list with timelines, as ladders, and the alerts.
//
// One root Model routes keys and lays out panes; a pane is a plain struct with verbs and a view that returns lines. The screen
// pulls: about ten times a second a command asks the Backend for a Snapshot of what is visible, and the View only draws what
// the last one holds. Keys, footer and help come from one key map.
package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A Backend answers what a screen asks for. *watch.Engine is one.
type Backend interface {
	// Snapshot may be called from any goroutine. The Snapshot belongs to the caller.
	Snapshot(q watch.Query) *watch.Snapshot
}

// screen is one of the tabs.
type screen uint8

const (
	screenHandshakes screen = iota
	screenDeliveries
	screenSessions
	screenTopics
	screenAlerts
	screenStatistics
	screenPackets
)

// level is how far one has drilled in: the list with the ladder beside it, or the ladder with the bytes beside it.
type level uint8

const (
	levelList level = iota
	levelLadder
	levelExtended // the ladder of a whole delivery
)

// pane is what a rectangle of the screen shows.
type pane uint8

const (
	paneList pane = iota
	paneAlerts
	paneLadder
	paneBytes
	paneDeliveries
	paneLegs
	paneSessions
	paneTopics
	paneStatistics
	panePackets
	paneExtended
)

// A Model is the root of the screen; it is a tea.Model. It is to be used by one goroutine.
type Model struct {
	opt  Options
	pen  pen
	keys keyMap

	width, height int
	live          *watch.Snapshot // the newest
	shown         *watch.Snapshot // what is drawn: the newest, or an older one while frozen
	rate          rate

	screen screen
	level  level
	focus  int // 0 or 1: which of the two panes of the level
	zoomed bool
	// besideOff and belowOn are what the user chose for the second pane: beside on wide screens it is there
	// unless turned off, below on others only when turned on.
	besideOff, belowOn bool

	list   list
	strip  stuckStrip
	alerts alertList
	// alertsAsked is how many alerts the last Query asked for.
	alertsAsked int
	ladder      ladder
	packet      packetPane
	extended    extended
	survey      surveyPanes
	help        helpPane
	over        overlay
	caret       struct{ x, y int } // of the overlay, as drawn
	overTop     int                // the line of the screen where it begins, as drawn
	finder      finder

	sort        sorting
	marked      [filterKinds]marks
	views       viewHistory
	came        *cameFrom
	acked       acknowledged
	saved       savedFilters
	history     [filterKinds]filterHistory
	await       *awaited
	lastPublish *form
	look        theme.Options
	kept        map[string]string // the settings as they began, or were saved
	aside       int               // how far long texts are scrolled to the left
	pressed     string            // the last key

	filter  filterState
	cleared clearing
	// others are the filters of the screens that are not shown, by what they choose.
	others [filterKinds]filterState

	digits string // of the row to go to, as typed so far
	frozen bool
	// freezing is set until the rows around the window have come that are kept while the view is frozen.
	freezing bool
	// seen is how many handshakes there had been when following or the view stopped; below 0 it is to be taken from the
	// next Snapshot.
	seen    int
	mouse   bool
	focused time.Time // when the terminal window came into focus

	message      string
	messageUntil time.Time

	answered      *filter.Filter // of the last Snapshot
	flood, quiet  bool           // rows come faster than they can be read; no packets come
	asking, again bool           // a Snapshot is on its way; another is wanted after it
	frame         string
	dirty         bool
	first         func(tea.View) // shows the first frame with data; nil where that was done, or Bubble Tea does it
}

// filterState is the filter as typed and what it means.
type filterState struct {
	typing   bool
	editor   editor
	text     string
	mistake  *filter.Error
	problems bool
	// kind is what is chosen, and the field that the last valid filter is in, with problems in it. parsed is that of the handshakes whatever is shown.
	kind       filterKind
	since      decode.Time // it hides what was over then, 0 for nothing
	parsed     *filter.Filter
	deliveries *filter.Deliveries
	sessions   *filter.Sessions
	topics     *filter.Topics
	packets    *filter.Packets
}

// New returns the Model of a screen that has seen nothing yet.
func New(opt Options) *Model {
	opt = opt.withDefaults()
	m := &Model{opt: opt, list: newList(), mouse: !opt.NoMouse, dirty: true, look: opt.Look, saved: newSaved(opt.Filters)}
	var err error
	if m.keys, err = newKeyMap().rebind(opt.Keys); err != nil {
		m.keys = newKeyMap() // CheckKeys says so before
	}
	m.setColumns(opt.Columns)
	m.pen = pen{th: &opt.Theme, g: &opt.Theme.Glyphs, text: textCleaner{ascii: opt.Theme.Glyphs.ASCII}, loc: opt.Location, keys: m.keys, unsubscribed: opt.Unsubscribed}
	m.live = &watch.Snapshot{}
	m.shown = m.live
	m.width, m.height = 80, 24
	m.list.sortMark = m.sort.mark
	m.survey.deliveries.marked, m.survey.sessions.marked = &m.marked[ofDeliveries], &m.marked[ofSessions]
	m.survey.topics.marked, m.survey.packets.marked = &m.marked[ofTopics], &m.marked[ofPackets]
	m.survey.packets.follow, m.survey.deliveries.follow = true, true
	m.setFilter(opt.Filter)
	m.history[ofHandshakes].add(opt.Filter)
	m.configure(opt.Settings)
	m.kept = m.settingValues()
	return m
}

type tickMsg time.Time

type snapshotMsg struct {
	snap *watch.Snapshot
	// freeze is set where the rows around the window were asked for, to be kept while the view is frozen.
	freeze bool
	filter *filter.Filter // that it was asked for with
	// seek is the handshake that the list is to go to, ladder the one that the ladder is to show; 0 for none.
	seek, ladder uint64
	deliveries   watch.DeliveryQuery // that it was asked for with
}

// Init asks for the first Snapshot and starts the ticks.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.ask(), m.tick()) }

// tick waits for the next Snapshot: longer where the sources have ended and nothing is going to change by itself, where each brings a whole screen of
// new rows (nobody reads those, and a slow line to the terminal has to carry them), and where the last one brought nothing but a later time.
func (m *Model) tick() tea.Cmd {
	wait := m.opt.Interval
	switch {
	case len(m.live.Sources) > 0 && !alive(m.live.Sources):
		wait *= 5
	case m.flood, m.quiet:
		wait *= 3
	}
	return tea.Tick(wait, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// ask returns the command that fetches a Snapshot. One is on its way at a time.
func (m *Model) ask() tea.Cmd {
	if m.asking {
		m.again = true
		return nil
	}
	m.asking, m.again = true, false
	q, freeze := m.query()
	backend, seek, chosen := m.opt.Backend, m.list.seek, m.filter.parsed
	return func() tea.Msg {
		return snapshotMsg{snap: backend.Snapshot(q), freeze: freeze, seek: seek, ladder: q.Ladder, filter: chosen, deliveries: q.Deliveries}
	}
}

// query says what the screen needs. While frozen that is only the counts, and a ladder that is not there yet.
func (m *Model) query() (q watch.Query, freeze bool) {
	m.alignFilter()
	q.Filter = m.filter.parsed
	m.querySurvey(&q, m.freezing)
	m.queryExtended(&q.Deliveries)
	m.queryExpectations(&q)
	if m.freezing {
		m.list.query(&q)
		q.First = max(0, q.First-frozenRows/2)
		q.AroundRow = m.list.cursor - q.First
		q.Limit = frozenRows
		m.alertsAsked = alertLimit
		q.AlertLimit = alertLimit
		q.Ladder = m.ladder.id
		q.Order = m.sortedAs()
		return q, true
	}
	if m.frozen {
		if m.shown.Ladder == nil || m.shown.Ladder.ID != m.ladder.id {
			q.Ladder = m.ladder.id
		}
		q.AlertLimit = m.alertsAsked
		return q, false
	}
	m.list.query(&q)
	if q.Order = m.sortedAs(); q.Order != nil {
		q.Filter = nil
	}
	q.Ladder = m.ladder.id
	m.alertsAsked = stripAlerts
	if m.screen == screenAlerts {
		m.alertsAsked = alertLimit
	}
	q.AlertLimit = m.alertsAsked
	return q, false
}

// Update takes a message in.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tickMsg:
		return m, tea.Batch(m.onTick(time.Time(msg)), m.tick())
	case snapshotMsg:
		cmd := m.onSnapshot(msg)
		m.showFirst()
		return m, cmd
	case problemMsg:
		return m, m.onProblem(msg)
	case orderMsg:
		return m, m.onOrder(msg)
	case rangeMsg:
		m.markAll(msg)
	case exportMsg:
		return m, m.onExport(msg)
	case publishMsg:
		return m, m.onPublish(msg)
	case foundMsg:
		return m, m.onFound(msg)
	case tea.WindowSizeMsg:
		m.width, m.height, m.dirty = msg.Width, msg.Height, true
		m.layOut()
		return m, m.ask()
	case tea.KeyPressMsg:
		m.dirty = true
		return m, tea.Batch(m.onKey(msg), m.ask())
	case tea.PasteMsg:
		return m, m.onPaste(msg.Content)
	case tea.MouseClickMsg:
		m.dirty = true
		return m, tea.Batch(m.onClick(msg), m.ask())
	case tea.MouseWheelMsg:
		m.dirty = true
		return m, tea.Batch(m.onWheel(msg), m.ask())
	case tea.FocusMsg:
		m.focused = m.opt.Now()
	case tea.ResumeMsg:
		m.dirty = true
	}
	return m, nil
}

func (m *Model) onTick(now time.Time) tea.Cmd {
	if m.message != "" && now.After(m.messageUntil) {
		m.message, m.dirty = "", true
	}
	return tea.Batch(m.ask(), m.sortAgain(), m.lookForPublished())
}

// showFirst shows the first frame that has data.
func (m *Model) showFirst() {
	if m.first != nil {
		m.first(m.View())
		m.first = nil
	}
}

// onSnapshot takes a Snapshot in, and asks for the next where one is wanted at once.
func (m *Model) onSnapshot(msg snapshotMsg) tea.Cmd {
	m.asking = false
	if msg.seek != 0 || msg.freeze || msg.filter != m.answered || m.changed(msg.snap) {
		m.dirty = true
	}
	m.answered = msg.filter
	before := m.ever()
	m.quiet = msg.snap.Counts.Packets == m.live.Counts.Packets
	m.live = msg.snap
	m.flood = m.ever()-before > m.list.height*2/3 && m.list.follow
	m.rate.add(msg.snap)
	if m.seen < 0 && msg.filter == m.filter.parsed {
		m.seen = m.ever()
	}
	m.ladder.gone = msg.ladder != 0 && msg.ladder == m.ladder.id && msg.snap.Ladder == nil
	switch {
	case !m.frozen:
		if !m.take(msg.snap, msg.seek) {
			m.say("this handshake is not in the list: no longer kept, or hidden by the filter")
		}
	case msg.freeze:
		m.take(msg.snap, 0)
		m.freezing = false
		m.list.bound = true
		m.bindSurvey(true)
	case msg.snap.Ladder != nil && msg.snap.Ladder.ID == m.ladder.id:
		kept := *m.shown
		kept.Ladder = asFrozen(msg.snap.Ladder, m.shown, msg.snap.Now)
		m.shown = &kept
		m.ladder.sync(&m.pen, kept.Ladder, kept.Now)
		m.dirty = true
	}
	m.takePacket(msg.snap.Packets)
	m.takeExpectations(msg.snap)
	m.takeLegs(msg.snap.Deliveries.Ladder)
	m.takeExtended(msg.snap.Deliveries.Ladder, msg.deliveries)
	again := m.again
	m.follow()
	if m.list.follow && m.screen == screenHandshakes || m.survey.packets.follow && m.screen == screenPackets ||
		m.survey.deliveries.follow && m.screen == screenDeliveries {
		// While new rows come with each Snapshot, the next tick is soon enough for what the ladder lacks of the newest.
		m.again = again
	}
	if m.again {
		return m.ask()
	}
	return nil
}

// take shows a Snapshot.
func (m *Model) take(s *watch.Snapshot, seek uint64) bool {
	m.shown = s
	m.syncAlerts()
	m.layOut()
	ok := m.list.sync(s, seek)
	m.takeSurvey(s)
	m.ladder.sync(&m.pen, s.Ladder, s.Now)
	m.ladder.ended = len(s.Sources) > 0 && !alive(s.Sources)
	return ok
}

// follow lets the second pane show what the cursor of the first is on. Beside a list that follows, where that would be
// another handshake every moment, it is the one that is stuck longest.
func (m *Model) follow() {
	if m.onSurvey() {
		m.followSurvey()
		return
	}
	if m.level == levelList && m.focus == 0 {
		m.ladder.pinned = false
		worst := m.strip.worst()
		switch {
		case m.emptyList():
			m.openLadder(0, nil)
		case m.screen == screenAlerts:
			if a := m.alerts.current(); a != nil {
				m.openLadder(a.Handshake, nil)
			}
		case worst != 0 && m.list.follow && m.list.live && !m.frozen && !m.filter.problems:
			m.openLadder(worst, nil)
			m.ladder.pinned = true
		default:
			if r := m.list.current(); r != nil {
				m.openLadder(r.ID, r)
			}
		}
	}
	var at *rung
	if i := m.ladder.cursor; i >= 0 && i < len(m.ladder.rungs) {
		at = &m.ladder.rungs[i]
	}
	m.packet.show(m.ladder.data, at)
}

// openLadder shows a handshake in the ladder, and asks for what is not known of it yet.
func (m *Model) openLadder(id uint64, row *watch.Row) {
	if m.ladder.id == id {
		return
	}
	m.ladder.open(id, row)
	m.ladder.sync(&m.pen, nil, m.shown.Now)
	m.again, m.dirty = true, true
}

// changed reports whether a Snapshot looks any different from the one before, so that a screen at rest costs nothing.
func (m *Model) changed(s *watch.Snapshot) bool {
	o := m.live
	if s.Now != o.Now || s.Counts.Packets != o.Counts.Packets || s.Counts.Evicted != o.Counts.Evicted || s.Counts.Lost != o.Counts.Lost ||
		s.Stuck != o.Stuck || s.Filtered != o.Filtered || rowsDiffer(s.Rows, o.Rows) || s.Total != o.Total || s.Matched != o.Matched || s.First != o.First ||
		len(s.Alerts) != len(o.Alerts) || len(s.Sources) != len(o.Sources) || (s.Ladder == nil) != (o.Ladder == nil) ||
		s.Ladder != nil && s.Ladder.ID != o.Ladder.ID || surveyChanged(s, o) {
		return true
	}
	for i := range s.Sources {
		a, b := &s.Sources[i], &o.Sources[i]
		if a.State != b.State || a.Err != b.Err || a.Frames != b.Frames || a.Progress != b.Progress ||
			a.KernelDrops != b.KernelDrops || a.QueueDrops != b.QueueDrops || a.Gaps != b.Gaps {
			return true
		}
	}
	return false
}

// rowsDiffer compares the ends of two windows: what is between them follows from those and the filter.
func rowsDiffer(a, b []watch.Row) bool {
	if len(a) != len(b) {
		return true
	}
	return len(a) > 0 && (a[0].ID != b[0].ID || a[len(a)-1].ID != b[len(b)-1].ID)
}

// ever is how many handshakes there have been, as far as the filter chooses them.
func (m *Model) ever() int {
	if m.filter.parsed != nil {
		return m.live.Matched
	}
	return m.live.Total + int(m.live.Counts.Evicted)
}

// fresh is how many handshakes came since the list stopped to follow, or the view was frozen.
func (m *Model) fresh() int {
	if m.seen < 0 {
		return 0
	}
	return max(0, m.ever()-m.seen)
}

// say shows a line at the bottom for a while.
func (m *Model) say(words string) {
	m.message, m.dirty = words, true
	m.messageUntil = m.opt.Now().Add(4 * time.Second)
}
