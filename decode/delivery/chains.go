package delivery

// A chain is the messages of one key, oldest first. There is one for nearly each message, so it has half a cache line.
type chain struct {
	first, last *Message
	key         uint64
	place       uint32 // in chains.blocks; while it is free, that of the next one that is free
	n           uint8  // at most maxChain
	settled     uint8  // of n
	trimmed     bool   // there were more
	loose       bool   // a PUBLISH could not be told to belong to one of them
}

// chains holds the chain of each key: a hash table with open addressing, in which a key is looked for from its home on. It is looked into for each message, each
// copy and each message that gives way, and is a fraction of what a map takes for that, since a key is a hash already: who does not know the seeds cannot
// choose keys that have their homes at one place. The zero value is empty.
type chains struct {
	slots  []chainSlot // a power of two, of which at least half are free
	shift  uint8       // of a tag to its home
	n      uint32
	blocks [][]chain
	free   uint32 // the place of a chain in blocks, which begins a list
}

// A chainSlot has the upper half of a key that was spread, and the place of its chain; 0 where it is free.
type chainSlot struct{ tag, place uint32 }

// chainBlock is for how many chains memory is taken at once, and leastChains how many slots there are at first.
const (
	chainBlock  = 16
	leastChains = 16
)

func tagOf(key uint64) uint32 { return uint32(key * 0x9E3779B97F4A7C15 >> 32) }

// home is the slot at which a tag belongs.
func (t *chains) home(tag uint32) int { return int(tag >> (t.shift & 31)) }

// at returns the chain of a place; place 0 is none.
func (t *chains) at(place uint32) *chain { return &t.blocks[place/chainBlock][place%chainBlock] }

// of returns the chain of a key; nil where there is none.
func (t *chains) of(key uint64) *chain {
	slots, tag := t.slots, tagOf(key)
	if len(slots) == 0 {
		return nil
	}
	for i := t.home(tag); ; i++ {
		s := slots[i&(len(slots)-1)]
		if s.place == 0 {
			return nil
		}
		if s.tag == tag {
			if ch := t.at(s.place); ch.key == key {
				return ch
			}
		}
	}
}

// add makes a chain for a key that has none.
func (t *chains) add(key uint64) *chain {
	if int(t.n) >= len(t.slots)/2 {
		t.grow()
	}
	if t.free == 0 {
		t.extend()
	}
	place := t.free
	ch := t.at(place)
	t.free = ch.place
	*ch = chain{key: key, place: place}
	t.put(chainSlot{tagOf(key), place})
	t.n++
	return ch
}

func (t *chains) put(s chainSlot) {
	i, mask := t.home(s.tag), len(t.slots)-1
	for t.slots[i&mask].place != 0 {
		i++
	}
	t.slots[i&mask] = s
}

func (t *chains) grow() {
	old := t.slots
	t.slots = make([]chainSlot, max(leastChains, 2*len(old)))
	t.shift = 32
	for n := len(t.slots); n > 1; n >>= 1 {
		t.shift--
	}
	for _, s := range old {
		if s.place != 0 {
			t.put(s)
		}
	}
}

// extend takes memory for more chains.
func (t *chains) extend() {
	first := uint32(len(t.blocks)) * chainBlock
	block := make([]chain, chainBlock)
	t.blocks = append(t.blocks, block)
	for i := len(block) - 1; i >= 0; i-- {
		if place := first + uint32(i); place != 0 {
			block[i].place, t.free = t.free, place
		}
	}
}

// remove takes out a chain. What stands behind its slot is moved up, so that it is still found from its home on.
func (t *chains) remove(ch *chain) {
	slots, mask := t.slots, len(t.slots)-1
	free := t.home(tagOf(ch.key)) & mask
	for slots[free].place != ch.place {
		free = (free + 1) & mask
	}
	for i := (free + 1) & mask; slots[i].place != 0; i = (i + 1) & mask {
		if home := t.home(slots[i].tag); (i-home)&mask >= (i-free)&mask {
			slots[free] = slots[i]
			free = i
		}
	}
	slots[free] = chainSlot{}
	t.n--
	place := ch.place
	*ch = chain{place: t.free}
	t.free = place
}
