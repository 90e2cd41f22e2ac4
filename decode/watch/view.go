package watch

import (
	"slices"
	"sort"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// scanStep is how many ended handshakes one snapshot looks at for a new filter, so that neither the screen nor the source waits long.
const scanStep = 100_000

// view is the handshakes that a filter chooses, kept between snapshots with the same filter. Those that have ended are looked at once: when they end, or
// after the filter was set, from the newest to the oldest, a part with each snapshot. Those that are open are looked at each time.
type view struct {
	filter *filter.Filter
	text   string
	// older is what the scan found, the newest first; newer is what ended since, the oldest first. All in older come before all in newer.
	older, newer []uint64
	scanned      uint64 // handshakes from this ID on were looked at
	total        int    // kept when the scan began
	left         int    // to look at still, about
	open         []uint64
	places       []int // of open, in the merged order
}

// set makes f the filter.
func (v *view) set(e *Engine, f *filter.Filter) {
	if v.filter != nil && v.text == f.String() {
		return
	}
	n := e.store.len()
	*v = view{
		filter: f, text: f.String(), older: v.older[:0], newer: v.newer[:0], open: v.open[:0], places: v.places[:0],
		scanned: 1<<64 - 1, total: n, left: n,
	}
	if n > 0 {
		v.scanned = e.store.at(n-1).ID + 1
	}
}

// scan looks at the next older handshakes.
func (v *view) scan(e *Engine) {
	if v.left == 0 {
		return
	}
	now := e.tracker.Now()
	i, _ := e.store.place(v.scanned)
	least := max(0, i-scanStep)
	for i--; i >= least; i-- {
		h := e.store.at(i)
		v.scanned = h.ID
		if !h.State.Open() && v.filter.Match(h, now) {
			v.older = append(v.older, h.ID)
		}
	}
	v.left = least
}

// progress is how much of what is kept was looked at for f.
func (v *view) progress(f *filter.Filter) float64 {
	if f == nil || v.total == 0 || v.left == 0 {
		return 1
	}
	return 1 - float64(v.left)/float64(v.total)
}

// ended looks at a handshake that has just ended.
func (v *view) ended(h *handshake.Handshake, now decode.Time) {
	if h.ID < v.scanned && v.left > 0 || !v.filter.Match(h, now) {
		return
	}
	if n := len(v.older); n > 0 && h.ID < v.older[0] {
		i := sort.Search(n, func(i int) bool { return v.older[i] < h.ID })
		v.older = slices.Insert(v.older, i, h.ID)
		return
	}
	i, _ := slices.BinarySearch(v.newer, h.ID)
	v.newer = slices.Insert(v.newer, i, h.ID)
}

// evicted forgets a handshake that is no longer kept.
func (v *view) evicted(id uint64) {
	n := len(v.older)
	if i := sort.Search(n, func(i int) bool { return v.older[i] <= id }); i < n && v.older[i] == id {
		v.older = slices.Delete(v.older, i, i+1)
		return
	}
	if i, ok := slices.BinarySearch(v.newer, id); ok {
		if i == 0 {
			v.newer = v.newer[1:]
			return
		}
		v.newer = slices.Delete(v.newer, i, i+1)
	}
}

// lookAtOpen finds the open handshakes that the filter chooses now, and their places among all that it chooses.
func (v *view) lookAtOpen(e *Engine) {
	v.open, v.places = v.open[:0], v.places[:0]
	now := e.tracker.Now()
	for h := range e.tracker.InFlight() {
		if v.filter.Match(h, now) {
			v.places = append(v.places, v.endedBefore(h.ID)+len(v.open))
			v.open = append(v.open, h.ID)
		}
	}
}

// endedBefore counts the ended ones with an ID below id.
func (v *view) endedBefore(id uint64) int {
	n := len(v.older)
	if n > 0 && id <= v.older[0] {
		return n - sort.Search(n, func(i int) bool { return v.older[i] < id })
	}
	i, _ := slices.BinarySearch(v.newer, id)
	return n + i
}

func (v *view) len() int { return len(v.older) + len(v.newer) + len(v.open) }

// id returns the ID at place i of the ended and the open ones merged.
func (v *view) id(i int) uint64 {
	k, open := slices.BinarySearch(v.places, i)
	if open {
		return v.open[k]
	}
	i -= k
	if n := len(v.older); i >= n {
		return v.newer[i-n]
	}
	return v.older[len(v.older)-1-i]
}

// place returns the place of an ID, or of the one that follows where it is not chosen.
func (v *view) place(id uint64) int {
	k, _ := slices.BinarySearch(v.open, id)
	return v.endedBefore(id) + k
}

// list gives access by place to what a query chooses.
type list struct {
	e   *Engine
	all bool
}

func (e *Engine) list(f *filter.Filter) list {
	if f == nil {
		return list{e, true}
	}
	e.view.set(e, f)
	e.view.scan(e)
	e.view.lookAtOpen(e)
	return list{e, false}
}

func (l list) len() int {
	if l.all {
		return l.e.store.len()
	}
	return l.e.view.len()
}

func (l list) at(i int) *handshake.Handshake {
	if l.all {
		return l.e.store.at(i)
	}
	return l.e.store.get(l.e.view.id(i))
}

func (l list) place(id uint64) int {
	if l.all {
		i, _ := l.e.store.place(id)
		return i
	}
	return l.e.view.place(id)
}
