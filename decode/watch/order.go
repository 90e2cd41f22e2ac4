package watch

import (
	"cmp"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A SortKey is what handshakes are sorted by.
type SortKey uint8

// The keys. Among equals the older comes first.
const (
	ByTime SortKey = iota
	ByClient
	ByQoS
	ByPacketID
	ByTopic
	ByState // what is worst first: critical, overdue, waiting, then how it ended
	ByAge   // how long a packet is owed, or how long the handshake took
	ByResends
)

// An Order is the handshakes that a filter chose at one moment, sorted. It does not change and may be used from several goroutines;
// what ends or comes later is in the next one.
type Order struct{ ids []uint64 }

// Len is how many handshakes there are.
func (o *Order) Len() int { return len(o.ids) }

// IDs returns their IDs in order. They are not to be changed.
func (o *Order) IDs() []uint64 { return o.ids }

// OrderOf returns an Order of the handshakes with these IDs, as they are given.
func OrderOf(ids []uint64) *Order { return &Order{slices.Clone(ids)} }

// place returns where a handshake is; 0 where it is not in o.
func (o *Order) place(id uint64) int { return max(slices.Index(o.ids, id), 0) }

// orderStep is how many handshakes are looked at before the source and the screen have their turn.
const orderStep = 20_000

// orderEntry is a handshake and the number that it is sorted by.
type orderEntry struct {
	by int64
	id uint64
}

// Order sorts what f chooses by key, largest first where reverse is set. It is made to be called from a goroutine of its own: it holds the lock for
// small steps only, and sorts without it. Now and then it calls progress (if not nil) with how much was looked at, 0 to 1; where that returns
// false, Order gives up and returns nil.
func (e *Engine) Order(f *filter.Filter, key SortKey, reverse bool, progress func(float64) bool) *Order {
	var entries []orderEntry
	texts := textRanks{ranks: map[string]int64{}}
	for next, done := uint64(0), false; !done; {
		var share float64
		entries, next, share, done = e.orderStep(entries, &texts, f, key, next)
		if progress != nil && !progress(share) {
			return nil
		}
	}
	texts.settle(entries)
	slices.SortFunc(entries, func(a, b orderEntry) int {
		by := cmp.Compare(a.by, b.by)
		if reverse {
			by = -by
		}
		return cmp.Or(by, cmp.Compare(a.id, b.id))
	})
	o := &Order{ids: make([]uint64, len(entries))}
	for i := range entries {
		o.ids[i] = entries[i].id
	}
	return o
}

// orderStep looks at the next handshakes, from the ID next on.
func (e *Engine) orderStep(entries []orderEntry, texts *textRanks, f *filter.Filter, key SortKey, next uint64) ([]orderEntry, uint64, float64, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, n := e.tracker.Now(), e.store.len()
	from, _ := e.store.place(next)
	to := min(from+orderStep, n)
	for i := from; i < to; i++ {
		h := e.store.at(i)
		next = h.ID + 1
		if f.Match(h, now) {
			entries = append(entries, orderEntry{sortNumber(h, key, now, texts), h.ID})
		}
	}
	if to >= n {
		return entries, next, 1, true
	}
	return entries, next, float64(to) / float64(n), false
}

func sortNumber(h *handshake.Handshake, key SortKey, now decode.Time, texts *textRanks) int64 {
	switch key {
	case ByClient:
		if id := h.Session.ClientID; id != "" {
			return texts.of(id)
		}
		if info, _ := h.Session.Conn(); info != nil {
			return texts.of(info.Client.String())
		}
		return texts.of("")
	case ByQoS:
		return int64(h.Kind)
	case ByPacketID:
		return int64(h.PacketID)
	case ByTopic:
		return texts.of(h.Topic)
	case ByState:
		return stateRank(h)
	case ByAge:
		if h.State.Open() {
			return int64(now.Sub(h.Since))
		}
		return int64(h.Ended.Sub(h.Started()))
	case ByResends:
		return int64(h.Resends)
	}
	return int64(h.ID)
}

// stateRank puts what is worst first.
func stateRank(h *handshake.Handshake) int64 {
	state := h.Verdict()
	rank := int64(state)
	if state.Open() {
		rank -= int64(h.Severity()) * 100
	}
	return rank
}

// textRanks turns texts into numbers that sort as they do: each is kept once, and numbered when all are known.
type textRanks struct {
	ranks map[string]int64
	texts []string
}

// of returns a number for s, which settle replaces.
func (t *textRanks) of(s string) int64 {
	n, ok := t.ranks[s]
	if !ok {
		n = int64(len(t.texts))
		t.ranks[s] = n
		t.texts = append(t.texts, s)
	}
	return n
}

func (t *textRanks) settle(entries []orderEntry) {
	if len(t.texts) == 0 {
		return
	}
	byText := make([]int64, len(t.texts))
	for i := range byText {
		byText[i] = int64(i)
	}
	slices.SortFunc(byText, func(a, b int64) int { return cmp.Compare(t.texts[a], t.texts[b]) })
	ranks := make([]int64, len(t.texts))
	for rank, i := range byText {
		ranks[i] = int64(rank)
	}
	for i := range entries {
		entries[i].by = ranks[entries[i].by]
	}
}

// orderedRows copies the window of an Order. A handshake that is no longer kept is a Row with nothing but its ID.
func (e *Engine) orderedRows(s *Snapshot, q Query) {
	o := q.Order
	s.Matched, s.Filtered = o.Len(), 1
	limit := min(max(q.Limit, 0), s.Matched)
	switch {
	case q.Follow:
		s.First = s.Matched - limit
	case q.Around != 0:
		s.First = o.place(q.Around) - q.AroundRow
	default:
		s.First = q.First
	}
	s.First = max(0, min(s.First, s.Matched-limit))
	s.Rows = make([]Row, limit)
	for i := range s.Rows {
		id := o.ids[s.First+i]
		if h := e.store.get(id); h != nil {
			e.fillRow(&s.Rows[i], h)
		} else {
			s.Rows[i].ID = id
		}
	}
}
