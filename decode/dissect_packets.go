package decode

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// variable reads everything after the Fixed Header.
func (d *dissector) variable() {
	switch d.typ {
	case CONNECT:
		d.connect()
	case CONNACK:
		d.connack()
	case PUBLISH:
		d.publish()
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		d.ack()
	case SUBSCRIBE, UNSUBSCRIBE:
		d.subscribe()
	case SUBACK, UNSUBACK:
		d.suback()
	case DISCONNECT, AUTH:
		if d.v == V5 || d.typ == AUTH {
			d.reasonOnly()
		}
	}
}

func (d *dissector) left() int {
	if d.done {
		return 0
	}
	return d.total - d.off
}

func (d *dissector) uint16(name, unit string) {
	if b, ok := d.take(name, 2); ok {
		d.add(name, strconv.Itoa(int(binary.BigEndian.Uint16(b)))+unit, 2)
	}
}

// sized reads a length of two bytes and what it counts.
func (d *dissector) sized(name string, show func([]byte) string) []byte {
	at := d.off
	b, ok := d.take(name, 2)
	if !ok {
		return nil
	}
	n := int(binary.BigEndian.Uint16(b))
	d.off = at // so that what is missing is told with its length
	b, ok = d.take(name, 2+n)
	if !ok {
		return nil
	}
	d.add(name, show(b[2:]), 2+n)
	return b[2:]
}

func hidden([]byte) string { return notShown }

func (d *dissector) reason() {
	if b, ok := d.take("Reason Code", 1); ok {
		name := "Reason Code"
		if d.v != V5 {
			name = "Return code"
		}
		d.add(name, reasonText(ReasonCode(b[0]), d.typ, d.v), 1)
	}
}

func reasonText(r ReasonCode, t Type, v Version) string {
	return fmt.Sprintf("0x%02X %s", uint8(r), r.Name(t, v))
}

func (d *dissector) connect() {
	g := d.group("Variable Header", "")
	name := d.sized("Protocol Name", shownText)
	level, ok := d.take("Protocol Version", 1)
	if !ok {
		d.end(g)
		return
	}
	c := Connect{ProtocolName: string(name), Level: level[0]}
	d.v = connectVersion(&c)
	text := strconv.Itoa(int(c.Level &^ 0x80))
	if knownProtocol(&c) {
		text += " (" + d.v.String() + ")"
	}
	if c.Level&0x80 != 0 {
		text += ", bridge"
	}
	d.add("Protocol Version", text, 1)
	flags, ok := d.take("Connect Flags", 1)
	if !ok {
		d.end(g)
		return
	}
	d.add("Connect Flags", connectFlagsText(flags[0], d.v), 1)
	d.uint16("Keep Alive", " s")
	if d.v == V5 {
		d.properties("Properties")
	}
	d.end(g)
	d.connectPayload(flags[0])
}

func connectFlagsText(flags byte, v Version) string {
	clean := "Clean Session"
	if v == V5 {
		clean = "Clean Start"
	}
	var on []string
	for _, f := range []struct {
		bit  byte
		name string
	}{
		{connectUsername, "User Name"}, {connectPassword, "Password"}, {connectWillRetain, "Will Retain"},
		{connectWill, "Will QoS " + strconv.Itoa(int(flags>>3&3))}, {connectClean, clean}, {connectReserved, "reserved"},
	} {
		if flags&f.bit != 0 {
			on = append(on, f.name)
		}
	}
	if len(on) == 0 {
		return "none"
	}
	return strings.Join(on, ", ")
}

func (d *dissector) connectPayload(flags byte) {
	if d.done {
		return
	}
	g := d.group("Payload", "")
	d.sized("Client Identifier", shownText)
	if flags&connectWill != 0 {
		if d.v == V5 {
			d.properties("Will Properties")
		}
		d.sized("Will Topic", shownText)
		d.sized("Will Payload", shownBinary)
	}
	if flags&connectUsername != 0 && (d.v != V31 || d.left() > 0) {
		d.sized("User Name", shownText)
	}
	if flags&connectPassword != 0 && (d.v != V31 || d.left() > 0) {
		d.sized("Password", hidden)
	}
	d.end(g)
}

func (d *dissector) connack() {
	g := d.group("Variable Header", "")
	if b, ok := d.take("Connect Acknowledge Flags", 1); ok {
		d.add("Session Present", strconv.Itoa(int(b[0]&1)), 1)
	}
	d.reason()
	if d.v == V5 && d.left() > 0 {
		d.properties("Properties")
	}
	d.end(g)
}

func (d *dissector) publish() {
	g := d.group("Variable Header", "")
	d.sized("Topic Name", shownText)
	if d.b[0]>>1&3 != 0 {
		d.uint16("Packet Identifier", "")
	}
	if d.v == V5 {
		d.properties("Properties")
	}
	d.end(g)
	if d.done {
		return
	}
	n := d.total - d.off
	kept := d.b[d.off:min(len(d.b), d.total)]
	text := shownBinary(kept)
	if len(kept) < n && !strings.HasSuffix(text, "…") {
		text += "…"
	}
	d.off = d.total
	d.add("Payload", text, n)
}

func (d *dissector) ack() {
	g := d.group("Variable Header", "")
	d.uint16("Packet Identifier", "")
	if d.v == V5 && d.left() > 0 {
		d.reason()
		if d.left() > 0 {
			d.properties("Properties")
		}
	}
	d.end(g)
}

func (d *dissector) subscribe() {
	d.identified()
	if d.done {
		return
	}
	g := d.group("Payload", "")
	for d.more() {
		d.sized("Topic Filter", shownText)
		if d.typ == UNSUBSCRIBE {
			continue
		}
		if b, ok := d.take("Subscription Options", 1); ok {
			d.add("Subscription Options", optionsText(b[0], d.v), 1)
		}
	}
	d.end(g)
}

func optionsText(b byte, v Version) string {
	var f TopicFilter
	f.setOptions(b)
	text := "QoS " + strconv.Itoa(int(f.QoS))
	if v != V5 {
		return text
	}
	if f.NoLocal {
		text += ", No Local"
	}
	if f.RetainAsPublished {
		text += ", Retain As Published"
	}
	return text + ", Retain Handling " + strconv.Itoa(int(f.RetainHandling))
}

// identified reads a Variable Header of Packet Identifier and properties.
func (d *dissector) identified() {
	g := d.group("Variable Header", "")
	d.uint16("Packet Identifier", "")
	if d.v == V5 {
		d.properties("Properties")
	}
	d.end(g)
}

func (d *dissector) suback() {
	d.identified()
	if d.done || d.typ == UNSUBACK && d.v != V5 {
		return
	}
	g := d.group("Payload", "")
	for d.more() {
		d.reason()
	}
	d.end(g)
}

func (d *dissector) reasonOnly() {
	if d.left() == 0 {
		return
	}
	g := d.group("Variable Header", "")
	d.reason()
	if d.left() > 0 {
		d.properties("Properties")
	}
	d.end(g)
}
