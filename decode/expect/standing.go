package expect

import (
	"cmp"
	"slices"
	"strings"
)

// A Standing is how a rule stands.
type Standing struct {
	// Rule is the text of the rule; empty for the requests of MQTT 5.0 that say themselves where they want their answer.
	Rule      string
	Heartbeat bool
	// States counts by State: of requests all since the start, each by what became of it, of topics those followed, each as it is now.
	States [Learning + 1]uint64
	// Rows are the requests or topics asked for, those with a problem first, then those that wait, then the others; of requests the newest first.
	Rows []Expectation
}

// Failed is how many of a rule's requests were not answered in time, or topics are silent now.
func (s *Standing) Failed() uint64 {
	return s.States[Unanswered] + s.States[Late]*bit(!s.Heartbeat) + s.States[Overdue]
}

func bit(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

// tally counts the requests of one rule by State.
type tally [Learning + 1]uint64

// tallyOf returns the tally of a rule; that of -1, the requests of MQTT 5.0, is the last.
func (w *Watcher) tallyOf(rule int) *tally {
	if rule < 0 {
		rule = len(w.cfg.Rules)
	}
	return &w.tallies[rule]
}

// become gives a request another state.
func (w *Watcher) become(r *request, s State) {
	t := w.tallyOf(r.key.rule)
	if r.state != 0 {
		t[r.state]--
	}
	r.state = s
	t[s]++
}

// Standings returns how each rule stands, in their order, with at most limit rows each, and last the requests of MQTT 5.0 where there were any.
func (w *Watcher) Standings(limit int) []Standing {
	out := make([]Standing, len(w.cfg.Rules)+1)
	for i := range out {
		out[i].States = w.tallies[i]
		if i < len(w.cfg.Rules) {
			out[i].Rule, out[i].Heartbeat = w.cfg.Rules[i].Text, w.cfg.Rules[i].Heartbeat
		}
	}
	w.standingTopics(out, limit)
	if limit > 0 {
		w.standingRequests(out, limit)
	}
	if last := &out[len(out)-1]; last.States == [Learning + 1]uint64{} {
		out = out[:len(out)-1]
	}
	return out
}

// rank orders states by how much they matter.
var rank = [Learning + 1]int8{Unanswered: 0, Overdue: 0, Late: 1, Recovered: 1, Pending: 2, NeverSeen: 2, Unknown: 3, Learning: 4, Answered: 5, OK: 5}

// rank of a topic: one that was never seen matters once its time is over.
func (b *beat) rank() int8 {
	if b.state == NeverSeen && b.alert != nil {
		return rank[Overdue]
	}
	return rank[b.state]
}

func (w *Watcher) standingTopics(out []Standing, limit int) {
	chosen := make([]best[*beat], len(w.cfg.Rules))
	for i := range chosen {
		chosen[i] = best[*beat]{limit: limit, less: func(a, b *beat) int {
			return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
		}}
	}
	for key, b := range w.beats {
		out[key.rule].States[b.state]++
		chosen[key.rule].add(b)
	}
	for i := range chosen {
		for _, b := range chosen[i].all {
			out[i].Rows = append(out[i].Rows, b.expectation())
		}
	}
}

func (w *Watcher) standingRequests(out []Standing, limit int) {
	chosen := make([]best[*request], len(out))
	for i := range chosen {
		chosen[i] = best[*request]{limit: limit, less: func(a, b *request) int {
			return cmp.Or(cmp.Compare(rank[a.state], rank[b.state]), cmp.Compare(b.id, a.id))
		}}
	}
	for _, r := range w.requests {
		i := r.key.rule
		if i < 0 {
			i = len(out) - 1
		}
		chosen[i].add(r)
	}
	for i := range chosen {
		for _, r := range chosen[i].all {
			out[i].Rows = append(out[i].Rows, r.expectation())
		}
	}
}

// best keeps the first few of many in order.
type best[T any] struct {
	limit int
	less  func(a, b T) int
	all   []T
}

func (k *best[T]) add(x T) {
	if k.limit <= 0 || len(k.all) == k.limit && k.less(x, k.all[len(k.all)-1]) >= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(k.all, x, k.less)
	if len(k.all) == k.limit {
		k.all = k.all[:k.limit-1]
	}
	k.all = slices.Insert(k.all, at, x)
}
