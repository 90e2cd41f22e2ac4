package decode

import "strconv"

// properties reads a Property Length and the properties.
func (d *dissector) properties(name string) {
	if d.done {
		return
	}
	size, n, ok := readVarInt(d.b[min(d.off, len(d.b)):min(len(d.b), d.total)])
	if !ok {
		reason := "length is no Variable Byte Integer"
		if d.off+n >= len(d.b) && len(d.b) < d.total {
			reason = notKept
		}
		d.stop(name, reason)
		return
	}
	g := d.group(name, "")
	if _, ok := d.take("Property Length", n+int(size)); ok {
		d.off -= int(size)
		d.add("Property Length", strconv.Itoa(int(size)), n)
		d.eachProperty(d.b[d.off : d.off+int(size)])
	}
	d.end(g)
}

func (d *dissector) eachProperty(raw []byte) {
	off := 0
	for off < len(raw) && len(d.fields) < maxFields {
		pr, reason := readProperty(raw, off)
		if pr.Length == 0 {
			pr.Length = len(raw) - off
		}
		off += pr.Length
		d.off += pr.Length
		d.add(pr.ID.String(), propertyText(pr, reason), pr.Length)
		if reason != "" {
			d.fields[len(d.fields)-1].Err = reason
		}
	}
	if n := len(raw) - off; n > 0 {
		d.off += n
		d.add("…", strconv.Itoa(n)+" more bytes", n)
	}
}

func propertyText(pr Property, reason string) string {
	switch pr.ID.Wire() {
	case WireUnknown:
		return shownBinary(pr.Bytes)
	case WireString:
		return shownText(pr.Bytes)
	case WireBinary:
		if pr.ID == AuthenticationData {
			return notShown
		}
		return shownBinary(pr.Bytes)
	case WireStringPair:
		return shownText(pr.Bytes) + ": " + shownText(pr.Value)
	}
	if reason != "" {
		return ""
	}
	switch pr.ID {
	case SessionExpiryInterval, MessageExpiryInterval, WillDelayInterval, ServerKeepAlive:
		return strconv.FormatUint(uint64(pr.Uint), 10) + " s"
	case MaximumPacketSize:
		return strconv.FormatUint(uint64(pr.Uint), 10) + " bytes"
	}
	return strconv.FormatUint(uint64(pr.Uint), 10)
}
