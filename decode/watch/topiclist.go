package watch

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A TopicQuery asks for a window of the tree of topics as it is unfolded.
type TopicQuery struct {
	Window
	// Toggled are the nodes, by ID, that are not as they are by default: small trees are unfolded, of others the first level is, where it is small.
	Toggled map[uint64]bool
}

// A Window chooses rows of a list by their places.
type Window struct {
	First, Limit int
	// Around, if not 0, is a row by its ID that is to be in the window; see Query.Around.
	Around    uint64
	AroundRow int
}

// begin returns the first row of the window on a list of that length; place is where Around is, below 0 where it is not there.
func (w Window) begin(length, place int) int {
	first := w.First
	if w.Around != 0 && place >= 0 {
		first = place - w.AroundRow
	}
	return max(0, min(first, length-w.Limit))
}

// A TopicList is part of the tree of topics, as rows.
type TopicList struct {
	Rows []TopicRow
	// First is the place of Rows[0] among the Shown rows of the tree as it is unfolded.
	First, Shown int
	// Topics counts the nodes kept, Pruned those that gave way to newer ones; what they counted stays in the levels above.
	Topics int
	Pruned uint64
}

// A TopicRow is one level of the tree, with all that is below it.
type TopicRow struct {
	ID uint64
	// Path is the Topic Name up to this level, Level its last part; raw. Unknown is set for the node of what stands behind unknown Topic Aliases.
	Path, Level       string
	Depth             int
	Children          int
	Unfolded, Unknown bool
	Published         bool          // to this very topic
	Publish           [2][3]uint64  // by who sent it and QoS
	Rate              [2]float64    // PUBLISH a second, by who sent it
	Bytes             uint64        // of PUBLISH packets
	P50, P99, Max     time.Duration // from PUBLISH to the end of the handshake
	Answered          uint64        // so many are in the quantiles
	Open, Stuck       int           // handshakes
	Last              decode.Time   // PUBLISH
}

// smallTree is up to how many nodes a tree is unfolded by default; smallLevel up to how many topics the first level is.
const (
	smallTree  = 40
	smallLevel = 12
)

func (t *topicTree) unfolded(n *topicNode, depth int, toggled map[uint64]bool) bool {
	byDefault := t.nodes <= smallTree || depth == 0 && len(t.root.children) <= smallLevel
	return len(n.children) > 0 && byDefault != toggled[n.id]
}

// list returns the rows that q asks for.
func (t *topicTree) list(q *TopicQuery, e *Engine) *TopicList {
	t.countOpen(e.tracker)
	now := e.tracker.Now()
	type shown struct {
		n     *topicNode
		depth int
	}
	var all []shown
	place := -1
	var walk func(n *topicNode, depth int)
	walk = func(n *topicNode, depth int) {
		for _, c := range n.inOrder() {
			if c.id == q.Around {
				place = len(all)
			}
			all = append(all, shown{c, depth})
			if t.unfolded(c, depth, q.Toggled) {
				walk(c, depth+1)
			}
		}
	}
	walk(&t.root, 0)
	if t.unknown != nil {
		all = append(all, shown{t.unknown, 0})
	}
	out := &TopicList{Shown: len(all), Topics: t.nodes, Pruned: t.pruned, First: q.begin(len(all), place)}
	for _, s := range all[out.First:min(out.First+max(q.Limit, 0), len(all))] {
		out.Rows = append(out.Rows, t.row(s.n, s.depth, q, now))
	}
	return out
}

func (t *topicTree) row(n *topicNode, depth int, q *TopicQuery, now decode.Time) TopicRow {
	var c topicCounts
	var rate [2]float64
	n.addUp(&c, &rate, now)
	r := TopicRow{
		ID: n.id, Path: n.path, Level: n.level, Depth: depth, Children: len(n.children), Unfolded: t.unfolded(n, depth, q.Toggled),
		Unknown: n == t.unknown, Published: n.leaf, Publish: c.publishes, Bytes: c.bytes, Last: c.last, Rate: rate,
		P50: c.times.quantile(0.5), P99: c.times.quantile(0.99), Open: c.open, Stuck: c.stuck,
	}
	if c.times != nil {
		r.Max, r.Answered = c.times.most, c.times.n
	}
	return r
}

// addUp adds what is counted at n and below.
func (n *topicNode) addUp(c *topicCounts, rate *[2]float64, now decode.Time) {
	c.absorb(&n.topicCounts)
	for dir := range rate {
		rate[dir] += n.rate[dir].at(now)
	}
	for _, child := range n.children {
		child.addUp(c, rate, now)
	}
}

// inOrder returns the children by name.
func (n *topicNode) inOrder() []*topicNode {
	if n.sorted == nil && len(n.children) > 0 {
		n.sorted = make([]*topicNode, 0, len(n.children))
		for _, c := range n.children {
			n.sorted = append(n.sorted, c)
		}
		slices.SortFunc(n.sorted, func(a, b *topicNode) int { return compareText(a.level, b.level) })
	}
	return n.sorted
}

// countOpen counts the open and the stuck handshakes of each topic.
func (t *topicTree) countOpen(tracker *handshake.Tracker) {
	for _, n := range t.counted {
		n.open, n.stuck = 0, 0
	}
	t.counted = t.counted[:0]
	for h := range tracker.InFlight() {
		n := t.find(h)
		if n == nil {
			continue
		}
		if n.open == 0 {
			t.counted = append(t.counted, n)
		}
		n.open++
		if isStuck(h) {
			n.stuck++
		}
	}
}

// isStuck is what state:stuck chooses.
func isStuck(h *handshake.Handshake) bool {
	return h.Verdict().Open() && h.Severity() >= handshake.Warn
}
