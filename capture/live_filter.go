package capture

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/bpf"
)

// maxFilterList bounds the ports and the hosts of a filter, so that it keeps within the kernel's 4,096 instructions.
const maxFilterList = 64

// A liveFilter says which frames the kernel hands on: a classic BPF program. What it lets through is a superset where it cannot know:
// fragments after the first have no ports, and IPv6 extension headers are not walked.
type liveFilter struct {
	ports []uint16
	hosts []netip.Prefix
	// cooked frames begin at the network layer, their EtherType comes from the kernel; others begin with an Ethernet header.
	cooked bool
	// loopback is the index of the loopback interface, on which each frame is seen twice: only the outgoing copy counts. 0: no such check.
	loopback int
	snapLen  int
}

// outgoing is PACKET_OUTGOING of Linux.
const outgoing = 4

// The places that a filter's program jumps to.
const (
	toStart = iota
	toKind  // A: EtherType, X: offset of the network layer
	toV4
	toV4Hosts
	toV4Ports
	toV4UDP
	toV6
	toV6Hosts
	toV6Ports
	toV6UDP
	toPorts // X: offset of TCP
	toAccept
	toDrop
	places
)

// filterProgram is a program under construction. The jumps of classic BPF that depend on a condition reach 255 instructions; so
// each is of one step, over a jump without condition.
type filterProgram struct {
	ins   []bpf.Instruction
	jumps map[int]int // index of a jump → place
	at    [places]int
}

func (p *filterProgram) add(ins ...bpf.Instruction) { p.ins = append(p.ins, ins...) }
func (p *filterProgram) here(place int)             { p.at[place] = len(p.ins) }

func (p *filterProgram) jump(place int) {
	p.jumps[len(p.ins)] = place
	p.add(bpf.Jump{})
}

// when jumps to place if A compares so with v.
func (p *filterProgram) when(cond bpf.JumpTest, v uint32, place int) {
	p.add(bpf.JumpIf{Cond: cond, Val: v, SkipTrue: 0, SkipFalse: 1})
	p.jump(place)
}

func (p *filterProgram) whenAny(place int, values ...uint32) {
	for _, v := range values {
		p.when(bpf.JumpEqual, v, place)
	}
}

// load reads size bytes at X+off into A.
func (p *filterProgram) load(off uint32, size int) { p.add(bpf.LoadIndirect{Off: off, Size: size}) }

func (p *filterProgram) finish() []bpf.Instruction {
	for i, place := range p.jumps {
		p.ins[i] = bpf.Jump{Skip: uint32(p.at[place] - i - 1)}
	}
	return p.ins
}

// program returns the instructions. kind puts the EtherType of a cooked frame into A: kernelKind, or a constant to try the program
// without a kernel.
func (f *liveFilter) program(kind []bpf.Instruction) []bpf.Instruction {
	p := &filterProgram{jumps: map[int]int{}}
	if f.loopback > 0 {
		p.add(bpf.LoadExtension{Num: bpf.ExtInterfaceIndex})
		p.when(bpf.JumpNotEqual, uint32(f.loopback), toStart)
		p.add(bpf.LoadExtension{Num: bpf.ExtType})
		p.when(bpf.JumpNotEqual, outgoing, toDrop)
	}
	p.here(toStart)
	if f.cooked {
		p.add(bpf.LoadConstant{Dst: bpf.RegX, Val: 0})
		p.add(kind...)
		p.vlans(0, 2) // a tag that no card has taken off
	} else {
		p.add(bpf.LoadConstant{Dst: bpf.RegX, Val: 14}, bpf.LoadAbsolute{Off: 12, Size: 2})
		p.vlans(14, 3)
	}
	p.here(toKind)
	p.whenAny(toV4, etherIPv4)
	p.whenAny(toV6, etherIPv6)
	if f.open() {
		p.whenAny(toAccept, etherMPLS, etherMPLSM, etherPPPoE)
		p.when(bpf.JumpLessOrEqual, 1500, toAccept) // IEEE 802.3
	}
	p.jump(toDrop)
	f.v4(p)
	f.v6(p)
	f.tcpPorts(p)
	p.here(toAccept)
	p.add(bpf.RetConstant{Val: uint32(f.snapLen)})
	p.here(toDrop)
	p.add(bpf.RetConstant{Val: 0})
	return p.finish()
}

// kernelKind has the kernel put the EtherType of a cooked frame into A.
func kernelKind() []bpf.Instruction { return []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtProto}} }

// open reports whether nothing is chosen: then what may hold TCP in a tunnel passes too.
func (f *liveFilter) open() bool { return len(f.ports) == 0 && len(f.hosts) == 0 }

// vlans steps over up to n tags. A is the EtherType in front of net, where the network layer begins if there is none.
func (p *filterProgram) vlans(net uint32, n int) {
	for i := range uint32(n) {
		next := net + 4*i
		p.add(bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherVLAN, SkipTrue: 3, SkipFalse: 0},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherQinQ, SkipTrue: 2, SkipFalse: 0},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherQinQ2, SkipTrue: 1, SkipFalse: 0})
		p.jump(toKind)
		p.add(bpf.LoadConstant{Dst: bpf.RegX, Val: next + 4}, bpf.LoadAbsolute{Off: next + 2, Size: 2})
	}
}

func (f *liveFilter) v4(p *filterProgram) {
	p.here(toV4)
	p.load(9, 1)
	p.whenAny(toV4Hosts, protoTCP)
	if f.open() {
		p.whenAny(toAccept, protoIPIP, protoIPv6, protoGRE)
		p.whenAny(toV4UDP, protoUDP)
	}
	p.jump(toDrop)
	p.here(toV4Hosts)
	if len(f.hosts) > 0 {
		for _, h := range f.hosts {
			if h.Addr().Is4() {
				for _, off := range []uint32{12, 16} {
					p.words(h, off, toV4Ports)
				}
			}
		}
		p.jump(toDrop)
	}
	p.here(toV4Ports)
	if len(f.ports) == 0 {
		p.jump(toAccept)
	}
	p.load(6, 2)
	p.when(bpf.JumpBitsSet, 0x1FFF, toAccept) // not the first fragment: the ports were in that
	p.pastV4()
	p.jump(toPorts)
	p.here(toV4UDP)
	p.pastV4()
	p.tunnels()
}

// pastV4 moves X from the header of IPv4 to what follows.
func (p *filterProgram) pastV4() {
	p.load(0, 1)
	p.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0F}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
}

// tunnels takes UDP of which X is the offset if it carries Ethernet or IP.
func (p *filterProgram) tunnels() {
	p.load(2, 2)
	p.whenAny(toAccept, portVXLAN, portVXLAN0, portGENEVE)
	p.jump(toDrop)
}

func (f *liveFilter) v6(p *filterProgram) {
	past := []bpf.Instruction{bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40}, bpf.TAX{}}
	p.here(toV6)
	p.load(6, 1)
	p.whenAny(toV6Hosts, protoTCP, protoHopByHop, protoRouting, protoFragment, protoAH, protoDestOpts, protoMobility, protoHIP, protoShim6)
	if f.open() {
		p.whenAny(toAccept, protoIPIP, protoIPv6, protoGRE)
		p.whenAny(toV6UDP, protoUDP)
	}
	p.jump(toDrop)
	p.here(toV6Hosts)
	if len(f.hosts) > 0 {
		for _, h := range f.hosts {
			if h.Addr().Is6() {
				for _, off := range []uint32{8, 24} {
					p.words(h, off, toV6Ports)
				}
			}
		}
		p.jump(toDrop)
	}
	p.here(toV6Ports)
	p.load(6, 1)
	p.when(bpf.JumpNotEqual, protoTCP, toAccept) // the ports are behind extension headers
	p.add(past...)
	p.jump(toPorts)
	p.here(toV6UDP)
	p.add(past...)
	p.tunnels()
}

// words jumps to place if the address at X+off lies in h.
func (p *filterProgram) words(h netip.Prefix, off uint32, place int) {
	addr := h.Addr().AsSlice()
	var steps []bpf.Instruction
	for bits, i := h.Bits(), 0; bits > 0; bits, i = bits-32, i+4 {
		steps = append(steps, bpf.LoadIndirect{Off: off + uint32(i), Size: 4})
		if bits < 32 {
			steps = append(steps, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: ^uint32(0) << (32 - bits)})
		}
		steps = append(steps, bpf.JumpIf{Cond: bpf.JumpEqual, Val: binary.BigEndian.Uint32(addr[i:])})
	}
	for i, ins := range steps {
		if j, ok := ins.(bpf.JumpIf); ok {
			j.SkipFalse = uint8(len(steps) - i) // past the jump that follows
			steps[i] = j
		}
	}
	p.add(steps...)
	p.jump(place)
}

func (f *liveFilter) tcpPorts(p *filterProgram) {
	p.here(toPorts)
	if len(f.ports) == 0 {
		p.jump(toAccept)
	}
	for _, off := range []uint32{0, 2} {
		p.load(off, 2)
		for _, port := range f.ports {
			p.when(bpf.JumpEqual, uint32(port), toAccept)
		}
	}
	p.jump(toDrop)
}
