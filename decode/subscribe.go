package decode

import "bytes"

// maxFilters bounds how many Topic Filters or Reason Codes of one packet are kept; all are checked.
const maxFilters = 1 << 16

// decodeSubscribe reads a SUBSCRIBE (5.0 §3.8, 3.1.1 §3.8).
func (p *Packet) decodeSubscribe() {
	s := &Subscribe{}
	p.Subscribe = s
	r := newReader(p)
	p.PacketID = r.uint16("packet identifier")
	if p.Version == V5 {
		p.Properties = r.properties(SUBSCRIBE, "properties")
		s.SubscriptionID = p.Properties.Uint(SubscriptionIdentifier, 0)
	}
	if !r.bad && r.left() == 0 {
		p.fault(ProtocolError, r.off, "topic filter", errMissing)
	}
	for r.left() > 0 {
		f := TopicFilter{Filter: r.topicFilter()}
		at := r.off
		options := r.byte("subscription options")
		if r.bad {
			return
		}
		f.setOptions(options)
		if reason, kind := f.checkOptions(options, p.Version); reason != "" {
			p.fault(kind, at, "subscription options", reason)
		}
		s.keep(f)
	}
}

// decodeUnsubscribe reads an UNSUBSCRIBE (5.0 §3.10, 3.1.1 §3.10).
func (p *Packet) decodeUnsubscribe() {
	s := &Subscribe{}
	p.Subscribe = s
	r := newReader(p)
	p.PacketID = r.uint16("packet identifier")
	if p.Version == V5 {
		p.Properties = r.properties(UNSUBSCRIBE, "properties")
	}
	if !r.bad && r.left() == 0 {
		p.fault(ProtocolError, r.off, "topic filter", errMissing)
	}
	for r.left() > 0 {
		f := TopicFilter{Filter: r.topicFilter()}
		if r.bad {
			return
		}
		s.keep(f)
	}
}

func (s *Subscribe) keep(f TopicFilter) {
	if len(s.Filters) < maxFilters {
		s.Filters = append(s.Filters, f)
	}
}

func (f *TopicFilter) setOptions(b byte) {
	f.QoS = b & 3
	f.NoLocal = b&4 != 0
	f.RetainAsPublished = b&8 != 0
	f.RetainHandling = b >> 4 & 3
}

// checkOptions says what is wrong with Subscription Options (5.0 §3.8.3.1), of which older versions have only the QoS.
func (f *TopicFilter) checkOptions(b byte, v Version) (string, ErrorKind) {
	switch {
	case b&3 == 3:
		return "QoS is 3", MalformedPacket
	case v == V311 && b > 3, v == V5 && b>>6 != 0:
		return "reserved bits are set", MalformedPacket
	case v == V5 && f.RetainHandling == 3:
		return "Retain Handling is 3", ProtocolError
	case v == V5 && f.NoLocal && bytes.HasPrefix(f.Filter, sharePrefix):
		return "No Local on a Shared Subscription", ProtocolError
	}
	return "", 0
}

var sharePrefix = []byte("$share/")

// shareFault says what is wrong with a filter that begins as that of a Shared Subscription does [MQTT-4.8.2-1] [MQTT-4.8.2-2].
func shareFault(b []byte) string {
	rest, shared := bytes.CutPrefix(b, sharePrefix)
	name, filter, _ := bytes.Cut(rest, []byte{'/'})
	switch {
	case !shared:
		return ""
	case len(name) == 0:
		return "has an empty ShareName"
	case bytes.ContainsAny(name, "+#"):
		return "has a wildcard in its ShareName"
	case len(filter) == 0:
		return "has nothing behind its ShareName"
	}
	return ""
}

// topicFilter reads a Topic Filter; what is wrong with its wildcards (5.0 §4.7.1) is a Protocol Error.
func (r *reader) topicFilter() []byte {
	start := r.off
	b := r.text("topic filter")
	if r.bad {
		return nil
	}
	if len(b) == 0 {
		r.p.fault(ProtocolError, start, "topic filter", "is empty")
	}
	if r.p.Version == V5 {
		if reason := shareFault(b); reason != "" {
			r.p.fault(ProtocolError, start, "topic filter", reason)
		}
	}
	for i, c := range b {
		if c != '+' && c != '#' {
			continue
		}
		last := i == len(b)-1
		alone := (i == 0 || b[i-1] == '/') && (last || b[i+1] == '/')
		if !alone || c == '#' && !last {
			r.p.fault(ProtocolError, start, "topic filter", "has a wildcard that is not a level of its own, or # before the end")
			break
		}
	}
	return b
}
