package delivery

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// maxRoutes and maxTargets bound what is remembered of which topics go where; when one is reached it is found out anew.
const (
	maxRoutes  = 8192
	maxTargets = 200_000
)

// A route is who is subscribed to a topic at one time. It does not change, but for what is noted of its targets.
type route struct {
	topic   string
	targets []target // by session
	groups  []groupTarget
	stamp   uint64    // that of the broker's subscriptions
	one     [1]target // the memory of targets where it is one: with it a route is two lines of the processor's cache
	_       [16]byte
}

// A target is one session with its subscriptions that match.
type target struct {
	sess    *session
	id      uint64 // of the session
	most    uint8  // the highest granted QoS of the subscriptions that match, and the lowest
	least   uint8
	filters uint8       // how many match
	asIs    bool        // one of them has Retain As Published
	local   bool        // one of them takes messages of its own session too
	distant bool        // one of them does not
	lowered bool        // qos-downgraded was told
	since   decode.Time // the newest of them was granted
	proven  decode.Time // a message that came in then was last sent to it
}

type groupTarget struct {
	group   *group
	members []target
}

// routeOf returns who is subscribed to a topic now.
func (b *broker) routeOf(topic []byte) *route {
	if r := b.routes[string(topic)]; r != nil && r.stamp == b.stamp {
		return r
	}
	b.match.match(&b.filters, topic)
	r := &route{topic: string(topic), stamp: b.stamp}
	if len(b.match.subs) > 0 {
		r.targets = r.one[:0]
		if len(b.match.subs) > 1 {
			r.targets = make([]target, 0, len(b.match.subs))
		}
		for _, s := range b.match.subs {
			r.targets = append(r.targets, targetOf(s))
		}
		r.targets = merge(r.targets)
	}
	for _, g := range b.match.groups {
		t := groupTarget{group: g}
		for _, s := range g.members {
			t.members = append(t.members, targetOf(s))
		}
		t.members = merge(t.members)
		r.groups = append(r.groups, t)
	}
	slices.SortFunc(r.groups, func(a, b groupTarget) int {
		return cmp.Or(strings.Compare(a.group.name, b.group.name), strings.Compare(a.group.filter, b.group.filter))
	})
	b.keepRoute(r)
	return r
}

// routeOf returns who is subscribed now to a topic that a client publishes to, of which tag is a part of the hash. Most publish to a few topics again and again.
func (k *link) routeOf(topic []byte, tag uint16) *route {
	b := k.sess.b
	if k.change != b.change {
		k.change, k.recent = b.change, [len(k.recent)]*route{}
	}
	for i, t := range k.tags { // the routes themselves are not at hand
		if r := k.recent[i]; t == tag && r != nil && r.topic == string(topic) {
			return r
		}
	}
	r := b.routeOf(topic)
	if k.change == b.change {
		i := k.next % uint8(len(k.recent))
		k.recent[i], k.tags[i] = r, tag
		k.next++
	}
	return r
}

func (b *broker) keepRoute(r *route) {
	size := len(r.targets)
	for i := range r.groups {
		size += len(r.groups[i].members)
	}
	if old := b.routes[r.topic]; old == nil && len(b.routes) >= maxRoutes || b.routed+size > maxTargets || b.routedBytes+len(r.topic) > maxTargets*16 {
		clear(b.routes)
		b.change++
		b.routed, b.routedBytes = 0, 0
	}
	b.routes[r.topic] = r
	b.routed += size
	b.routedBytes += len(r.topic)
}

func targetOf(s *subscription) target {
	return target{sess: s.sess, id: s.sess.id, most: s.qos, least: s.qos, filters: 1, asIs: s.asIs, local: !s.noLocal, distant: s.noLocal, since: s.since}
}

// merge makes one of the targets that are the same session, and orders them.
func merge(all []target) []target {
	slices.SortFunc(all, func(a, b target) int { return cmp.Compare(a.id, b.id) })
	out := all[:0]
	for _, t := range all {
		if n := len(out); n > 0 && out[n-1].id == t.id {
			o := &out[n-1]
			o.most, o.least = max(o.most, t.most), min(o.least, t.least)
			o.asIs, o.local, o.distant, o.since = o.asIs || t.asIs, o.local || t.local, o.distant || t.distant, max(o.since, t.since)
			if o.filters < 255 {
				o.filters++
			}
			continue
		}
		out = append(out, t)
	}
	return out
}

// find returns the place of a session among targets, or -1. It is called for each message that a PUBLISH may be, and mostly there are few targets.
func find(targets []target, id uint64) int {
	from, to := 0, len(targets)
	for from < to {
		i := int(uint(from+to) >> 1)
		switch at := targets[i].id; {
		case at == id:
			return i
		case at < id:
			from = i + 1
		default:
			to = i
		}
	}
	return -1
}
