package delivery

import (
	"slices"
	"sort"
)

// kept holds messages in the order of their ID: those that were passed over when their turn to go came, since they were open or have a problem, then the rest.
type kept struct {
	passed []*Message
	recent []*Message // from head on
	head   int
	newest uint64 // the ID of the last of recent: they count up without a gap
	done   int    // how many are settled, but for those that are held
	late   int    // of passed: settled, and to go
	held   int    // of passed: settled, with a problem
}

func (k *kept) len() int { return len(k.passed) + len(k.recent) - k.head }

func (k *kept) add(m *Message) { k.recent, k.newest = append(k.recent, m), m.ID }

func (k *kept) at(i int) *Message {
	if i < len(k.passed) {
		return k.passed[i]
	}
	return k.recent[k.head+i-len(k.passed)]
}

func (k *kept) place(id uint64) (int, bool) {
	i := sort.Search(k.len(), func(i int) bool { return k.at(i).ID >= id })
	return i, i < k.len() && k.at(i).ID == id
}

// wasPassed reports whether m was passed over. It shows without a look at another message: the oldest of recent is not at hand any more.
func (k *kept) wasPassed(m *Message) bool { return m.ID <= k.newest-uint64(len(k.recent)-k.head) }

// settled notes that m is settled.
func (k *kept) settled(m *Message) {
	switch {
	case !k.wasPassed(m):
		k.done++
	case m.verdict.Problem():
		k.held++
	default:
		k.done++
		k.late++
	}
}

// resettled notes that the verdict of m, which is settled, is another one than it was.
func (k *kept) resettled(m *Message, was Verdict) {
	if was.Problem() == m.verdict.Problem() || !k.wasPassed(m) {
		return
	}
	n := 1
	if m.verdict.Problem() {
		n = -1
	}
	k.done, k.late, k.held = k.done+n, k.late+n, k.held-n
}

// evict takes settled messages out, the oldest first, until limit are left, and gives each to release. Those with a problem are held until they are more than most:
// then an eighth goes at once. With them go those that were passed over while they were open, so that each costs little.
func (k *kept) evict(limit, most int, release func(*Message)) {
	for k.done > limit+k.late && k.head < len(k.recent) {
		m := k.recent[k.head]
		k.recent[k.head] = nil
		k.head++
		switch {
		case m.Settled == 0:
			k.passed = append(k.passed, m)
			continue
		case m.verdict.Problem():
			k.passed = append(k.passed, m)
			k.held++
		default:
			release(m)
		}
		k.done--
	}
	if k.held > most || k.late > 64 && k.late > len(k.passed)/2 || k.late > 0 && k.done > limit && k.head == len(k.recent) {
		k.sweep(most, release)
	}
	if k.head > 1024 && k.head > len(k.recent)/2 {
		k.recent = slices.Delete(k.recent, 0, k.head)
		k.head = 0
	}
}

// sweep takes those out of passed that are to go.
func (k *kept) sweep(most int, release func(*Message)) {
	tooMany := 0
	if k.held > most {
		tooMany = k.held - most*7/8
	}
	k.passed = slices.DeleteFunc(k.passed, func(m *Message) bool {
		switch {
		case m.Settled == 0:
			return false
		case !m.verdict.Problem():
			k.done--
		case tooMany > 0:
			tooMany--
			k.held--
		default:
			return false
		}
		release(m)
		return true
	})
	k.late = 0
}
