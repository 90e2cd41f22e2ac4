package tui

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// sessionDetail is all about one session, in at most height lines: what it is, what each side sends, what is wrong, what happened to its connections.
func (p *pen) sessionDetail(d *watch.SessionDetail, now decode.Time, width, height int) []string {
	var out []string
	put := func(st theme.Style, s string) {
		for _, part := range wrap(s, width-2) {
			out = append(out, newLine(width).put(p.th.Plain, " ").put(st, part).full())
		}
	}
	put(p.th.Strong, p.sessionWords(d, now))
	out = append(out, p.flowLine(d, 0, now, width), p.flowLine(d, 1, now, width))
	alerts := slices.SortedFunc(slices.Values(d.Alerts), func(a, b watch.Alert) int {
		return cmp.Or(cmp.Compare(overLast(&a), overLast(&b)), worseFirst(&a, &b))
	})
	for i := range alerts {
		a := &alerts[i]
		glyph, st := p.severity(a.Severity)
		if a.Lasting && a.Cleared != 0 {
			glyph, st = p.g.Complete, p.th.Dim
			if a.Outcome != handshake.Resolved {
				glyph = p.g.Dot
			}
		}
		if i < 3 {
			put(st, glyph+" "+string(a.Name)+": "+p.text.safe(a.Text))
		}
	}
	for i := len(d.Links) - 1; i >= 0 && len(out) < height; i-- {
		put(p.th.Note, dayTime(d.Links[i].Time, now, p.loc, true)+"  "+p.linkRung(&d.Links[i]).label)
	}
	return out[:min(len(out), height)]
}

func (p *pen) sessionWords(d *watch.SessionDetail, now decode.Time) string {
	s := p.text.clean(sessionName(&d.SessionRow), 60)
	if d.Server != "" {
		s += " at " + p.text.clean(d.Server, 60)
		if node := d.ServerAddr.String(); d.ServerAddr.IsValid() && node != d.Server {
			s += " (" + node + ")"
		}
	}
	if d.Version != 0 {
		s += ", MQTT " + d.Version.String()
		if d.VersionAssumed {
			s += " (assumed)"
		}
	}
	state := ", offline"
	switch {
	case d.Connected:
		state = ", connected"
	case d.Connecting:
		state = ", connecting (no CONNACK was seen)"
	}
	s += state
	if d.Since != 0 {
		s += " for " + age(now.Sub(d.Since))
	}
	if d.ClientKnown && d.Addr.IsValid() {
		s += " from " + d.Addr.String()
	}
	if d.KeepAlive > 0 {
		s += ", keep alive " + strconv.Itoa(d.KeepAlive) + " s"
	}
	if d.Connections > 1 {
		s += ", " + count(d.Connections) + " connections"
	}
	if d.Clean {
		s += ", clean start"
	}
	return s
}

// flowLine draws what one side sends: its window, its oldest delivery, its mix, and how fast it is answered.
func (p *pen) flowLine(d *watch.SessionDetail, side decode.Direction, now decode.Time, width int) string {
	f := &d.Flows[side]
	name := "to broker   "
	if side == decode.FromServer {
		name = "from broker "
	}
	o := newLine(width).put(p.th.Dim, " "+p.arrowOf(side)+" "+name)
	wide := width >= 120
	room := 14
	if wide {
		room = 26
	}
	text, st := p.window(f, room, d.Connected || d.Connecting)
	o.put(st, padRight(text, room)).put(p.th.Plain, " ")
	if f.Oldest != 0 {
		o.put(p.th.Plain, "oldest "+age(now.Sub(f.Oldest))+"  ")
	}
	if !wide {
		if f.Answered > 0 {
			o.put(p.th.Dim, "p50 ").put(p.th.Plain, took(f.P50)).put(p.th.Dim, " p99 ").put(p.th.Plain, took(f.P99)+"  ")
		}
		return o.putAll(p.flowMix(f)).full()
	}
	o.putAll(p.flowMix(f)).put(p.th.Plain, "  "+perSecond(f.Rate)+" pkt/s  "+size(f.Bytes))
	if f.Answered == 0 {
		return o.full()
	}
	o.put(p.th.Dim, "  answered p50 ").put(p.th.Plain, took(f.P50)).put(p.th.Dim, " p99 ").put(p.th.Plain, took(f.P99)).
		put(p.th.Dim, " max ").put(p.th.Plain, took(f.Max)+"  ")
	if scale := spreadOver(&d.Times[side]); width-o.used > 12 {
		scale.width = min(width-o.used-1, 40)
		o.put(p.th.Complete, p.columns(scale.draw(&d.Times[side]), 1)[0])
	}
	return o.full()
}

// flowMix is how many PUBLISH packets there were of each QoS.
func (p *pen) flowMix(f *watch.Flow) []piece {
	return []piece{
		{"QoS 0:", p.th.Dim}, {short(f.Publish[0]), p.th.Plain}, {" 1:", p.th.Dim}, {short(f.Publish[1]), p.th.Plain},
		{" 2:", p.th.Dim}, {short(f.Publish[2]), p.th.Plain},
	}
}

func (p *pen) arrowOf(side decode.Direction) string {
	if side == decode.FromClient {
		return p.g.ToServer
	}
	return p.g.ToClient
}

// spreadOver returns a scale from the first to the last bin that is not empty, whole decades of it.
func spreadOver(all ...*[watch.SpreadBins]uint32) timeScale {
	from, to := watch.SpreadBins, 0
	for _, bins := range all {
		for i, n := range bins {
			if n > 0 {
				from, to = min(from, i), max(to, i+1)
			}
		}
	}
	if to == 0 {
		from, to = 0, 1
	}
	return timeScale{from: max(0, from-2), to: min(watch.SpreadBins, max(to+2, from+16))}
}
