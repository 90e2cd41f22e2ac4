package capture

import (
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

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
	buf   gopacket.SerializeBuffer
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
		rec: rec, flows: map[*decode.Conn]*tapFlow{}, used: map[[2]netip.AddrPort]bool{}, buf: gopacket.NewSerializeBuffer(),
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
		t.send(f, s.Time, decode.FromClient, layers.TCP{SYN: true}, nil)
		t.send(f, s.Time, decode.FromServer, layers.TCP{SYN: true, ACK: true}, nil)
		t.send(f, s.Time, decode.FromClient, layers.TCP{ACK: true}, nil)
	case decode.Data:
		for data := s.Data; len(data) > 0; {
			n := min(len(data), tappedMSS)
			t.send(f, s.Time, s.Dir, layers.TCP{ACK: true, PSH: true}, data[:n])
			data = data[n:]
		}
	case decode.Gap:
		f.seq[s.Dir] += uint32(max(s.Bytes, 1))
		t.send(f, s.Time, s.Dir.Opposite(), layers.TCP{ACK: true}, nil) // the bytes arrived, though nobody saw them
	case decode.Close:
		t.close(f, s)
		delete(t.flows, s.Conn)
		delete(t.used, f.ends)
	}
}

func (t *tapFrames) close(f *tapFlow, s *decode.Segment) {
	switch s.Cause {
	case decode.CloseFIN:
		t.send(f, s.Time, s.Dir, layers.TCP{FIN: true, ACK: true}, nil)
		t.send(f, s.Time, s.Dir.Opposite(), layers.TCP{FIN: true, ACK: true}, nil)
		t.send(f, s.Time, s.Dir, layers.TCP{ACK: true}, nil)
	case decode.CloseRST:
		t.send(f, s.Time, s.Dir, layers.TCP{RST: true, ACK: true}, nil)
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
func (t *tapFrames) send(f *tapFlow, at decode.Time, dir decode.Direction, tcp layers.TCP, data []byte) {
	src, dst := f.ends[dir], f.ends[dir.Opposite()]
	tcp.SrcPort, tcp.DstPort = layers.TCPPort(src.Port()), layers.TCPPort(dst.Port())
	tcp.Seq, tcp.Window = f.seq[dir], 0xFFFF
	if tcp.ACK {
		tcp.Ack = f.seq[dir.Opposite()]
	}
	f.seq[dir] += uint32(len(data))
	if tcp.SYN || tcp.FIN {
		f.seq[dir]++
	}
	eth := layers.Ethernet{SrcMAC: tappedMAC(dir), DstMAC: tappedMAC(dir.Opposite()), EthernetType: layers.EthernetTypeIPv4}
	var ip interface {
		gopacket.SerializableLayer
		gopacket.NetworkLayer
	}
	if src.Addr().Is4() {
		t.id++
		ip = &layers.IPv4{
			Version: 4, TTL: 64, Id: t.id, Protocol: layers.IPProtocolTCP, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice(),
		}
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{
			Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice(),
		}
	}
	_ = tcp.SetNetworkLayerForChecksum(ip) // fails only for what is not IP
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(t.buf, opts, &eth, ip, &tcp, gopacket.Payload(data)); err != nil {
		t.rec.miss()
		return
	}
	frame := t.buf.Bytes()
	t.rec.add(at, f.link, len(frame), frame)
}

func tappedMAC(dir decode.Direction) []byte { return []byte{2, 0, 0, 0, 0, 1 + byte(dir)} }

// miss counts a frame that is not recorded.
func (r *Recorder) miss() {
	r.mu.Lock()
	r.lost++
	r.mu.Unlock()
}
