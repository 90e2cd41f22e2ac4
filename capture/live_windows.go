package capture

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/gopacket/pcap"
	"golang.org/x/net/bpf"

	"github.com/mqttwatch/mqttwatch/decode"
)

const anyWorks = false

type liveSource struct{ readers }

func (l *Live) open(hosts []netip.Prefix) (err error) {
	if err := pcap.LoadWinPCAP(); err != nil {
		return fmt.Errorf("%w: capturing without Npcap (https://npcap.com); or let another machine capture: %s",
			ErrNotHere, tcpdumpInstead(l.names[0], l.opts.Ports))
	}
	l.readers, err = l.openReaders(hosts, func(name string, filter liveFilter) (frameReader, error) {
		return openNpcap(name, filter, l.opts.Promiscuous)
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

// npcapReader reads an interface through Npcap.
type npcapReader struct {
	handle *pcap.Handle
	drops  atomic.Uint64
	asked  time.Time
}

func openNpcap(name string, filter liveFilter, promiscuous bool) (*npcapReader, error) {
	device, err := npcapDevice(name)
	if err != nil {
		return nil, err
	}
	handle, err := pcap.OpenLive(device, int32(filter.snapLen), promiscuous, 100*time.Millisecond)
	if err != nil {
		return nil, fmt.Errorf("cannot capture on %s: %w", name, err)
	}
	if uint32(handle.LinkType()) == linkEthernet {
		if err := npcapFilter(handle, filter); err != nil {
			handle.Close()
			return nil, fmt.Errorf("cannot capture on %s: %w", name, err)
		}
	}
	return &npcapReader{handle: handle}, nil
}

// npcapFilter has the kernel choose.
func npcapFilter(handle *pcap.Handle, filter liveFilter) error {
	raw, err := bpf.Assemble(filter.program(nil))
	if err != nil {
		return err
	}
	ins := make([]pcap.BPFInstruction, len(raw))
	for i, r := range raw {
		ins[i] = pcap.BPFInstruction{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return handle.SetBPFInstructionFilter(ins)
}

// npcapDevice finds the name that Npcap has for an interface, by their addresses.
func npcapDevice(name string) (string, error) {
	in, err := net.InterfaceByName(name)
	if err != nil {
		return "", unknownInterface(name)
	}
	addrs, err := in.Addrs()
	if err != nil {
		return "", err
	}
	devices, err := pcap.FindAllDevs()
	if err != nil {
		return "", fmt.Errorf("Npcap lists no interfaces: %w", err)
	}
	for _, d := range devices {
		if in.Flags&net.FlagLoopback != 0 && strings.Contains(d.Name, "Loopback") {
			return d.Name, nil
		}
		for _, has := range d.Addresses {
			for _, a := range addrs {
				if n, ok := a.(*net.IPNet); ok && n.IP.Equal(has.IP) {
					return d.Name, nil
				}
			}
		}
	}
	return "", fmt.Errorf("%s: Npcap has no interface with one of its addresses", name)
}

func (r *npcapReader) read(f *frame) error {
	data, info, err := r.handle.ZeroCopyReadPacketData()
	if now := time.Now(); now.Sub(r.asked) > time.Second {
		r.asked = now
		if s, err := r.handle.Stats(); err == nil {
			r.drops.Store(uint64(s.PacketsDropped))
		}
	}
	if err == pcap.NextErrorTimeoutExpired {
		f.data = nil
		return nil
	}
	if err != nil {
		return err
	}
	f.data, f.wire, f.link = data, info.Length, uint32(r.handle.LinkType())
	f.time = decode.TimeOf(info.Timestamp)
	return nil
}

func (r *npcapReader) lost() uint64 { return r.drops.Load() }

func (r *npcapReader) close() { r.handle.Close() }

// howToBePermitted tells how a user gets the right to capture.
func howToBePermitted() string { return "start it as administrator" }
