package decode

import "hash/maphash"

// Flags of CONNECT (5.0 §3.1.2.3).
const (
	connectReserved   = 1 << 0
	connectClean      = 1 << 1
	connectWill       = 1 << 2
	connectWillRetain = 1 << 5
	connectPassword   = 1 << 6
	connectUsername   = 1 << 7
)

// decodeConnect reads a CONNECT (5.0 §3.1, 3.1.1 §3.1). It sets p.Version, and replaces p.Head by a copy without the
// password.
func (p *Packet) decodeConnect() {
	c := &Connect{ReceiveMaximum: 65535}
	p.Connect = c
	r := newReader(p)
	c.ProtocolName = connectName(r.text("protocol name"))
	at := r.off
	c.Level = r.byte("protocol version")
	c.Bridge = c.Level&0x80 != 0
	p.Version = connectVersion(c)
	if !r.bad && !knownProtocol(c) {
		p.fault(ProtocolError, at, "protocol version", "is not known under this protocol name")
	}
	at = r.off
	flags := r.byte("connect flags")
	checkConnectFlags(p, flags, at)
	c.CleanStart = flags&connectClean != 0
	c.KeepAlive = r.uint16("keep alive")
	if p.Version == V5 {
		p.Properties = r.properties(CONNECT, "properties")
		c.fromProperties(p.Properties)
	}
	at = r.off
	c.ClientID = r.text("client identifier")
	if p.Version == V311 && !r.bad && len(c.ClientID) == 0 && !c.CleanStart { // [MQTT-3.1.3-7]
		p.fault(ProtocolError, at, "client identifier", "is empty without Clean Session")
	}
	if flags&connectWill != 0 {
		r.will(c, flags)
	}
	r.credentials(c, flags)
}

// connectName returns the protocol name without allocating for the known ones.
func connectName(b []byte) string {
	switch string(b) {
	case "MQTT":
		return "MQTT"
	case "MQIsdp":
		return "MQIsdp"
	}
	return string(b)
}

// connectVersion says how the rest is laid out. For a level that is not known it is that of the nearest one that is.
func connectVersion(c *Connect) Version {
	switch level := c.Level &^ 0x80; {
	case c.ProtocolName == "MQIsdp":
		return V31
	case level >= 5:
		return V5
	}
	return V311
}

func knownProtocol(c *Connect) bool {
	level := Version(c.Level &^ 0x80)
	return c.ProtocolName == "MQIsdp" && level == V31 || c.ProtocolName == "MQTT" && (level == V311 || level == V5)
}

func checkConnectFlags(p *Packet, flags byte, at int) {
	if p.Version == V31 {
		return
	}
	switch {
	case flags&connectReserved != 0:
		p.fault(MalformedPacket, at, "connect flags", "reserved flag is set")
	case flags&connectWill == 0 && flags&(connectWillRetain|3<<3) != 0:
		p.fault(MalformedPacket, at, "connect flags", "will QoS or will retain without a will")
	case flags>>3&3 == 3:
		p.fault(MalformedPacket, at, "connect flags", "will QoS is 3")
	case p.Version == V311 && flags&connectPassword != 0 && flags&connectUsername == 0:
		p.fault(MalformedPacket, at, "connect flags", "password without user name")
	}
}

func (r *reader) will(c *Connect, flags byte) {
	c.HasWill = true
	c.WillQoS, c.WillRetain = flags>>3&3, flags&connectWillRetain != 0
	if r.p.Version == V5 {
		c.WillProperties = r.properties(willProperties, "will properties")
	}
	at := r.off
	c.WillTopic = r.text("will topic")
	r.checkWillTopic(c.WillTopic, at)
	c.WillPayload = r.binary("will payload")
	c.WillPayloadLength = int64(len(c.WillPayload))
	c.WillPayloadHash = maphash.Bytes(hashSeed, c.WillPayload)
}

// checkWillTopic faults a Will Topic that is no Topic Name [MQTT-4.7.3-1] [MQTT-4.7.1-1]. 3.1 does not say what one may hold.
func (r *reader) checkWillTopic(topic []byte, at int) {
	switch {
	case r.bad || r.p.Version == V31:
	case len(topic) == 0:
		r.p.fault(ProtocolError, at, "will topic", "is empty")
	case hasWildcard(topic):
		r.p.fault(ProtocolError, at, "will topic", holdsWildcard)
	}
}

// credentials reads user name and password. 3.1 lets the Payload end before them in spite of the flags: the
// Remaining Length takes precedence.
func (r *reader) credentials(c *Connect, flags byte) {
	short := r.p.Version == V31
	c.HasUsername = flags&connectUsername != 0
	c.HasPassword = flags&connectPassword != 0
	if c.HasUsername && !(short && r.left() == 0) {
		c.Username = r.text("user name")
	}
	start := r.off
	if c.HasPassword && !(short && r.left() == 0) && r.binary("password") != nil {
		r.hide(start+2, r.off)
	}
	r.end()
	r.hide(r.off, len(r.b))
}

// hide overwrites Head[from:to], in a copy, with asterisks. It is called for the password, and for everything after the
// place where a CONNECT stops to make sense, since the password may be anywhere there.
func (r *reader) hide(from, to int) {
	if from >= to {
		return
	}
	p := r.p
	if &p.Head[0] == &r.b[0] {
		p.Head = append([]byte(nil), p.Head...)
	}
	for i := from; i < to; i++ {
		p.Head[i] = '*'
	}
}

func (c *Connect) fromProperties(ps Properties) {
	for pr := range ps.All() {
		switch pr.ID {
		case SessionExpiryInterval:
			c.SessionExpiry, c.HasSessionExpiry = pr.Uint, true
		case ReceiveMaximum:
			c.ReceiveMaximum = uint16(pr.Uint)
		case MaximumPacketSize:
			c.MaximumPacketSize = pr.Uint
		case TopicAliasMaximum:
			c.TopicAliasMaximum = uint16(pr.Uint)
		}
	}
}
