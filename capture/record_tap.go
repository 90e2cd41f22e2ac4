package capture

import (
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	// tappedName begins the names of the interfaces on which synthesised frames stand.
	tappedName = "tap "
	// tappedMSS is how much a synthesised frame carries: an IPv4 packet has at most 65,535 bytes.
	tappedMSS = 60 << 10
	// tappedPort is the port that Servers have in synthesised frames, so that others recognise MQTT: what was tapped is without the TLS or
	// WebSocket that the real port stands for.
	tappedPort = 1883
)

// tapFrames makes TCP frames of what a tap saw.
type tapFrames struct {
	rec   *Recorder
	flows map[*decode.Conn]*tapFlow
	used  map[[2]netip.AddrPort]bool
	buf   []byte
	count uint16 // connections without an address
	id    uint16 // of the next IPv4 packet
}

// tapFlow is a connection: its ends and the sequence numbers that they send next, both by decode.Direction.
type tapFlow struct {
	link recordLink
	ends [2]netip.AddrPort
	seq  [2]uint32
}

func newTapFrames(rec *Recorder) *tapFrames {
	return &tapFrames{
		rec: rec, flows: map[*decode.Conn]*tapFlow{}, used: map[[2]netip.AddrPort]bool{},
	}
}

// segment records what s tells.
func (t *tapFrames) segment(s *decode.Segment) {
	if s.Conn == nil {
		return
	}
	f := t.flows[s.Conn]
	if f == nil {
		if f = t.open(&s.Conn.Info, s.Time); s.Kind != decode.Open {
			f.seq = [2]uint32{1, 1} // begun before
		}
		t.flows[s.Conn] = f
	}
	switch s.Kind {
	case decode.Open:
		t.send(f, s.Time, decode.FromClient, tcpSYN, nil)
		t.send(f, s.Time, decode.FromServer, tcpSYN|tcpACK, nil)
		t.send(f, s.Time, decode.FromClient, tcpACK, nil)
	case decode.Data:
		for data := s.Data; len(data) > 0; {
			n := min(len(data), tappedMSS)
			t.send(f, s.Time, s.Dir, tcpACK|tcpPSH, data[:n])
			data = data[n:]
		}
	case decode.Gap:
		f.seq[s.Dir] += uint32(max(s.Bytes, 1))
		t.send(f, s.Time, s.Dir.Opposite(), tcpACK, nil) // the bytes arrived, though nobody saw them
	case decode.Close:
		t.close(f, s)
		delete(t.flows, s.Conn)
		delete(t.used, f.ends)
	}
}

func (t *tapFrames) close(f *tapFlow, s *decode.Segment) {
	switch s.Cause {
	case decode.CloseFIN:
		t.send(f, s.Time, s.Dir, tcpFIN|tcpACK, nil)
		t.send(f, s.Time, s.Dir.Opposite(), tcpFIN|tcpACK, nil)
		t.send(f, s.Time, s.Dir, tcpACK, nil)
	case decode.CloseRST:
		t.send(f, s.Time, s.Dir, tcpRST|tcpACK, nil)
	}
}

// open chooses the addresses of a connection. Those that are not known are of TEST-NET-1 (RFC 5737).
func (t *tapFrames) open(info *decode.ConnInfo, _ decode.Time) *tapFlow {
	client, server := info.Client, info.Server
	if !client.Addr().IsValid() {
		t.count++
		client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 2}), 49152+t.count%16384)
	}
	if !server.Addr().IsValid() {
		server = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), tappedPort)
	}
	f := &tapFlow{link: recordLink{tappedName + info.Source, linkEthernet}}
	if client.Addr().Is4() != server.Addr().Is4() {
		client = netip.AddrPortFrom(netip.AddrFrom16(client.Addr().As16()), client.Port())
		server = netip.AddrPortFrom(netip.AddrFrom16(server.Addr().As16()), server.Port())
	}
	f.ends = [2]netip.AddrPort{client, netip.AddrPortFrom(server.Addr(), tappedPort)}
	if t.used[f.ends] { // one client port and two ports of a host
		f.ends[1] = server
	}
	for t.used[f.ends] {
		f.ends[0] = netip.AddrPortFrom(client.Addr(), f.ends[0].Port()+1)
	}
	t.used[f.ends] = true
	return f
}

// send records one frame of the end that sends in direction dir.
func (t *tapFrames) send(f *tapFlow, at decode.Time, dir decode.Direction, flags byte, data []byte) {
	to := dir.Opposite()
	s := tapSegment{
		src: f.ends[dir], dst: f.ends[to], srcMAC: tappedMAC(dir), dstMAC: tappedMAC(to), seq: f.seq[dir], flags: flags, id: t.id, data: data,
	}
	t.id++
	if flags&tcpACK != 0 {
		s.ack = f.seq[to]
	}
	f.seq[dir] += uint32(len(data))
	if flags&(tcpSYN|tcpFIN) != 0 {
		f.seq[dir]++
	}
	t.buf = s.appendFrame(t.buf[:0])
	t.rec.add(at, f.link, len(t.buf), t.buf)
}

func tappedMAC(dir decode.Direction) [6]byte { return [6]byte{2, 0, 0, 0, 0, 1 + byte(dir)} }
