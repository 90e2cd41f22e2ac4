package tui

import (
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A Sorter is a Backend that can sort otherwise than by time. *watch.Engine is one.
type Sorter interface {
	// Order is called from a goroutine of its own.
	Order(f *filter.Filter, key watch.SortKey, reverse bool, progress func(float64) bool) *watch.Order
}

type sortKey struct {
	key    watch.SortKey
	name   string
	column string // that it is the order of, as columnNames has it
	large  bool   // the largest come first: nobody looks for what took no time
}

// sortKeys are what < and > go through, in the order of the columns, and what the header says of each.
var sortKeys = []sortKey{
	{watch.ByTime, "time", "time", false}, {watch.ByClient, "client", "client", false}, {watch.ByQoS, "QoS", "qos", false},
	{watch.ByPacketID, "id", "id", false}, {watch.ByTopic, "topic", "topic", false}, {watch.ByState, "state", "state", false},
	{watch.ByAge, "age", "age", true}, {watch.ByResends, "resends", "flags", true},
}

// sorting is how the list is sorted. Another order than that of time is worked out in the background, of what is there at that moment, and
// again while more comes.
type sorting struct {
	at      int // in sortKeys
	reverse bool
	order   *watch.Order   // nil while the first is worked out, and by time
	of      *filter.Filter // of the rows in order
	job     *sortJob       // that is being worked out
	next    time.Time      // when the order is to be worked out again
}

// A sortJob is one order that is worked out.
type sortJob struct {
	key       watch.SortKey
	reverse   bool
	filter    *filter.Filter
	thousands atomic.Int64 // how much was looked at
	stop      atomic.Bool
	began     time.Time
}

type orderMsg struct {
	job   *sortJob
	order *watch.Order
}

// plain reports whether the list is sorted by time, the newest last.
func (s *sorting) plain() bool { return s.at == 0 && !s.reverse }

func (m *Model) cannotSort() string {
	if m.frozen {
		return m.frozenWords()
	}
	if m.table() != nil {
		return ""
	}
	if _, ok := m.opt.Backend.(Sorter); !ok {
		return "this source cannot be sorted"
	}
	return ""
}

func (m *Model) sortedOtherwise() string {
	if !m.sort.plain() {
		if m.sort.at == 0 {
			return "the newest are on top: " + m.pen.keyOf("sort-reverse") + " turns the list round again"
		}
		words := "the list is sorted by " + sortKeys[m.sort.at].name + ", not by time: " + m.pen.keyOf("sort-previous") + " goes back"
		if m.sort.reverse {
			words += ", " + m.pen.keyOf("sort-reverse") + " turns it round"
		}
		return words
	}
	return ""
}

// sortBy sorts by the next column, or with -1 by the one before.
func (m *Model) sortBy(step int) tea.Cmd {
	if k := m.table(); k != nil {
		return m.sortTable(k, step)
	}
	m.remember()
	m.sort.at = (m.sort.at + step + len(sortKeys)) % len(sortKeys)
	return m.resort()
}

func (m *Model) sortReverse() tea.Cmd {
	if k := m.table(); k != nil {
		return m.reverseTable(k)
	}
	m.remember()
	m.sort.reverse = !m.sort.reverse
	return m.resort()
}

// resort works the order out anew, from nothing: what is on the screen stays until it is there.
func (m *Model) resort() tea.Cmd {
	m.sort.order = nil
	m.leaveNewest()
	if m.sort.plain() {
		m.dropJob()
		m.list.seek = m.list.selected
		m.say("sorted by time")
		return nil
	}
	words := "sorted by " + sortKeys[m.sort.at].name
	if m.sort.reverse {
		words += ", the other way round"
	}
	m.say(words)
	m.list.follow = false
	return m.startSort()
}

func (m *Model) dropJob() {
	if m.sort.job != nil {
		m.sort.job.stop.Store(true)
		m.sort.job = nil
	}
}

// startSort works an order out in the background, in place of one that is being worked out.
func (m *Model) startSort() tea.Cmd {
	sorter, ok := m.opt.Backend.(Sorter)
	if !ok || m.sort.plain() {
		return nil
	}
	m.dropJob()
	job := &sortJob{key: sortKeys[m.sort.at].key, reverse: m.sort.reverse != sortKeys[m.sort.at].large, filter: m.filter.parsed, began: m.opt.Now()}
	m.sort.job = job
	return func() tea.Msg {
		return orderMsg{job, sorter.Order(job.filter, job.key, job.reverse, func(share float64) bool {
			job.thousands.Store(int64(share * 1000))
			return !job.stop.Load()
		})}
	}
}

// onOrder takes an order in, unless it is for another sorting by now.
func (m *Model) onOrder(msg orderMsg) tea.Cmd {
	if msg.job != m.sort.job || msg.order == nil {
		return nil
	}
	m.sort.job = nil
	first := m.sort.order == nil
	m.sort.order, m.sort.of = msg.order, msg.job.filter
	now := m.opt.Now()
	m.sort.next = now.Add(max(time.Second, 10*now.Sub(msg.job.began)))
	m.dirty = true
	if first {
		m.list.cursor, m.list.top, m.list.selected = 0, 0, 0
	}
	return m.ask()
}

// sortAgain works the order out again where time has come and more may be there, or the filter has changed.
func (m *Model) sortAgain() tea.Cmd {
	if m.sort.plain() || m.frozen || m.sort.job != nil && m.sort.job.filter == m.filter.parsed {
		if m.sort.job != nil {
			m.dirty = true // the percentage goes on
		}
		return nil
	}
	stale := m.sort.job != nil || m.sort.lags(m.filter.parsed)
	if !stale && (m.sort.next.After(m.opt.Now()) || !alive(m.live.Sources) && m.sort.order != nil) {
		return nil
	}
	return m.startSort()
}

// lags reports whether the rows are not yet sorted, or are those of another filter.
func (s *sorting) lags(f *filter.Filter) bool { return !s.plain() && (s.order == nil || s.of != f) }

// mark is what stands behind the title of the column that the list is sorted by.
func (s *sorting) mark(p *pen, column string) string {
	switch by := &sortKeys[s.at]; {
	case s.plain() || by.column != column:
		return ""
	case s.reverse != by.large:
		return p.g.Falling
	}
	return p.g.Rising
}

// sortWords is what the header says of the sorting.
func (m *Model) sortWords() string {
	if m.sort.plain() {
		return ""
	}
	words := "  by " + sortKeys[m.sort.at].name
	if m.sort.reverse {
		words += " reversed"
	}
	if m.sort.order == nil && m.sort.job != nil {
		words += " " + count(int(m.sort.job.thousands.Load()/10)) + " %"
	}
	return words
}
