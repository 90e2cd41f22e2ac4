package delivery

import (
	"bytes"

	"github.com/mqttwatch/mqttwatch/decode"
)

// maxFilter bounds the Topic Filters that are kept, in bytes. A session with a longer one has subscriptions that are not known.
const maxFilter = 1024

// A subscription is one Topic Filter of one session.
type subscription struct {
	sess    *session
	filter  string // whole, with $share and the group where there is one
	group   *group // nil where not shared
	id      uint32 // Subscription Identifier; 0 where none
	qos     uint8  // granted
	noLocal bool
	asIs    bool        // Retain As Published
	since   decode.Time // it was granted
	// handling is Retain Handling: 2 asks for no retained messages.
	handling uint8
}

// A group is the sessions that share a subscription: each message goes to one of them.
type group struct {
	name, filter string
	members      []*subscription
}

// A trie holds Topic Filters by level. The zero value is empty.
type trie struct {
	root node
	size int // subscriptions
}

type node struct {
	below  map[string]*node
	any    *node // "+"
	here   []*subscription
	groups []*group
	// allHere and allGroups are those of "#" below this node, which matches the level itself too (5.0 §4.7.1.2).
	allHere   []*subscription
	allGroups []*group
}

// place finds the node of a filter; all says that it ends with "#". With make it makes what is missing; else nil says that there is none.
func (t *trie) place(filter string, make bool) (n *node, all bool) {
	n = &t.root
	for rest, more := filter, true; more; {
		var level string
		level, rest, more = cutLevel(rest)
		if level == "#" && !more {
			return n, true
		}
		if n = n.next(level, make); n == nil {
			return nil, false
		}
	}
	return n, false
}

func (n *node) next(level string, create bool) *node {
	if level == "+" {
		if n.any == nil && create {
			n.any = new(node)
		}
		return n.any
	}
	below := n.below[level]
	if below == nil && create {
		if n.below == nil {
			n.below = make(map[string]*node)
		}
		below = new(node)
		n.below[level] = below
	}
	return below
}

func cutLevel(s string) (level, rest string, more bool) {
	for i := range len(s) {
		if s[i] == '/' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func (t *trie) add(filter string, s *subscription) {
	n, all := t.place(filter, true)
	if all {
		n.allHere = append(n.allHere, s)
	} else {
		n.here = append(n.here, s)
	}
	t.size++
}

func (t *trie) remove(filter string, s *subscription) {
	n, all := t.place(filter, false)
	if n == nil {
		return
	}
	list := &n.here
	if all {
		list = &n.allHere
	}
	if drop(list, s) {
		t.size--
	}
	t.prune(filter)
}

func (t *trie) addGroup(filter string, g *group) {
	n, all := t.place(filter, true)
	if all {
		n.allGroups = append(n.allGroups, g)
	} else {
		n.groups = append(n.groups, g)
	}
}

func (t *trie) removeGroup(filter string, g *group) {
	n, all := t.place(filter, false)
	if n == nil {
		return
	}
	list := &n.groups
	if all {
		list = &n.allGroups
	}
	drop(list, g)
	t.prune(filter)
}

// drop takes v out of a list whose order means nothing.
func drop[T comparable](list *[]T, v T) bool {
	l := *list
	for i := range l {
		if l[i] == v {
			last := len(l) - 1
			l[i] = l[last]
			clear(l[last:])
			*list = l[:last]
			return true
		}
	}
	return false
}

// prune forgets the nodes of a filter that hold nothing any more.
func (t *trie) prune(filter string) { t.root.prune(filter, true) }

func (n *node) prune(rest string, more bool) {
	if !more {
		return
	}
	level, rest, more := cutLevel(rest)
	if level == "#" && !more {
		return
	}
	below := n.next(level, false)
	if below == nil {
		return
	}
	below.prune(rest, more)
	if !below.empty() {
		return
	}
	if level == "+" {
		n.any = nil
	} else {
		delete(n.below, level)
	}
}

func (n *node) empty() bool {
	return len(n.below) == 0 && n.any == nil && len(n.here)+len(n.groups)+len(n.allHere)+len(n.allGroups) == 0
}

// A matcher collects what a Topic Name matches. It visits each node of a trie once at most.
type matcher struct {
	subs   []*subscription
	groups []*group
}

// match collects the subscriptions that match topic. Filters that begin with a wildcard do not match topics that begin with "$" [MQTT-4.7.2-1].
func (m *matcher) match(t *trie, topic []byte) {
	m.subs, m.groups = m.subs[:0], m.groups[:0]
	system := len(topic) > 0 && topic[0] == '$'
	if system {
		level, rest, more := bytes.Cut(topic, slash)
		if n := t.root.below[string(level)]; n != nil {
			m.from(n, rest, more)
		}
		return
	}
	m.from(&t.root, topic, true)
}

var slash = []byte{'/'}

// from collects what matches in n and below; more says that rest is a level, and not the end.
func (m *matcher) from(n *node, rest []byte, more bool) {
	m.subs = append(m.subs, n.allHere...)
	m.groups = append(m.groups, n.allGroups...)
	if !more {
		m.subs = append(m.subs, n.here...)
		m.groups = append(m.groups, n.groups...)
		return
	}
	level, rest, more := bytes.Cut(rest, slash)
	if below := n.below[string(level)]; below != nil {
		m.from(below, rest, more)
	}
	if n.any != nil {
		m.from(n.any, rest, more)
	}
}
