package delivery

import (
	"slices"
	"sort"
)

// kept holds messages in the order of their ID: those that were open when their turn to go came, then the rest.
type kept struct {
	passed []*Message
	recent []*Message // from head on
	head   int
	newest uint64 // the ID of the last of recent: they count up without a gap
	done   int    // how many are settled
	late   int    // of passed
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

// settled notes that m is settled. Whether it was passed over shows without a look at another message: the oldest of recent is not at hand any more.
func (k *kept) settled(m *Message) {
	k.done++
	if m.ID <= k.newest-uint64(len(k.recent)-k.head) {
		k.late++
	}
}

// evict takes settled messages out, the oldest first, until limit are left, and gives each to release. Those that were passed over go together, so that each costs
// little.
func (k *kept) evict(limit int, release func(*Message)) {
	if k.late > 64 && k.late > len(k.passed)/2 || k.late > 0 && k.done > limit && k.head == len(k.recent) {
		k.passed = slices.DeleteFunc(k.passed, func(m *Message) bool {
			if m.Settled == 0 {
				return false
			}
			k.done--
			release(m)
			return true
		})
		k.late = 0
	}
	for k.done > limit+k.late && k.head < len(k.recent) {
		m := k.recent[k.head]
		k.recent[k.head] = nil
		k.head++
		if m.Settled == 0 {
			k.passed = append(k.passed, m)
			continue
		}
		k.done--
		release(m)
	}
	if k.head > 1024 && k.head > len(k.recent)/2 {
		k.recent = slices.Delete(k.recent, 0, k.head)
		k.head = 0
	}
}
