package decode

// Evidence for a version, in bits: positive for 5.0, negative for the older ones.
const (
	evidenceOnlyOne = 12 // the packet parses in one of the two layouts only
	evidenceProps   = 6  // it parses in both, in 5.0 with properties
	evidenceEmpty   = 3  // it parses in both, in 5.0 with an empty Property Length
	evidenceEnough  = 32 // from here on only packets that do not fit are weighed
	evidenceMost    = 64
)

// assumed reports whether no CONNECT has told the version.
func (c *Conn) assumed() bool { return !c.known }

// packetVersion is the version by which the next packet is read.
func (c *Conn) packetVersion() Version {
	switch {
	case c.known:
		return c.version
	case c.evidence > 0:
		return V5
	}
	return V311
}

// Version returns the version of the protocol, and whether a CONNECT told it. Where none did it is the one that fits
// the packets so far best, 3.1.1 where they fit all.
func (c *Conn) Version() (v Version, known bool) { return c.packetVersion(), c.known }

// weigh takes p as evidence for a version. It is called for packets before a CONNECT was seen.
func (c *Conn) weigh(p *Packet) {
	switch p.Type {
	case CONNECT, PINGREQ, PINGRESP, PUBACK, PUBREC, PUBREL, PUBCOMP:
		if p.Type == CONNECT || len(p.Head)-p.HeaderLength <= 2 {
			return // the same in all versions
		}
	}
	if c.evidence >= evidenceEnough || c.evidence <= -evidenceEnough {
		if _, ok := p.parsesAs(c.packetVersion()); ok {
			return
		}
	}
	e := int(c.evidence) + p.versionEvidence()
	c.evidence = int8(min(max(e, -evidenceMost), evidenceMost))
}

// responseTopic is what an Error of a PUBLISH calls its Response Topic.
var responseTopic = propertyField("properties", ResponseTopic)

// versionEvidence says which version p, not decoded yet, speaks for.
func (p *Packet) versionEvidence() int {
	_, old := p.parsesAs(V311)
	as5, five := p.parsesAs(V5)
	switch {
	case old && !five:
		return -evidenceOnlyOne
	case five && !old:
		return evidenceOnlyOne
	case !five || p.Type != PUBLISH:
		return 0
	case len(as5.Properties.raw) > 0:
		return evidenceProps
	}
	return evidenceEmpty
}

// parsesAs decodes a copy of p as a packet of version v and reports whether nothing is wrong with it. A Response Topic with a wildcard is wrong, but is one
// all the same.
func (p *Packet) parsesAs(v Version) (Packet, bool) {
	q := *p
	q.Version, q.Err = v, nil
	q.decodeBody()
	return q, q.Err == nil || q.Err.Field == responseTopic && q.Err.Reason == holdsWildcard
}
