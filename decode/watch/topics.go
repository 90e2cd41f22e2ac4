package watch

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

const (
	// maxTopicNodes bounds the nodes of the tree. When it is full, the leaves that were silent for the longest give way; their
	// counts stay with the levels above.
	maxTopicNodes = 20_000
	// maxTopicDepth bounds its depth: what is below is one level.
	maxTopicDepth = 16
)

// topicTree is the Topic Names seen, by level. A packet is counted at its node alone; a list adds up what is below.
type topicTree struct {
	root   topicNode
	byName map[string]*topicNode // nodes that were published to
	nodes  int
	lastID uint64
	pruned uint64 // nodes that gave way
	// unknown is for PUBLISHes of which the Topic Name is behind a Topic Alias that was set before the capture.
	unknown *topicNode
	counted []*topicNode // those that open was counted for
	// ordered are the children of levels in another order than by name, for as long as the turn of ranks lasts, and orderedFor is the filter for which.
	ordered    map[*topicNode][]*topicNode
	orderedFor string
	ranks      ranks[*topicNode, TopicKey]
}

// topicCounts is what is counted of a topic. What each PUBLISH takes stands first.
type topicCounts struct {
	publishes   [2][3]uint64 // by direction and QoS
	rate        [2]meter
	bytes       uint64
	last        decode.Time
	open, stuck int // made anew for each list
	times       spread
}

// topicNode is a level of a Topic Name. What each PUBLISH takes stands first: nodes are many, and seldom in the processor's cache.
type topicNode struct {
	path   string // the whole Topic Name, up to this level
	leaf   bool   // was itself published to
	pruned bool

	topicCounts // of what was published to this very topic, and to those below that gave way

	id       uint64
	parent   *topicNode
	level    string
	children map[string]*topicNode
	sorted   []*topicNode              // children by name; nil where it is to be made anew
	before   [asideLevels]*topicCounts // what was set aside of the counts
}

func newTopicTree() topicTree { return topicTree{byName: make(map[string]*topicNode)} }

// node finds or makes the node of a Topic Name.
func (t *topicTree) node(topic []byte, unknown bool) *topicNode {
	if unknown {
		if t.unknown == nil {
			t.unknown = &topicNode{parent: &t.root, id: t.nextID(), leaf: true}
		}
		return t.unknown
	}
	topic = topic[:min(len(topic), handshake.MaxText)]
	if n := t.byName[string(topic)]; n != nil {
		return n
	}
	return t.insert(string(topic))
}

func (t *topicTree) nextID() uint64 {
	t.lastID++
	return t.lastID
}

// insert makes the nodes of a Topic Name that are not there yet. Where there is no room it returns the deepest that is.
func (t *topicTree) insert(topic string) *topicNode {
	n := &t.root
	for depth, at := 1, 0; ; depth++ {
		end := len(topic)
		if i := strings.IndexByte(topic[at:], '/'); i >= 0 && depth < maxTopicDepth {
			end = at + i
		}
		child := n.children[topic[at:end]]
		if child == nil {
			if t.nodes >= maxTopicNodes {
				t.prune()
			}
			if t.nodes >= maxTopicNodes {
				return n
			}
			child = t.child(n, topic[at:end], topic[:end])
		}
		n = child
		if end == len(topic) {
			break
		}
		at = end + 1
	}
	n.leaf = true
	t.byName[topic] = n
	return n
}

func (t *topicTree) child(n *topicNode, level, path string) *topicNode {
	c := &topicNode{id: t.nextID(), parent: n, level: level, path: path}
	if n.children == nil {
		n.children = make(map[string]*topicNode)
	}
	n.children[level] = c
	n.sorted = nil
	t.nodes++
	return c
}

// prune takes out the quarter of the leaves that were silent for the longest, and the levels that are empty then.
func (t *topicTree) prune() {
	var leaves []*topicNode
	for _, n := range t.byName {
		if len(n.children) == 0 {
			leaves = append(leaves, n)
		}
	}
	slices.SortFunc(leaves, func(a, b *topicNode) int { return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.id, b.id)) })
	for _, n := range leaves[:(len(leaves)+3)/4] {
		for ; n != &t.root && len(n.children) == 0; n = n.parent {
			n.parent.absorb(&n.topicCounts)
			n.parent.absorbBefore(n)
			delete(n.parent.children, n.level)
			n.parent.sorted, n.pruned = nil, true
			delete(t.byName, n.path)
			t.nodes--
			t.pruned++
			if n.parent.leaf {
				break
			}
		}
	}
}

// absorb adds the counts of another; rates excepted, as that was silent.
func (c *topicCounts) absorb(o *topicCounts) {
	for dir := range c.publishes {
		for q := range c.publishes[dir] {
			c.publishes[dir][q] += o.publishes[dir][q]
		}
	}
	c.bytes += o.bytes
	c.last = max(c.last, o.last)
	c.open, c.stuck = c.open+o.open, c.stuck+o.stuck
	c.times.absorb(&o.times)
}

// full reports whether others may give way to one more topic.
func (t *topicTree) full() bool { return t.nodes+maxTopicDepth > maxTopicNodes }

// publish counts a PUBLISH.
func (n *topicNode) publish(second int64, p *decode.Packet) {
	if p.QoS < 3 {
		n.publishes[p.Dir][p.QoS]++
	}
	n.bytes += uint64(max(p.Length, 0))
	n.rate[p.Dir].add(second)
	n.last = max(n.last, p.Time)
}

// textOf is what the list of packets says of a Topic Name that is counted here: a text that is there already, where it is the same.
func (n *topicNode) textOf(topic []byte) string {
	if len(n.path) == len(topic) { // else it is a level above, or not known
		return n.path
	}
	return string(topic[:min(len(topic), longestText)])
}

// find returns the node of a delivery, or nil.
func (t *topicTree) find(h *handshake.Handshake) *topicNode {
	if !h.Kind.Publish() {
		return nil
	}
	if h.TopicUnknown {
		return t.unknown
	}
	return t.byName[h.Topic]
}
