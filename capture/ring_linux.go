package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/mqttwatch/mqttwatch/decode"
)

// The ring: 16 MiB, handed over in blocks that the kernel retires when they are full or after ringRetire. A block that was retired early is used up
// all the same, so where there is little traffic the ring holds ringBlocks x ringRetire of it, 5 s: as long may the machine be busy elsewhere. A block
// has room for the largest frame, 64 KiB of segments that the kernel has not cut yet.
const (
	ringBlock   = 128 << 10
	ringBlocks  = 128
	ringRetire  = 40   // ms
	ringReserve = 32   // bytes in front of each frame: room for a VLAN tag or the header of a cooked frame
	ringFrame   = 2048 // of no meaning to TPACKET_V3 but that it divides a block
)

// Offsets in a block and in a frame of TPACKET_V3 (linux/if_packet.h).
const (
	blockStatus = 8
	blockFrames = 12
	blockFirst  = 16

	frameNext    = 0
	frameSec     = 4
	frameNsec    = 8
	frameSnap    = 12
	frameLen     = 16
	frameStatus  = 20
	frameMAC     = 24
	frameTCI     = 32
	frameTPID    = 36
	frameAddress = 48 // struct sockaddr_ll
)

// ring is an AF_PACKET socket with a TPACKET_V3 ring.
type ring struct {
	name   string
	index  int // of the interface; 0 is any
	fd     int
	mem    []byte
	cooked bool
	labels *interfaceLabels

	block int // the one that is read, or that comes next
	left  int // frames of it that were not read yet
	at    int // where in mem the next one is
	held  bool
	drops uint64

	head  frame
	label string // the interface of head
	ready bool   // head is set
	down  string // why nothing comes; "" while all is well
}

// cookedOrNot says how frames of an interface of the hardware type are taken, and of what link type they are then.
func cookedOrNot(hardware uint16) (cooked bool, link uint32) {
	switch hardware {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return false, linkEthernet
	case unix.ARPHRD_IEEE80211:
		return false, link80211
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return false, linkRadiotap
	}
	return true, linkSLL2
}

// openRing begins to capture on the interface name.
func openRing(name string, filter liveFilter, promiscuous bool) (r *ring, err error) {
	r = &ring{name: name, fd: -1, labels: &interfaceLabels{}, label: name}
	link := uint32(linkSLL2)
	r.cooked = true
	if name != AnyInterface {
		in, err := net.InterfaceByName(name)
		if err != nil {
			return nil, unknownInterface(name)
		}
		r.index = in.Index
		hardware, err := hardwareType(name)
		if err != nil {
			return nil, err
		}
		r.cooked, link = cookedOrNot(hardware)
	}
	r.head.link = link
	kind := unix.SOCK_RAW
	if r.cooked {
		kind = unix.SOCK_DGRAM
	}
	// Without a protocol nothing comes before the filter is in place.
	r.fd, err = unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.cooked || link == linkEthernet {
		filter.cooked = r.cooked
		if err := r.attach(&filter); err != nil {
			return nil, err
		}
	}
	if err := r.mmap(); err != nil {
		return nil, err
	}
	if err := r.bind(); err != nil {
		return nil, err
	}
	if promiscuous && r.index != 0 {
		if err := r.promiscuous(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// hardwareType asks for the ARPHRD number of an interface.
func hardwareType(name string) (uint16, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return 0, fmt.Errorf("%s: cannot tell what kind of interface it is: %w", name, err)
	}
	return req.Uint16(), nil // sa_family
}

func (r *ring) attach(f *liveFilter) error {
	return r.attachProgram(f.program(kernelKind()))
}

// refuse lets nothing more in: what waits in the ring has an end then.
func (r *ring) refuse() error { return r.attachProgram([]bpf.Instruction{bpf.RetConstant{Val: 0}}) }

func (r *ring) attachProgram(program []bpf.Instruction) error {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	code := make([]unix.SockFilter, len(raw))
	for i, ins := range raw {
		code[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
		return fmt.Errorf("%s: the kernel refuses the filter: %w", r.name, err)
	}
	return nil
}

func (r *ring) mmap() (err error) {
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("%s: the kernel has no TPACKET_V3: %w", r.name, err)
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, ringReserve); err != nil {
		return err
	}
	req := unix.TpacketReq3{
		Block_size: ringBlock, Block_nr: ringBlocks,
		Frame_size: ringFrame, Frame_nr: ringBlock / ringFrame * ringBlocks,
		Retire_blk_tov: ringRetire,
	}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("%s: no memory for the ring of 16 MiB: %w", r.name, err)
	}
	r.mem, err = unix.Mmap(r.fd, 0, ringBlock*ringBlocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return err
}

func (r *ring) bind() error {
	protocol := binary.NativeEndian.Uint16([]byte{unix.ETH_P_ALL >> 8, unix.ETH_P_ALL & 0xFF}) // in network byte order
	return unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: r.index})
}

func (r *ring) promiscuous() error {
	m := unix.PacketMreq{Ifindex: int32(r.index), Type: unix.PACKET_MR_PROMISC}
	return unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m)
}

// close ends the capture.
func (r *ring) close() {
	if r.fd < 0 {
		return
	}
	unix.Close(r.fd) // it was only read
	r.fd = -1
	if r.mem != nil {
		unix.Munmap(r.mem)
		r.mem = nil
	}
}

// status is shared with the kernel: who owns the block.
func (r *ring) status() *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[r.block*ringBlock+blockStatus]))
}

// available reports whether the block that comes next was handed over.
func (r *ring) available() bool { return atomic.LoadUint32(r.status())&unix.TP_STATUS_USER != 0 }

func (r *ring) u32(at int) uint32 { return binary.NativeEndian.Uint32(r.mem[at:]) }
func (r *ring) u16(at int) uint16 { return binary.NativeEndian.Uint16(r.mem[at:]) }

// next looks at the next frame, which is then in head, and reports whether there is one. Where a block ends it is held until release.
func (r *ring) next() bool {
	for !r.ready && !r.held {
		if r.left > 0 {
			r.read()
			continue
		}
		if !r.available() {
			return false
		}
		base := r.block * ringBlock
		r.left, r.at = int(r.u32(base+blockFrames)), base+int(r.u32(base+blockFirst))
		r.held = r.left == 0
	}
	return r.ready
}

// taken says that head was taken.
func (r *ring) taken() {
	r.ready = false
	r.held = r.left == 0
}

// filling reports whether the kernel has put frames into the block that comes next, and has not handed it over yet.
func (r *ring) filling() bool {
	return r.available() || atomic.LoadUint32((*uint32)(unsafe.Pointer(&r.mem[r.block*ringBlock+blockFrames]))) > 0
}

// full reports whether the block that is held was handed over since it was full, and not since its time was over.
func (r *ring) full() bool { return atomic.LoadUint32(r.status())&unix.TP_STATUS_BLK_TMO == 0 }

// release gives a block back to the kernel whose frames are of no use any more.
func (r *ring) release() {
	clear(r.mem[r.block*ringBlock+blockFrames:][:4]) // for filling: the kernel clears it only when it begins to fill the block
	atomic.StoreUint32(r.status(), unix.TP_STATUS_KERNEL)
	r.block = (r.block + 1) % ringBlocks
	r.held = false
}

// read makes the frame at r.at the head.
func (r *ring) read() {
	at := r.at
	r.left--
	r.at += int(r.u32(at + frameNext))
	h := &r.head
	h.time = decode.Time(int64(r.u32(at+frameSec))*1e9 + int64(r.u32(at+frameNsec)))
	from, n := at+int(r.u16(at+frameMAC)), int(r.u32(at+frameSnap))
	h.data, h.wire = r.mem[from:from+n:from+n], max(n, int(r.u32(at+frameLen)))
	r.ready = true
	status := r.u32(at + frameStatus)
	if r.cooked {
		r.cook(at, from, status)
	} else if status&unix.TP_STATUS_VLAN_VALID != 0 && n >= 12 {
		// The tag goes back to where it was on the wire.
		copy(r.mem[from-4:], r.mem[from:from+12])
		r.tag(r.mem[from+8:], at, status)
		h.data = r.mem[from-4 : from+n : from+n]
		h.wire += 4
	}
}

// tag writes the VLAN tag that the kernel took off.
func (r *ring) tag(b []byte, at int, status uint32) {
	tpid := uint16(etherVLAN)
	if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = r.u16(at + frameTPID)
	}
	binary.BigEndian.PutUint16(b, tpid)
	binary.BigEndian.PutUint16(b[2:], uint16(r.u32(at+frameTCI)))
}

// cook puts the header of LINUX_SLL2 in front of the frame at from, made of its struct sockaddr_ll.
func (r *ring) cook(at, from int, status uint32) {
	n := len(r.head.data)
	var b [24]byte
	address := r.mem[at+frameAddress:]
	index := binary.NativeEndian.Uint32(address[4:])
	copy(b[0:], address[2:4]) // protocol
	if hidesTag(b[:2], r.head.data) {
		binary.BigEndian.PutUint16(b[:], etherVLAN)
	}
	binary.BigEndian.PutUint32(b[4:], index)
	binary.BigEndian.PutUint16(b[8:], binary.NativeEndian.Uint16(address[8:])) // ARPHRD
	copy(b[10:20], address[10:20])                                             // packet type, length and address
	size := 20
	if status&unix.TP_STATUS_VLAN_VALID != 0 {
		var tag [4]byte
		r.tag(tag[:], at, status)
		copy(b[20:], tag[2:])
		copy(b[22:], b[:2])
		copy(b[:2], tag[:2])
		size = 24
	}
	copy(r.mem[from-size:], b[:size])
	r.head.data = r.mem[from-size : from+n : from+n]
	r.head.wire += size
	if r.index == 0 {
		r.label = r.labels.name(int(index))
	}
}

// hidesTag reports whether a cooked frame begins with a VLAN tag, although the protocol is that of what is behind the tag: Linux
// says so since 6.10. A tag looks like the beginning of IP only where it has the one priority that makes its first half byte the version.
func hidesTag(protocol, data []byte) bool {
	if len(data) < 4 || protocol[0] != data[2] || protocol[1] != data[3] {
		return false
	}
	switch binary.BigEndian.Uint16(protocol) {
	case etherIPv4:
		return data[0]>>4 != 4
	case etherIPv6:
		return data[0]>>4 != 6
	}
	return false
}

// lost adds up what the kernel dropped since the last call, and returns the sum.
func (r *ring) lost() uint64 {
	if r.fd >= 0 {
		if s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			r.drops += uint64(s.Drops)
		}
	}
	return r.drops
}

// failed takes the error that the socket has, if it has one that does not pass.
func (r *ring) failed() error {
	errno, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return err
	case errno == 0:
		return nil
	case errno == int(unix.ENETDOWN):
		r.look()
		return nil
	}
	return unix.Errno(errno)
}

// look finds out whether the interface is there and up. One that was made anew under its old name is bound again, which needs no rights.
func (r *ring) look() {
	if r.index == 0 {
		return
	}
	in, err := net.InterfaceByName(r.name)
	switch {
	case err != nil:
		r.down = "is gone"
	case in.Flags&net.FlagUp == 0:
		r.down = "is down"
		if in.Index != r.index {
			r.down = "is another one" // bound when it is up: binding while it is down would only tell so again
		}
	case in.Index != r.index:
		r.rebind(in.Index)
	default:
		r.down = ""
	}
}

func (r *ring) rebind(index int) {
	old := r.index
	r.index = index
	if err := r.bind(); err != nil {
		r.index = old
		r.down = "cannot be captured again: " + err.Error()
		return
	}
	r.down = ""
}

// interfaceLabels names interfaces by their index.
type interfaceLabels struct {
	last  int
	label string
	names map[int]string
}

func (l *interfaceLabels) name(index int) string {
	if l.label != "" && l.last == index {
		return l.label
	}
	s, ok := l.names[index]
	if !ok {
		s = AnyInterface
		if in, err := net.InterfaceByIndex(index); err == nil {
			s = in.Name
		}
		if l.names == nil || len(l.names) > 10_000 {
			l.names = map[int]string{}
		}
		l.names[index] = s
	}
	l.last, l.label = index, s
	return s
}

// permission reports whether err says that rights are missing.
func permission(err error) bool { return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) }
