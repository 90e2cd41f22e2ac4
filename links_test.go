package main_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/need"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// A wrapping puts IP packets into frames of a link; one packet may become several frames.
type wrapping struct {
	name string
	link pcapgen.Link
	v6   bool
	wrap func(ip []byte) [][]byte
}

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func etherTypeOf(ip []byte) uint16 {
	if ip[0]>>4 == 6 {
		return 0x86DD
	}
	return 0x0800
}

// ethernet puts b behind Ethernet with this EtherType.
func ethernet(kind uint16, b []byte) []byte {
	return join([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, binary.BigEndian.AppendUint16(nil, kind), b)
}

// tag is a VLAN tag that says what follows.
func tag(id, kind uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, id), kind)
}

// outer4 is an IPv4 header from 198.51.100.1 to 198.51.100.2; place is what RFC 791 calls flags and fragment offset.
func outer4(proto byte, id, place uint16, body []byte) []byte {
	h := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0, 198, 51, 100, 1, 198, 51, 100, 2}
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(body)))
	binary.BigEndian.PutUint16(h[4:], id)
	binary.BigEndian.PutUint16(h[6:], place)
	return join(checksummed(h), body)
}

// checksummed sets the checksum of an IPv4 header, which tshark wants of fragments.
func checksummed(h []byte) []byte {
	h[10], h[11] = 0, 0
	sum := uint32(0)
	for i := 0; i < len(h); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum))
	return h
}

func outer6(next byte, body []byte) []byte {
	h := append([]byte{0x60, 0, 0, 0, 0, 0, next, 64}, make([]byte, 32)...)
	binary.BigEndian.PutUint16(h[4:], uint16(len(body)))
	copy(h[8:], []byte{0x20, 1, 0xd, 0xb8, 9})
	copy(h[24:], []byte{0x20, 1, 0xd, 0xb8, 10})
	h[23], h[39] = 1, 2
	return join(h, body)
}

func udp(port uint16, body []byte) []byte {
	h := []byte{0xC0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[2:], port)
	binary.BigEndian.PutUint16(h[4:], uint16(8+len(body)))
	return join(h, body)
}

var fragmentID atomic.Uint32

// fragments4 cuts an IPv4 packet into two or three fragments, the last first.
func fragments4(ip []byte) [][]byte {
	id := uint16(fragmentID.Add(1))
	var out [][]byte
	for at := 20; at < len(ip); at += 24 {
		end := min(at+24, len(ip))
		h := join(ip[:20])
		place := uint16((at - 20) / 8)
		if end < len(ip) {
			place |= 0x2000
		}
		binary.BigEndian.PutUint16(h[2:], uint16(20+end-at))
		binary.BigEndian.PutUint16(h[4:], id)
		binary.BigEndian.PutUint16(h[6:], place)
		out = append([][]byte{ethernet(0x0800, join(checksummed(h), ip[at:end]))}, out...)
	}
	return out
}

// insert6 puts extension headers between the IPv6 header and TCP. The first byte of each, the next header, is set.
func insert6(ip []byte, kinds []byte, headers ...[]byte) []byte {
	h := join(ip[:40])
	next := h[6]
	var ext []byte
	for i, one := range headers {
		one = join(one)
		one[0] = next
		if i+1 < len(kinds) {
			one[0] = kinds[i+1]
		}
		ext = append(ext, one...)
	}
	h[6] = kinds[0]
	binary.BigEndian.PutUint16(h[4:], uint16(len(ext)+len(ip)-40))
	return join(h, ext, ip[40:])
}

func fragments6(ip []byte) [][]byte {
	id := uint16(fragmentID.Add(1))
	var out [][]byte
	for at := 40; at < len(ip); at += 24 {
		end := min(at+24, len(ip))
		place := uint16(at - 40)
		if end < len(ip) {
			place |= 1
		}
		f := binary.BigEndian.AppendUint16([]byte{ip[6], 0}, place)
		f = binary.BigEndian.AppendUint32(f, uint32(id))
		h := join(ip[:40])
		h[6] = 44
		binary.BigEndian.PutUint16(h[4:], uint16(8+end-at))
		out = append(out, ethernet(0x86DD, join(h, f, ip[at:end])))
	}
	return out
}

// wrappings are the links and tunnels that captures have.
func wrappings() []wrapping {
	one := func(f func(ip []byte) []byte) func([]byte) [][]byte {
		return func(ip []byte) [][]byte { return [][]byte{f(ip)} }
	}
	before := func(head ...byte) func([]byte) [][]byte {
		return one(func(ip []byte) []byte { return join(head, ip) })
	}
	snap := func(ip []byte) []byte {
		return binary.BigEndian.AppendUint16([]byte{0xAA, 0xAA, 3, 0, 0, 0}, etherTypeOf(ip))
	}
	wifi := func(control, flags byte, more ...byte) func(ip []byte) []byte {
		return func(ip []byte) []byte {
			addresses := []byte{0, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 3, 0, 0}
			return join([]byte{control, flags}, addresses, more, snap(ip), ip)
		}
	}
	radiotap := []byte{0, 0, 8, 0, 0, 0, 0, 0}
	pad := []byte{1, 4, 0, 0, 0, 0} // PadN
	return []wrapping{
		{"Ethernet", 1, false, one(func(ip []byte) []byte { return ethernet(0x0800, ip) })},
		{"Ethernet, IPv6", 1, true, one(func(ip []byte) []byte { return ethernet(0x86DD, ip) })},
		{"802.1Q", 1, false, one(func(ip []byte) []byte { return ethernet(0x8100, join(tag(7, 0x0800), ip)) })},
		{"QinQ", 1, false, one(func(ip []byte) []byte { return ethernet(0x88A8, join(tag(7, 0x8100), tag(8, 0x0800), ip)) })},
		{"QinQ, 0x9100", 1, true, one(func(ip []byte) []byte { return ethernet(0x9100, join(tag(7, 0x8100), tag(8, 0x86DD), ip)) })},
		{"MPLS, one label", 1, false, one(func(ip []byte) []byte { return ethernet(0x8847, join([]byte{0, 1, 1, 64}, ip)) })},
		{"MPLS, two labels, IPv6", 1, true, one(func(ip []byte) []byte { return ethernet(0x8847, join([]byte{0, 1, 0, 64, 0, 2, 1, 64}, ip)) })},
		{"PPPoE", 1, false, one(func(ip []byte) []byte {
			h := []byte{0x11, 0, 0, 9, 0, 0, 0, 0x21}
			binary.BigEndian.PutUint16(h[4:], uint16(2+len(ip)))
			return ethernet(0x8864, join(h, ip))
		})},
		{"PPP", 9, false, before(0xFF, 3, 0, 0x21)},
		{"SLL", 113, false, before(0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0)},
		{"SLL, VLAN", 113, false, before(0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0, 0, 7, 8, 0)},
		{"SLL2", 276, false, before(8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0)},
		{"SLL2, IPv6", 276, true, before(0x86, 0xDD, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0)},
		{"null, little-endian", 0, false, before(2, 0, 0, 0)},
		{"null, big-endian", 0, false, before(0, 0, 0, 2)},
		{"null, IPv6 of FreeBSD", 0, true, before(28, 0, 0, 0)},
		{"loop", 108, false, before(0, 0, 0, 2)},
		{"raw", 101, false, before()},
		{"raw, IPv6", 101, true, before()},
		{"raw IPv4", 228, false, before()},
		{"raw IPv6", 229, true, before()},
		{"802.11", 105, false, one(wifi(0x08, 0x01))},
		{"802.11 QoS, IPv6", 105, true, one(wifi(0x88, 0x02, 0, 0))},
		{"radiotap", 127, false, one(func(ip []byte) []byte { return join(radiotap, wifi(0x08, 0x01)(ip)) })},
		{"IPv4 fragments", 1, false, fragments4},
		{"IPv6 fragments", 1, true, fragments6},
		{"IPv6 extension headers", 1, true, one(func(ip []byte) []byte {
			return ethernet(0x86DD, insert6(ip, []byte{0, 60, 43}, join([]byte{0, 0}, pad), join([]byte{0, 0}, pad), []byte{0, 0, 0, 0, 0, 0, 0, 0}))
		})},
		{"IPv6 atomic fragment", 1, true, one(func(ip []byte) []byte {
			return ethernet(0x86DD, insert6(ip, []byte{44}, []byte{0, 0, 0, 0, 0, 0, 0, 9}))
		})},
		{"GRE", 1, false, one(func(ip []byte) []byte { return ethernet(0x0800, outer4(47, 1, 0, join([]byte{0, 0, 8, 0}, ip))) })},
		{"GRE, key and sequence", 1, true, one(func(ip []byte) []byte {
			return ethernet(0x0800, outer4(47, 1, 0, join([]byte{0x30, 0, 0x86, 0xDD, 0, 0, 0, 1, 0, 0, 0, 2}, ip)))
		})},
		{"GRE with Ethernet", 1, false, one(func(ip []byte) []byte {
			return ethernet(0x0800, outer4(47, 1, 0, join([]byte{0, 0, 0x65, 0x58}, ethernet(0x0800, ip))))
		})},
		{"IP in IP", 1, false, one(func(ip []byte) []byte { return ethernet(0x0800, outer4(4, 1, 0, ip)) })},
		{"IPv6 in IPv4", 1, true, one(func(ip []byte) []byte { return ethernet(0x0800, outer4(41, 1, 0, ip)) })},
		{"IPv4 in IPv6", 1, false, one(func(ip []byte) []byte { return ethernet(0x86DD, outer6(4, ip)) })},
		{"VXLAN", 1, false, one(func(ip []byte) []byte {
			return ethernet(0x0800, outer4(17, 1, 0, udp(4789, join([]byte{8, 0, 0, 0, 0, 0, 7, 0}, ethernet(0x0800, ip)))))
		})},
		{"VXLAN over IPv6, VLAN inside", 1, true, one(func(ip []byte) []byte {
			return ethernet(0x86DD, outer6(17, udp(4789, join([]byte{8, 0, 0, 0, 0, 0, 7, 0}, ethernet(0x8100, join(tag(5, 0x86DD), ip))))))
		})},
		{"PPP with MPLS", 9, false, before(0xFF, 3, 0x02, 0x81, 0, 1, 1, 64)},
		{"GENEVE", 1, false, one(func(ip []byte) []byte {
			return ethernet(0x0800, outer4(17, 1, 0, udp(6081, join([]byte{0, 0, 0x65, 0x58, 0, 0, 7, 0}, ethernet(0x0800, ip)))))
		})},
		{"GENEVE with options, IPv6", 1, true, one(func(ip []byte) []byte {
			return ethernet(0x0800, outer4(17, 1, 0, udp(6081, join([]byte{2, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 1, 1, 0, 0, 0, 0}, ethernet(0x86DD, ip)))))
		})},
		{"VXLAN in fragments", 1, false, func(ip []byte) [][]byte {
			id := uint16(fragmentID.Add(1))
			whole := udp(4789, join([]byte{8, 0, 0, 0, 0, 0, 7, 0}, ethernet(0x0800, ip)))
			return [][]byte{
				ethernet(0x0800, outer4(17, id, 0x2000, whole[:32])),
				ethernet(0x0800, outer4(17, id, 32/8, whole[32:])),
			}
		}},
	}
}

// packetsOfIP is one MQTT connection as IP packets: every type that a QoS 2 delivery has, with a packet that is split and a frame that holds two.
func packetsOfIP(v6 bool) *pcapgen.Capture {
	c := pcapgen.New(pcapgen.Options{Link: pcapgen.Raw})
	client, broker := pcapgen.Client(1), pcapgen.Server()
	if v6 {
		client, broker = pcapgen.Client6(1), pcapgen.Server6()
	}
	conn := c.Open(client, broker)
	send := func(dir decode.Direction, b ...byte) { conn.Send(dir, b) }
	send(decode.FromClient, 0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 2, 'i', 'd')
	send(decode.FromServer, 0x20, 2, 0, 0)
	send(decode.FromClient, 0x82, 6, 0, 1, 0, 1, '#', 2)
	send(decode.FromServer, 0x90, 3, 0, 1, 2)
	send(decode.FromClient, 0x34, 40, 0, 1, 'a', 0, 7)
	conn.Send(decode.FromClient, []byte(strings.Repeat("x", 35))) // the rest of the PUBLISH
	send(decode.FromServer, 0x50, 2, 0, 7)
	send(decode.FromClient, 0x62, 2, 0, 7)
	send(decode.FromServer, 0x70, 2, 0, 7, 0x34, 6, 0, 1, 'a', 0, 1, 'y') // two packets in one frame
	send(decode.FromClient, 0x50, 2, 0, 1)
	send(decode.FromServer, 0x62, 2, 0, 1)
	send(decode.FromClient, 0x70, 2, 0, 1, 0xC0, 0)
	send(decode.FromServer, 0xD0, 0)
	send(decode.FromClient, 0xE0, 0)
	return c
}

// judged returns what tshark finds in a capture: Control Packets by name, and the times of the first and the last frame.
func judged(t *testing.T, path string) (packets map[string]int, first, last string) {
	t.Helper()
	tshark := need.Program(t, "tshark")
	out, err := exec.Command(tshark, "-r", path, "-T", "fields", "-E", "occurrence=a", "-e", "frame.time_epoch", "-e", "mqtt.msgtype").Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	packets = map[string]int{}
	for line := range strings.Lines(string(out)) {
		at, types, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if last = at; first == "" {
			first = at
		}
		for _, n := range strings.FieldsFunc(types, func(r rune) bool { return r == ',' }) {
			number, err := strconv.Atoi(n)
			if err != nil {
				t.Fatalf("tshark says %q", n)
			}
			packets[decode.Type(number).String()]++
		}
	}
	return packets, first, last
}

// told returns what mqttwatch says of a capture: Control Packets by name, and the summary.
func told(t *testing.T, path string) (packets map[string]int, summary map[string]any) {
	t.Helper()
	r := run(t, nil, "replay", path, "--output", "json")
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	all := lines(t, r.stdout)
	summary = all[len(all)-1]
	packets = map[string]int{}
	for name, n := range summary["packets"].(map[string]any) {
		packets[name] = int(n.(float64))
	}
	return packets, summary
}

// epoch writes a time of mqttwatch as tshark does.
func epoch(t *testing.T, at any) string {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, fmt.Sprint(at))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d.%09d", when.Unix(), when.Nanosecond())
}

// compare holds what mqttwatch says of a capture against what tshark does.
func compare(t *testing.T, file []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pcap")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	theirs, first, last := judged(t, path)
	ours, summary := told(t, path)
	if len(theirs) == 0 || !maps.Equal(ours, theirs) {
		t.Errorf("mqttwatch finds %v, tshark %v", ours, theirs)
	}
	if a, b := epoch(t, summary["first"]), epoch(t, summary["last"]); a != first || b != last {
		t.Errorf("the first and last frame are of %s and %s, for tshark of %s and %s", a, b, first, last)
	}
	capture := summary["capture"].(map[string]any)
	if n := capture["not_decoded"]; n != 0.0 {
		t.Errorf("%v frames not decoded: %v", n, capture["not_decoded_frames"])
	}
}

// TestLinksAsTshark has tshark judge what is found behind every link and in every tunnel, in the same file.
func TestLinksAsTshark(t *testing.T) {
	for _, w := range wrappings() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := pcapgen.New(pcapgen.Options{Link: w.link, BSDNull: w.link == 0})
			for _, f := range packetsOfIP(w.v6).Frames {
				for _, frame := range w.wrap(f.Data) {
					c.Add(frame)
				}
			}
			compare(t, c.Pcap())
		})
	}
}

// TestFormatsAsTshark has tshark judge the formats of files: byte orders, resolutions, sections and interfaces, each with times of its own.
func TestFormatsAsTshark(t *testing.T) {
	exchange := func(o pcapgen.Options) *pcapgen.Capture {
		c := pcapgen.New(o)
		for _, f := range packetsOfIP(false).Frames {
			c.Add(f.Data)
		}
		return c
	}
	start := time.Date(2026, 1, 2, 3, 4, 5, 123_456_789, time.UTC)
	for _, big := range []bool{false, true} {
		for _, nano := range []bool{false, true} {
			t.Run(fmt.Sprintf("big-endian %t, nanoseconds %t", big, nano), func(t *testing.T) {
				t.Parallel()
				c := exchange(pcapgen.Options{Link: pcapgen.Raw, BigEndian: big, Nano: nano, Start: start})
				compare(t, c.Pcap())
				compare(t, c.Pcapng())
			})
		}
	}
	t.Run("sections and interfaces", func(t *testing.T) {
		t.Parallel()
		little := exchange(pcapgen.Options{Link: pcapgen.Raw, Start: start})
		big := exchange(pcapgen.Options{Link: pcapgen.Raw, BigEndian: true, Start: start.Add(time.Second)})
		var b []byte
		for i, c := range []*pcapgen.Capture{little, big} {
			b = c.SectionHeader(b)
			for _, in := range timings {
				b = describe(c, b, in, i == 1)
			}
			for j, f := range c.Frames {
				in := j % len(timings)
				b = packet(c, b, uint32(in), timings[in], f, i == 1)
			}
		}
		compare(t, b)
	})
}

// A timing is the resolution of an interface, as if_tsresol has it, and what if_tsoffset adds, in seconds.
type timing struct {
	resolution byte
	unit       float64 // of a second
	offset     int64
}

var timings = []timing{{6, 1e-6, 0}, {9, 1e-9, 0}, {3, 1e-3, 0}, {6, 1e-6, 1_000_000_000}, {0x80 | 20, 1.0 / (1 << 20), 0}, {9, 1e-9, -3600}}

func orderOf(big bool) binary.AppendByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func describe(c *pcapgen.Capture, b []byte, in timing, big bool) []byte {
	o := orderOf(big)
	body := o.AppendUint16(nil, uint16(pcapgen.Raw))
	body = append(body, 0, 0, 0, 0, 0, 0)
	body = o.AppendUint16(o.AppendUint16(body, 9), 1)
	body = append(body, in.resolution, 0, 0, 0)
	body = o.AppendUint16(o.AppendUint16(body, 14), 8)
	body = o.AppendUint64(body, uint64(in.offset))
	return c.Block(b, 1, append(body, 0, 0, 0, 0))
}

// packet writes f with its time in the units of its interface, rounded up so that order is kept.
func packet(c *pcapgen.Capture, b []byte, number uint32, in timing, f pcapgen.Frame, big bool) []byte {
	o := orderOf(big)
	seconds, nanos := f.Time.Unix()-in.offset, float64(f.Time.Nanosecond())/1e9
	perSecond := uint64(1/in.unit + 0.5)
	ticks := uint64(seconds)*perSecond + uint64(nanos/in.unit)
	body := o.AppendUint32(nil, number)
	body = o.AppendUint32(o.AppendUint32(body, uint32(ticks>>32)), uint32(ticks))
	body = o.AppendUint32(o.AppendUint32(body, uint32(len(f.Data))), uint32(f.Length))
	return c.Block(b, 6, append(body, f.Data...))
}
