package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/google/gopacket/bsdbpf"

	"github.com/mqttwatch/mqttwatch/decode"
)

const anyWorks = false

type liveSource struct{ readers }

// bpfBuffer is how much a read from a BPF device takes at once: the default of the system's limit debug.bpf_maxbufsize.
const bpfBuffer = 512 << 10

func (l *Live) open(hosts []netip.Prefix) (err error) {
	l.readers, err = l.openReaders(hosts, func(name string, _ liveFilter) (frameReader, error) {
		return openBPF(name, l.opts.Promiscuous, l.opts.Ports)
	})
	return err
}

// Close ends the capture where Run is not called. After Run it does nothing.
func (l *Live) Close() {
	l.closeAll()
	l.list = nil
}

// Run delivers what is captured until ctx is done; it returns nil then. A Live runs once.
func (l *Live) Run(ctx context.Context, sink Sink) error {
	defer l.Close()
	return l.runReaders(ctx, sink, &l.readers)
}

// bpfReader reads a BPF device of macOS.
type bpfReader struct {
	sniffer *bsdbpf.BPFSniffer
	link    uint32
}

func openBPF(name string, promiscuous bool, ports []uint16) (r *bpfReader, err error) {
	in, err := net.InterfaceByName(name)
	if err != nil {
		return nil, unknownInterface(name)
	}
	defer func() {
		if recover() != nil { // gopacket panics where it can open no BPF device
			r, err = nil, noDevice(name, ports)
		}
	}()
	sniffer, err := bsdbpf.NewBPFSniffer(name, &bsdbpf.Options{
		ReadBufLen: bpfBuffer, Timeout: &syscall.Timeval{Usec: 100_000}, Promisc: promiscuous, Immediate: true, PreserveLinkAddr: true,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot capture on %s: %w", name, err)
	}
	r = &bpfReader{sniffer: sniffer, link: linkEthernet}
	if in.Flags&(net.FlagLoopback|net.FlagPointToPoint) != 0 {
		r.link = linkNull
	}
	return r, nil
}

func noDevice(name string, ports []uint16) error {
	cause := errors.New("no BPF device can be opened")
	if f, err := os.OpenFile("/dev/bpf0", os.O_RDWR, 0); err == nil {
		f.Close()
	} else {
		cause = err
	}
	return &permissionError{name: name, ports: ports, cause: cause}
}

// howToBePermitted tells how a user gets the right to capture.
func howToBePermitted() string {
	return "try sudo, or allow yourself to read /dev/bpf* (Wireshark's ChmodBPF does)"
}

func (r *bpfReader) read(f *frame) error {
	data, info, err := r.sniffer.ReadPacketData()
	if err != nil && !errors.Is(err, syscall.EINTR) && !errors.Is(err, syscall.EAGAIN) {
		return err
	}
	f.data, f.wire, f.link, f.time = data, len(data), r.link, decode.TimeOf(info.Timestamp)
	return nil
}

// lost is not told by gopacket.
func (r *bpfReader) lost() uint64 { return 0 }

func (r *bpfReader) close() { r.sniffer.Close() }
