package tui

import (
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// An emptiness is why a list of handshakes is empty: what is watched, for how long, what was seen, and what that likely means.
type emptiness struct{ title, what, seen, why string }

// explain finds out why no handshake is shown.
func explain(p *pen, s *watch.Snapshot, f *filterState) emptiness {
	if s.Total > 0 {
		return hidden(p, s, f)
	}
	var mqtt uint64
	for _, n := range s.Counts.Packets {
		mqtt += n
	}
	e := emptiness{title: "No handshakes yet", what: watched(p, s), seen: seen(s, mqtt)}
	if !alive(s.Sources) && len(s.Sources) > 0 {
		e.title = "No handshakes"
	}
	e.why = likely(p, s, mqtt)
	return e
}

// hidden is for a filter that chooses nothing.
func hidden(p *pen, s *watch.Snapshot, f *filterState) emptiness {
	if f.problems && f.text == "" {
		return emptiness{title: "No problems: nothing is stuck, refused, abandoned or unknown", why: count(s.Total) + " handshakes are hidden: " + p.keyOf("problems") + " shows them again."}
	}
	if f.since != 0 && !f.problems && f.text == "" {
		return emptiness{title: "Nothing since " + clockTime(f.since, p.loc, true), what: watched(p, s),
			why: "What was there before was cleared away, and nothing is open: " + p.keyOf("undo-clear") + " brings it back."}
	}
	e := emptiness{title: "No handshake matches", what: "filter: " + p.text.clean(f.text, 60)}
	if f.problems {
		e.what += ", and problems only (" + p.keyOf("problems") + ")"
	}
	e.why = "The filter hides " + count(s.Total) + ": " + p.keyOf("back") + " clears it."
	return e
}

func watched(p *pen, s *watch.Snapshot) string {
	var parts []string
	for i := range s.Sources {
		src := &s.Sources[i]
		words := p.text.clean(sourceName(src), 40) + ", " + src.State
		if src.First != 0 && src.Last >= src.First {
			words += ", " + age(src.Last.Sub(src.First)) + " of traffic"
		}
		parts = append(parts, words)
	}
	if len(parts) > 3 {
		parts = append(parts[:3], count(len(parts)-3)+" more")
	}
	return strings.Join(parts, "; ")
}

func seen(s *watch.Snapshot, mqtt uint64) string {
	var frames, tcp uint64
	for i := range s.Sources {
		frames += s.Sources[i].Frames
		tcp += s.Sources[i].TCPFrames
	}
	return plural(frames, "frame") + " seen, " + count(tcp) + " with TCP; " + plural(mqtt, "MQTT Control Packet") + " in " +
		plural(s.Counts.Connections, "connection")
}

// compressed is how sources call connections that have permessage-deflate.
const compressed = "WebSocket with compression"

// beside tells of connections in which MQTT may be as well, but cannot be seen.
func beside(p *pen, other map[string]uint64) string {
	hidden := map[string]uint64{}
	for _, what := range [...]string{"TLS", compressed} {
		if n := other[what]; n > 0 {
			hidden[what] = n
		}
	}
	if len(hidden) == 0 {
		return ""
	}
	return " Beside it are connections that cannot be looked into: " + tally(p, hidden) + "."
}

// likely gives the first reason that fits.
func likely(p *pen, s *watch.Snapshot, mqtt uint64) string {
	other, undecoded := map[string]uint64{}, map[string]uint64{}
	var frames, tcp uint64
	for i := range s.Sources {
		frames += s.Sources[i].Frames
		tcp += s.Sources[i].TCPFrames
		for k, n := range s.Sources[i].Other {
			other[k] += n
		}
		for k, n := range s.Sources[i].NotDecoded {
			undecoded[k] += n
		}
	}
	switch {
	case mqtt > 0 && s.Counts.Publish[0] > 0 && s.Counts.Publish[1]+s.Counts.Publish[2] == 0:
		return plural(s.Counts.Publish[0], "message") + " of QoS 0 seen, which have no handshake: " + p.keyOf("deliveries") + " shows who got them, " + p.keyOf("packets") +
			" the packets." + beside(p, other)
	case mqtt > 0 && p.unsubscribed:
		return p.startWith()
	case mqtt > 0:
		return "MQTT is there, but no PUBLISH of QoS 1 or 2, no SUBSCRIBE and no UNSUBSCRIBE so far." + beside(p, other)
	case other["TLS"] > 0:
		return "Likely encrypted: " + plural(other["TLS"], "TLS connection") + rest(p, other, "TLS") + ". Watch behind TLS, or with: mqttwatch broker"
	case other[compressed] > 0:
		return "MQTT may be inside of compressed WebSocket, which is not unpacked: " + plural(other[compressed], "connection") + rest(p, other, compressed) +
			". Switch permessage-deflate off, or watch with: mqttwatch broker"
	case other["WebSocket"] > 0:
		return "WebSocket, but no MQTT in it: " + plural(other["WebSocket"], "connection") + rest(p, other, "WebSocket") + "."
	case len(undecoded) > 0:
		return "Not decoded: " + tally(p, undecoded) + "."
	case len(other) > 0:
		return "TCP, but no MQTT: " + tally(p, other) + "."
	case tcp > 0:
		return "TCP, but no MQTT in it."
	case frames > 0:
		return "No TCP connection in what was captured."
	case alive(s.Sources) && listening(s.Sources) != "":
		return "No client has connected so far. Clients connect to " + p.text.clean(listening(s.Sources), 60) + ", in place of the broker."
	case alive(s.Sources):
		return "Nothing has come yet. Is this the right interface, file or broker?"
	}
	return "The source brought nothing."
}

// listening is where clients connect to the first proxy among the sources; "" where there is none.
func listening(sources []decode.SourceStats) string {
	for i := range sources {
		if sources[i].Listen != "" {
			return sources[i].Listen
		}
	}
	return ""
}

// startWith says what to do where no message comes by itself.
func (p *pen) startWith() string {
	return "Nothing is subscribed: start with -t '#', or press " + p.keyOf("publish") + " to publish a message."
}

func rest(p *pen, counts map[string]uint64, without string) string {
	others := map[string]uint64{}
	for k, n := range counts {
		if k != without {
			others[k] = n
		}
	}
	if len(others) == 0 {
		return ""
	}
	return "; others: " + tally(p, others)
}

// tally lists counts by name, most first.
func tally(p *pen, counts map[string]uint64) string {
	names := make([]string, 0, len(counts))
	for k := range counts {
		names = append(names, k)
	}
	slices.SortFunc(names, func(a, b string) int {
		if counts[a] != counts[b] {
			if counts[a] > counts[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, 0, len(names))
	for i, k := range names {
		if i == 4 {
			parts = append(parts, count(len(names)-4)+" more kinds")
			break
		}
		parts = append(parts, p.text.clean(k, 30)+" "+count(counts[k]))
	}
	return strings.Join(parts, ", ")
}

// view draws the explanation in the middle of an empty list.
func (e emptiness) view(p *pen, width, height int) []string {
	inner := min(width-4, 72)
	var text []string
	text = append(text, e.title, "")
	for _, s := range []string{e.what, e.seen, e.why} {
		text = append(text, wrap(s, inner)...)
	}
	out := blankLines((height-len(text))/3, width)
	for i, s := range text {
		st := p.th.Plain
		if i == 0 {
			st = p.th.Strong
		}
		out = append(out, newLine(width).to((width-inner)/2).put(st, s).full())
	}
	return out
}

// failures returns a line for each source that has failed or tries again.
func failures(sources []decode.SourceStats) []*decode.SourceStats {
	var out []*decode.SourceStats
	for i := range sources {
		if s := &sources[i]; s.State == "failed" || s.State == "retrying" {
			out = append(out, s)
		}
	}
	return out
}
