package watch

import (
	"iter"
	"slices"
	"sort"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// store keeps handshakes in the order of their ID: first those that were passed over since they were open when their turn to be
// evicted came, then the rest.
type store struct {
	passed  []passedOver
	holes   int
	late    []*handshake.Handshake // those of passed that have ended, in that order
	recent  []*handshake.Handshake // from head on
	head    int
	ended   int    // how many have ended
	version uint64 // counts changes
}

// passedOver is a handshake that was open when its turn came; nil where it was evicted since. Its ID stays, by which others are found.
type passedOver struct {
	id uint64
	h  *handshake.Handshake
}

func (s *store) len() int { return len(s.passed) - s.holes + len(s.recent) - s.head }

func (s *store) add(h *handshake.Handshake) {
	s.recent = append(s.recent, h)
	s.version++
}

// end notes that h has ended.
func (s *store) end(h *handshake.Handshake) {
	s.ended++
	s.version++
	if s.head == len(s.recent) || h.ID < s.recent[s.head].ID {
		s.late = append(s.late, h)
	}
}

// evict takes the oldest ended handshake out; nil where there is none.
func (s *store) evict() *handshake.Handshake {
	if len(s.late) > 0 {
		h := s.late[0]
		s.late = s.late[1:]
		s.remove(h)
		s.took()
		return h
	}
	for s.head < len(s.recent) {
		h := s.recent[s.head]
		s.recent[s.head] = nil
		s.head++
		if !h.State.Open() {
			s.took()
			return h
		}
		s.passed = append(s.passed, passedOver{h.ID, h})
	}
	return nil
}

// remove takes h, whose owner may give it another ID next, out of passed.
func (s *store) remove(h *handshake.Handshake) {
	if s.holes > 64 && s.holes > len(s.passed)/2 {
		s.fill()
	}
	i := sort.Search(len(s.passed), func(i int) bool { return s.passed[i].id >= h.ID })
	s.passed[i].h = nil
	s.holes++
}

func (s *store) took() {
	s.ended--
	s.version++
	if s.head > 1024 && s.head > len(s.recent)/2 {
		s.recent = slices.Delete(s.recent, 0, s.head)
		s.head = 0
	}
}

// fill closes the holes in passed.
func (s *store) fill() {
	if s.holes > 0 {
		s.passed = slices.DeleteFunc(s.passed, func(p passedOver) bool { return p.h == nil })
		s.holes = 0
	}
}

// all yields the handshakes in the order of their ID.
func (s *store) all() iter.Seq[*handshake.Handshake] {
	return func(yield func(*handshake.Handshake) bool) {
		for i := range s.passed {
			if h := s.passed[i].h; h != nil && !yield(h) {
				return
			}
		}
		for _, h := range s.recent[s.head:] {
			if !yield(h) {
				return
			}
		}
	}
}

// at returns the handshake at place i, 0 ≤ i < len.
func (s *store) at(i int) *handshake.Handshake {
	n := len(s.passed) - s.holes
	if i >= n {
		return s.recent[s.head+i-n]
	}
	s.fill()
	return s.passed[i].h
}

// place returns the place of the handshake with an ID, or of the next one, and whether it is that one.
func (s *store) place(id uint64) (int, bool) {
	i := sort.Search(s.len(), func(i int) bool { return s.at(i).ID >= id })
	return i, i < s.len() && s.at(i).ID == id
}

func (s *store) get(id uint64) *handshake.Handshake {
	if i, ok := s.place(id); ok {
		return s.at(i)
	}
	return nil
}
