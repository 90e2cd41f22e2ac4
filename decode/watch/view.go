package watch

import (
	"slices"

	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// view is the handshakes that a filter chooses, kept between snapshots with the same filter.
type view struct {
	filter  *filter.Filter
	text    string
	matched []uint64 // IDs in order
	version uint64
	now     int64
	valid   bool
}

// update brings the view up to date with the store. A filter's verdict can change while a handshake is open, and with time.
func (v *view) update(e *Engine, f *filter.Filter) {
	now := e.tracker.Now()
	if v.valid && v.text == f.String() && v.version == e.store.version && v.now == int64(now) {
		return
	}
	v.filter, v.text = f, f.String()
	v.version, v.now, v.valid = e.store.version, int64(now), true
	v.matched = v.matched[:0]
	for h := range e.store.all() {
		if f.Match(h, now) {
			v.matched = append(v.matched, h.ID)
		}
	}
}

// list gives access by place to what a query chooses.
type list struct {
	e       *Engine
	matched []uint64
	all     bool
}

func (e *Engine) list(f *filter.Filter) list {
	if f == nil {
		return list{e: e, all: true}
	}
	e.view.update(e, f)
	return list{e: e, matched: e.view.matched}
}

func (l list) len() int {
	if l.all {
		return l.e.store.len()
	}
	return len(l.matched)
}

func (l list) at(i int) *handshake.Handshake {
	if l.all {
		return l.e.store.at(i)
	}
	return l.e.store.get(l.matched[i])
}

// place returns the place of an ID, or of the one that follows where it is not in the list.
func (l list) place(id uint64) int {
	if l.all {
		i, _ := l.e.store.place(id)
		return i
	}
	i, _ := slices.BinarySearch(l.matched, id)
	return i
}
