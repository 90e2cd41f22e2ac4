package delivery

// chains finds the chain of a key: a hash table with open addressing, in which a key is looked for from its home on. It is looked into for each message, each copy and
// each message that gives way, and is a fraction of what a map takes for that, since a key is a hash already: nobody who does not know the seeds can
// choose keys that have their homes at one place. The zero value is empty.
type chains struct {
	slots []chainSlot // a power of two
	n     int
	shift uint8 // of a key that was spread, so that a slot is left
}

type chainSlot struct {
	key uint64
	ch  *chain // nil where the slot is free
}

// leastChains is how many slots there are at first.
const leastChains = 16

// home is the slot at which key belongs.
func (t *chains) home(key uint64) int { return int(key * 0x9E3779B97F4A7C15 >> (t.shift & 63)) }

// of returns the chain of a key; nil where there is none.
func (t *chains) of(key uint64) *chain {
	slots := t.slots
	if len(slots) == 0 {
		return nil
	}
	for i := t.home(key); ; i++ {
		s := &slots[i&(len(slots)-1)]
		if s.ch == nil || s.key == key {
			return s.ch
		}
	}
}

// add adds the chain of a key that has none. A quarter of the slots stays free.
func (t *chains) add(key uint64, ch *chain) {
	if t.n >= len(t.slots)/4*3 {
		t.grow()
	}
	t.put(key, ch)
	t.n++
}

func (t *chains) put(key uint64, ch *chain) {
	i, mask := t.home(key), len(t.slots)-1
	for t.slots[i&mask].ch != nil {
		i++
	}
	t.slots[i&mask] = chainSlot{key, ch}
}

func (t *chains) grow() {
	old := t.slots
	t.slots = make([]chainSlot, max(leastChains, 2*len(old)))
	t.shift = 64
	for n := len(t.slots); n > 1; n >>= 1 {
		t.shift--
	}
	for _, s := range old {
		if s.ch != nil {
			t.put(s.key, s.ch)
		}
	}
}

// remove takes out the chain of a key, which is there. What stands behind it is moved up, so that it is still found from its home on.
func (t *chains) remove(key uint64) {
	slots, mask := t.slots, len(t.slots)-1
	free := t.home(key) & mask
	for slots[free].key != key || slots[free].ch == nil {
		free = (free + 1) & mask
	}
	for i := (free + 1) & mask; slots[i].ch != nil; i = (i + 1) & mask {
		if home := t.home(slots[i].key); (i-home)&mask >= (i-free)&mask {
			slots[free] = slots[i]
			free = i
		}
	}
	slots[free] = chainSlot{}
	t.n--
}
