package watch

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A TopicQuery asks for a window of the tree of topics as it is unfolded.
type TopicQuery struct {
	Window
	// Toggled are the nodes, by ID, that are not as they are by default: small trees are unfolded, of others the first level is, where it is small.
	// While a filter chooses, all that it leaves is unfolded.
	Toggled map[uint64]bool
	// Whole asks for all levels, whatever is unfolded.
	Whole bool
	// Filter chooses topics; the levels above them are shown, too. Nil chooses all.
	Filter *filter.Topics
	Sort   Sort[TopicKey]
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
	// Matched is how many topics the filter chose.
	Matched int
	// Topics counts the nodes kept, Pruned those that gave way to newer ones; what they counted stays in the levels above.
	Topics int
	Pruned uint64
}

// A TopicRow is one level of the tree, with all that is below it, as far as the filter chooses it.
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

func (t *topicTree) unfolded(n *topicNode, depth int, q *TopicQuery) bool {
	if q.Whole {
		return len(n.children) > 0
	}
	byDefault := q.Filter != nil || t.nodes <= smallTree || depth == 0 && len(t.root.children) <= smallLevel
	return len(n.children) > 0 && byDefault != q.Toggled[n.id]
}

// A topicWalk collects the rows that a query shows.
type topicWalk struct {
	t     *topicTree
	q     *TopicQuery
	now   decode.Time
	all   []shownTopic
	since decode.Time // what was over before is not shown; 0 for all
	place int         // of q.Around, -1 where it is not there
	// chosen are the topics that the filter chose, or of which there is something since; nil is all.
	chosen map[*topicNode]bool
}

type shownTopic struct {
	n     *topicNode
	depth int
}

// list returns the rows that q asks for, without what was over before since, if that is not 0.
func (t *topicTree) list(q *TopicQuery, e *Engine, since decode.Time) *TopicList {
	t.countOpen(e.tracker)
	w := topicWalk{t: t, q: q, now: e.tracker.Now(), since: since, place: -1}
	w.choose()
	w.below(&t.root, 0, true)
	if t.unknown != nil && (w.chosen == nil || w.chosen[t.unknown]) {
		w.add(t.unknown, 0)
	}
	out := &TopicList{Shown: len(w.all), Matched: len(w.chosen), Topics: t.nodes, Pruned: t.pruned, First: q.begin(len(w.all), w.place)}
	for _, s := range w.all[out.First:min(out.First+max(q.Limit, 0), len(w.all))] {
		out.Rows = append(out.Rows, w.row(s.n, s.depth))
	}
	return out
}

// choose asks the filter about every topic, so that levels can be shown, counted and sorted by those below that it chooses.
func (w *topicWalk) choose() {
	if w.q.Filter == nil && w.since == 0 {
		return
	}
	w.chosen = map[*topicNode]bool{}
	for _, n := range w.t.byName {
		if w.matches(n) {
			w.chosen[n] = true
		}
	}
	if n := w.t.unknown; n != nil && w.matches(n) {
		w.chosen[n] = true
	}
}

func (w *topicWalk) add(n *topicNode, depth int) {
	if n.id == w.q.Around {
		w.place = len(w.all)
	}
	w.all = append(w.all, shownTopic{n, depth})
}

// below shows what is below a level, where show is set, and reports whether the filter chose any of it.
func (w *topicWalk) below(n *topicNode, depth int, show bool) bool {
	any := false
	for _, c := range w.siblings(n) {
		before, place := len(w.all), w.place
		if show {
			w.add(c, depth)
		}
		chosen := w.chosen[c]
		switch unfolded := w.t.unfolded(c, depth, w.q); {
		case w.chosen == nil && !unfolded:
		default:
			chosen = w.below(c, depth+1, show && unfolded) || chosen
		}
		if w.chosen != nil && !chosen && show {
			w.all, w.place = w.all[:before], place
		}
		any = any || chosen
	}
	return any
}

// matches reports whether the filter chooses a topic, by what was published to this very topic.
func (w *topicWalk) matches(n *topicNode) bool {
	if n.overSince(w.since) {
		return false
	}
	if w.q.Filter == nil {
		return true
	}
	p := filter.Topic{Path: n.path, Open: n.open, Stuck: n.stuck, RTT: -1, Idle: w.now.Sub(n.last)}
	for dir := range n.publishes {
		p.Rate += n.rate[dir].at(w.now)
		for q, count := range n.publishes[dir] {
			p.Publish[q] += count
		}
	}
	if n.times.n > 0 {
		p.RTT = n.times.percentile(99)
	}
	return w.q.Filter.Match(&p)
}

// siblings returns the children of a level in the order that the query says.
func (w *topicWalk) siblings(n *topicNode) []*topicNode {
	t, s, filter := w.t, w.q.Sort, w.q.Filter.String()
	if s.plain() {
		t.ordered = nil
		return n.inOrder()
	}
	if t.ordered == nil || t.orderedFor != filter {
		t.ranks = ranks[*topicNode, TopicKey]{}
	}
	if t.ranks.begin(s) || t.ordered == nil {
		t.ordered, t.orderedFor = map[*topicNode][]*topicNode{}, filter
	}
	if n.sorted == nil {
		delete(t.ordered, n) // others have come, or gone
	}
	byName := n.inOrder()
	if len(byName) < 2 {
		return byName
	}
	out := t.ordered[n]
	if out == nil {
		out = slices.Clone(byName)
		t.ranks.sortBy(out, s, func(c *topicNode) rank { return w.rank(c, s.Key) }, func(a, b *topicNode) int { return compareText(a.level, b.level) })
		t.ordered[n] = out
	}
	return out
}

func (w *topicWalk) row(n *topicNode, depth int) TopicRow {
	var c topicCounts
	var rate [2]float64
	w.addUp(n, &c, &rate)
	t := w.t
	return TopicRow{
		ID: n.id, Path: n.path, Level: n.level, Depth: depth, Children: len(n.children), Unfolded: t.unfolded(n, depth, w.q),
		Unknown: n == t.unknown, Published: n.leaf, Publish: c.publishes, Bytes: c.bytes, Last: c.last, Rate: rate,
		P50: c.times.percentile(50), P99: c.times.percentile(99), Max: c.times.most, Answered: c.times.n,
		Open: c.open, Stuck: c.stuck,
	}
}

// addUp adds what is counted at n and below, as far as the filter chooses it. What topics counted that gave way is with the levels above, whose names
// tell the filter nothing of them.
func (w *topicWalk) addUp(n *topicNode, c *topicCounts, rate *[2]float64) {
	if w.q.Filter == nil || w.chosen[n] {
		c.absorb(&n.topicCounts)
		for dir := range rate {
			rate[dir] += n.rate[dir].at(w.now)
		}
	}
	for _, child := range n.children {
		w.addUp(child, c, rate)
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
