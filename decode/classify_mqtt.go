package decode

// classifyMQTT follows packet on packet from the first byte, in the layout of 5.0 and in that of the older versions, and
// returns the better of the two.
func classifyMQTT(data []byte) Guess {
	if isConnect(data) {
		return Guess{Kind: GuessConnect, Bits: 64, FromClient: true}
	}
	old, five := classifyAs(data, V311), classifyAs(data, V5)
	if rank(five) > rank(old) {
		return five
	}
	return old
}

// rank orders guesses by how much they speak for MQTT.
func rank(g Guess) int {
	switch g.Kind {
	case GuessPlausible:
		return 1 + g.Bits
	case GuessNeedMore:
		return 1
	}
	return 0
}

// isConnect reports whether data begins with a Fixed Header of CONNECT and a known protocol name (5.0 §3.1.2.1; that of
// 3.1 is MQIsdp).
func isConnect(data []byte) bool {
	if len(data) < 2 || data[0] != 0x10 {
		return false
	}
	_, n, ok := readVarInt(data[1:])
	if !ok {
		return false
	}
	name, size := readBinary(data[1+n:])
	return size <= len(data)-1-n && (string(name) == "MQTT" || string(name) == "MQIsdp")
}

// classifyAs follows the packets of data in the layout of version v.
func classifyAs(data []byte, v Version) Guess {
	g := Guess{Kind: GuessNeedMore, FromClient: true, FromServer: true}
	for off := 0; off < len(data) && g.Bits < 4*SureBits; {
		pr := probePacket(data[off:], v)
		if pr.need > 0 {
			if off == 0 && len(data) > classifyLimit {
				return Guess{Kind: GuessOther}
			}
			if g.Kind == GuessNeedMore {
				g.narrow(Type(data[0] >> 4))
			}
			return g
		}
		g.narrow(pr.typ)
		if pr.bits == 0 || !g.FromClient && !g.FromServer {
			return Guess{Kind: GuessOther}
		}
		g.Kind = GuessPlausible
		g.Bits += pr.bits
		if pr.total > int64(len(data)-off) {
			break
		}
		off += int(pr.total)
	}
	return g
}

// narrow takes into account that a packet of type t was found.
func (g *Guess) narrow(t Type) {
	g.FromClient = g.FromClient && !fromServer.has(t)
	g.FromServer = g.FromServer && !fromClient.has(t)
}
