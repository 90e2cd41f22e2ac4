package tui

import (
	"strings"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// outcomes draws how the handshakes ended.
func (s *statsPane) outcomes(p *pen, c *watch.Counts, width int) []string {
	head := title(p, width, "Handshakes", "how they ended")
	o := newLine(width).to(7)
	for _, name := range []string{"COMPLETE", "REFUSED", "ABANDONED", "UNKNOWN", "OPEN"} {
		o.put(p.th.Dim, padLeft(name, 10))
	}
	out := []string{head, o.full()}
	for i, name := range []string{"QoS 1", "QoS 2"} {
		h := &c.Handshakes[i]
		o := newLine(width).put(p.th.Plain, " "+padRight(name, 6))
		for j, n := range []uint64{h.Complete, h.Refused, h.Abandoned, h.Unknown, h.Open} {
			st := p.th.Plain
			switch {
			case n == 0:
				st = p.th.Dim
			case j == 1 || j == 2:
				st = p.th.Refused
			}
			o.put(st, padLeft(count(n), 10))
		}
		if h.JoinedLate > 0 {
			o.put(p.th.Dim, "  "+count(h.JoinedLate)+" joined late")
		}
		out = append(out, o.full())
	}
	out = append(out, newLine(width).put(p.th.Plain, " "+padRight("QoS 0", 6)).put(p.th.Dim, padLeft(count(c.Publish[0]), 10)+" PUBLISH, no handshake").full())
	return append(out, blankLines(1, width)...)
}

// losses lists what the capture lacks, and what was let go to keep within bounds. Clearing leaves it: what was not seen before may be why something is
// unknown now.
func (s *statsPane) losses(p *pen, snap *watch.Snapshot, cleared *clearedAt, width int) []string {
	var kernel, queue, gaps, gapBytes, truncated, resent uint64
	other, undecoded := map[string]uint64{}, map[string]uint64{}
	for i := range snap.Sources {
		src := &snap.Sources[i]
		kernel, queue, gaps = kernel+src.KernelDrops, queue+src.QueueDrops, gaps+src.Gaps
		gapBytes, truncated, resent = gapBytes+src.GapBytes, truncated+src.Cut, resent+src.Resent
		for k, n := range src.Other {
			other[k] += n
		}
		for k, n := range src.NotDecoded {
			undecoded[k] += n
		}
	}
	c := &snap.Counts
	type loss struct {
		n    uint64
		what string
		st   theme.Style
	}
	rows := []loss{
		{kernel, "frames lost by the kernel", p.th.Loss}, {queue, "segments lost: too slow here", p.th.Loss},
		{gaps, "gaps in TCP streams, " + plural(gapBytes, "byte"), p.th.Loss}, {truncated, "frames cut by the snap length", p.th.Loss},
		{c.Malformed, "malformed packets", p.th.Loss}, {c.LostBytes, "bytes that became no packet", p.th.Loss},
		{resent, "TCP segments sent again", p.th.Plain},
		{c.Evicted, "finished handshakes let go, " + short(uint64(max(c.Keep, 0))) + " are kept", p.th.Plain},
		{c.Forgotten, "open handshakes given up", p.th.Loss}, {s.data.PrunedSessions, "sessions let go", p.th.Plain},
		{s.data.PrunedTopics, "topics let go", p.th.Plain},
	}
	more := ""
	if cleared.since != 0 {
		more = "of the whole capture, what was cleared too"
	}
	out := []string{title(p, width, "Losses", more)}
	quiet := true
	for _, r := range rows {
		if r.n > 0 {
			quiet = false
			if r.n == 1 { // the first plural is what is counted
				r.what = strings.TrimSpace(strings.Replace(r.what+" ", "s ", " ", 1))
			}
			out = append(out, newLine(width).put(r.st, " "+padLeft(count(r.n), 12)).put(p.th.Plain, " "+r.what).full())
		}
	}
	if quiet {
		out[0] = title(p, width, "Losses", "none")
	}
	for _, m := range []struct {
		what string
		n    map[string]uint64
	}{{"not MQTT", other}, {"not decoded", undecoded}} {
		if len(m.n) > 0 {
			out = append(out, newLine(width).put(p.th.Dim, " "+padLeft(m.what, 12)+" "+tally(p, m.n)).full())
		}
	}
	return append(out, blankLines(1, width)...)
}

// sys lists what brokers say of themselves.
func (s *statsPane) sys(p *pen, width int) []string {
	if len(s.data.Sys) == 0 {
		return note(p, width, title(p, width, "Broker", "$SYS"), "Nothing on $SYS topics so far: a client that subscribes to $SYS/# shows them.")
	}
	more := "$SYS"
	if s.data.SysLeftOut > 0 {
		more += ", " + count(s.data.SysLeftOut) + " messages on further topics left out"
	}
	out := []string{title(p, width, "Broker", more)}
	names := min(width/2, 44)
	for i := range s.data.Sys {
		v := &s.data.Sys[i]
		name := cutMiddle(p.text.clean(v.Topic, names), names, p.g.Ellipsis)
		out = append(out, newLine(width).put(p.th.Dim, " "+padRight(name, names)).put(p.th.Plain, " "+p.text.clean(v.Value, width-names)).full())
	}
	return out
}

// note is a head with words below it.
func note(p *pen, width int, head, words string) []string {
	out := []string{head}
	for _, s := range wrap(words, width-2) {
		out = append(out, newLine(width).put(p.th.Dim, " "+s).full())
	}
	return out
}
