package tui

import (
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// An alertLine is a line of the list of alerts: an alert, or the head of equal ones, which opens to its members.
type alertLine struct {
	alert   *watch.Alert // of a head the first of its members, which is the worst, and of those the oldest
	members []*watch.Alert
	group   alertGroup
	head    bool // it has more than one member
	inside  bool // it is a member below its head
	clients int  // of a head
}

// alertGroup is what makes alerts equal: the name, what they say, how they stand, and the client. Of many clients they are equal whoever it is: client is "" then.
type alertGroup struct {
	name, sort, fault, client string
	class                     uint8
}

// manyClients is from how many clients on equal alerts share a line whoever they are of: each on lines of its own would fill the screen.
const manyClients = 4

// The classes in which alerts stand in the list, in that order.
const (
	classNow  uint8 = iota // it is open, or happened
	classOver              // it lasted, and does not any more
	classSeen
)

func (l *alertList) classOf(a *watch.Alert) uint8 {
	if l.has(a) {
		return classSeen
	}
	return overLast(a)
}

// overLast is the class of an alert that was not acknowledged.
func overLast(a *watch.Alert) uint8 {
	if a.Lasting && a.Cleared != 0 {
		return classOver
	}
	return classNow
}

// fold makes the lines of the alerts.
func (l *alertList) fold() {
	clients := map[alertGroup]map[string]bool{}
	wide := func(a *watch.Alert) alertGroup {
		return alertGroup{name: string(a.Name), sort: a.Sort, fault: a.Fault, class: l.classOf(a)}
	}
	for i := range l.alerts {
		g := wide(&l.alerts[i])
		if clients[g] == nil {
			clients[g] = map[string]bool{}
		}
		clients[g][l.alerts[i].Client] = true
	}
	var heads []alertLine
	place := map[alertGroup]int{}
	for i := range l.alerts {
		a := &l.alerts[i]
		g := wide(a)
		n := len(clients[g])
		if n < manyClients {
			g.client, n = a.Client, 1
		}
		at, ok := place[g]
		if !ok {
			at = len(heads)
			place[g] = at
			heads = append(heads, alertLine{alert: a, group: g, clients: n})
		}
		heads[at].members = append(heads[at].members, a)
	}
	l.lines = l.lines[:0]
	for _, h := range heads {
		h.head = len(h.members) > 1
		l.lines = append(l.lines, h)
		if !h.head || !l.unfolded[h.group] {
			continue
		}
		for _, a := range h.members {
			l.lines = append(l.lines, alertLine{alert: a, members: []*watch.Alert{a}, group: h.group, inside: true})
		}
	}
}

// An alertAt is a line of the list as it is found again in the next Snapshot.
type alertAt struct {
	id    uint64 // of the alert; of a head that of its first member when it was chosen
	head  bool
	group alertGroup
}

// find returns the line that was chosen: the same head, or the line of the alert, or that under which it is folded; -1 where it is gone.
func (l *alertList) find(at alertAt) int {
	best := -1
	if at.head {
		best = slices.IndexFunc(l.lines, func(n alertLine) bool { return n.head && n.group == at.group })
	}
	if best >= 0 {
		return best
	}
	for i := range l.lines {
		if !slices.ContainsFunc(l.lines[i].members, func(a *watch.Alert) bool { return a.ID == at.id }) {
			continue
		}
		if l.lines[i].head == at.head {
			return i
		}
		if best < 0 {
			best = i
		}
	}
	return best
}

// times is how often what a line says happened, or how many it is of.
func (n *alertLine) times() int {
	sum := 0
	for _, a := range n.members {
		sum += times(a)
	}
	return sum
}

// timesOf stands before what is said once but happened, or is, several times; before what is single it is empty.
func (p *pen) timesOf(n int) string {
	if n < 2 {
		return ""
	}
	return short(uint64(n)) + " " + p.g.Abandoned + " "
}

// prefix is what stands before the text of a line, so that one sees what is folded in it.
func (n *alertLine) prefix(p *pen, unfolded bool) string {
	s := ""
	switch {
	case n.inside:
		s = "  "
	case n.head && unfolded:
		s = p.g.Unfolded + " "
	case n.head:
		s = p.g.Folded + " "
	}
	s += p.timesOf(n.times())
	if n.clients > 1 {
		s += "on " + strconv.Itoa(n.clients) + " clients: "
	}
	return s
}

// onAlertHead is where the cursor is on equal alerts that share a line, onAlertMember where it is on one of them below that.
func onAlertHead(m *Model) bool {
	n := m.alerts.line()
	return onAlerts(m) && n != nil && n.head
}

func onAlertMember(m *Model) bool {
	n := m.alerts.line()
	return onAlerts(m) && n != nil && n.inside
}

// toggleAlerts opens or closes the equal alerts under the cursor; from one of them it goes to their line and closes that.
func (m *Model) toggleAlerts() tea.Cmd {
	l := &m.alerts
	n := l.line()
	if n == nil || !n.head && !n.inside {
		return nil
	}
	if l.unfolded == nil {
		l.unfolded = map[alertGroup]bool{}
	}
	if n.inside || l.unfolded[n.group] {
		delete(l.unfolded, n.group)
	} else {
		l.unfolded[n.group] = true
	}
	at := slices.IndexFunc(l.lines, func(o alertLine) bool { return o.head && o.group == n.group })
	l.moveTo(at)
	m.syncAlerts()
	return nil
}

func (m *Model) alertsUnfolded() string {
	n := m.alerts.line()
	return why(n == nil || !n.head || m.alerts.unfolded[n.group], "these alerts are unfolded already")
}

func (m *Model) alertsFolded() string {
	n := m.alerts.line()
	return why(n == nil || !n.inside && !m.alerts.unfolded[n.group], "these alerts are folded already")
}
