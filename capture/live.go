package capture

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/mqttwatch/mqttwatch/decode"
)

// AnyInterface is the name under which all interfaces are watched at once, also those that appear later.
const AnyInterface = "any"

// LiveOptions say what is captured. The zero value takes all TCP, whole frames, and leaves the interface's mode alone.
type LiveOptions struct {
	// Ports and Hosts choose in the kernel: TCP from or to one of the ports and one of the hosts; where there are none of a kind,
	// all. Hosts are addresses, prefixes as 10.0.0.0/8, or names, which NewLive looks up. With either, what runs inside a tunnel is left
	// out. At most 64 of each, and of the addresses that names stand for.
	Ports []uint16
	Hosts []string
	// Promiscuous also takes frames for other machines.
	Promiscuous bool
	// SnapLen is how many bytes of a frame are kept; default 262,144, which is more than any frame has.
	SnapLen int
	// Decode goes to every decode.Conn; nil means its defaults.
	Decode *decode.Options
	// MaxConnections is that of FileOptions.
	MaxConnections int
}

// defaultSnapLen is tcpdump's.
const defaultSnapLen = 256 << 10

// Live captures on network interfaces. It yields the TCP connections on them that carry MQTT.
//
// A data segment's bytes are valid until the Sink returns.
type Live struct {
	opts  LiveOptions
	names []string
	asm   *assembler
	liveSource
	recorder *Recorder // may be nil

	mu    sync.Mutex
	stats decode.SourceStats
}

// What can keep an interface from being captured.
var (
	// ErrNoInterface: there is none of that name.
	ErrNoInterface = errors.New("no such interface")
	// ErrNotPermitted: the user may not capture.
	ErrNotPermitted = errors.New("not permitted")
	// ErrNotHere: this platform offers no way that mqttwatch knows.
	ErrNotHere = errors.New("not on this platform")
)

// NewLive opens the interfaces named: from then on frames gather, and Run must follow, or Close. What needs rights is done when it
// returns, so that the process may give them up. Its errors are one line each.
func NewLive(ifaces []string, opts LiveOptions) (*Live, error) {
	if opts.SnapLen <= 0 || opts.SnapLen > defaultSnapLen {
		opts.SnapLen = defaultSnapLen
	}
	l := &Live{opts: opts}
	for _, name := range ifaces {
		if !slices.Contains(l.names, name) {
			l.names = append(l.names, name)
		}
	}
	if len(l.names) == 0 {
		return nil, fmt.Errorf("%w: none was named; there are %s", ErrNoInterface, interfaceNames())
	}
	if len(l.names) > 1 && slices.Contains(l.names, AnyInterface) {
		return nil, errors.New("any means all interfaces: name it alone")
	}
	hosts, err := hostPrefixes(opts.Hosts)
	if err != nil {
		return nil, err
	}
	if len(opts.Ports) > maxFilterList {
		return nil, fmt.Errorf("%d ports are more than the %d that fit into a filter", len(opts.Ports), maxFilterList)
	}
	l.stats = decode.SourceStats{Name: strings.Join(l.names, ", "), Kind: "interface", State: "starting", Progress: -1}
	if err := l.open(hosts); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// hostPrefixes looks up what the user called hosts.
func hostPrefixes(hosts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, host := range hosts {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		if p, err := netip.ParsePrefix(host); err == nil {
			out = append(out, p.Masked())
			continue
		}
		addrs := []netip.Addr{}
		if a, err := netip.ParseAddr(host); err == nil {
			addrs = append(addrs, a)
		} else if strings.Contains(host, "/") {
			return nil, fmt.Errorf("host %s: neither an address, nor a prefix such as 10.0.0.0/8, nor a name", host)
		} else if found, err := net.LookupHost(host); err != nil {
			return nil, fmt.Errorf("host %s: %w", host, err)
		} else {
			for _, text := range found {
				if a, err := netip.ParseAddr(text); err == nil {
					addrs = append(addrs, a)
				}
			}
		}
		for _, a := range addrs {
			a = a.Unmap().WithZone("")
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	if len(out) > maxFilterList {
		return nil, fmt.Errorf("%d hosts are more than the %d that fit into a filter", len(out), maxFilterList)
	}
	return out, nil
}

// Stats says what was captured and what was lost. State is "live", or "retrying" while an interface that was named is down or gone:
// Err then says which; the others are watched on.
func (l *Live) Stats() decode.SourceStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Other, s.NotDecoded = clone(s.Other), clone(s.NotDecoded)
	s.Notes = slices.Clone(s.Notes)
	return s
}

// begin makes the assembler.
func (l *Live) begin(sink Sink) {
	l.asm = newAssembler(maphash.Comparable(maphash.MakeSeed(), 0), nil, l.opts.Decode, sink)
	l.asm.limits.flows = l.opts.MaxConnections
	l.asm.limits.defaults()
	for _, p := range l.opts.Ports {
		l.asm.ports[p] = false // MQTT is expected there, but what is TLS is not forced to be MQTT
	}
	l.publish("live", "")
}

// take takes a frame that was captured on the interface name.
func (l *Live) take(f *frame, name string) {
	l.asm.source = name
	if l.recorder != nil {
		l.recorder.frame(f, name)
	}
	l.asm.frame(f)
}

// publish copies the counts to where Stats finds them. An empty state leaves the state as it is.
func (l *Live) publish(state, err string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.stats
	if state != "" {
		s.State, s.Err = state, err
	}
	c := &l.asm.count
	s.Frames, s.Bytes, s.TCPFrames = c.frames, c.bytes, c.tcp
	s.First, s.Last = c.first, c.last
	s.Gaps, s.GapBytes, s.Cut, s.Resent = c.gaps, c.gapBytes, c.cut, c.resent
	s.Connections = c.connections
	s.Other = clone(c.other)
	s.NotDecoded = clone(l.asm.dissector.notDecoded)
	s.Notes = s.Notes[:0:0]
	s.Notes = append(s.Notes, l.asm.notes()...)
}

// An Interface is one that can be captured.
type Interface struct {
	Name string
	// State is "up", "no carrier" or "down".
	State     string
	Loopback  bool
	Addresses []netip.Prefix
}

// Interfaces lists the interfaces of this machine, and AnyInterface where that works.
func Interfaces() ([]Interface, error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []Interface
	for i := range found {
		n := &found[i]
		state := "down"
		if n.Flags&net.FlagUp != 0 {
			state = "no carrier"
			if n.Flags&net.FlagRunning != 0 {
				state = "up"
			}
		}
		in := Interface{Name: n.Name, State: state, Loopback: n.Flags&net.FlagLoopback != 0}
		addrs, err := n.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				in.Addresses = append(in.Addresses, p)
			}
		}
		out = append(out, in)
	}
	if anyWorks {
		out = append(out, Interface{Name: AnyInterface, State: "up"})
	}
	return out, nil
}

// IsInterface reports whether name is that of an interface here.
func IsInterface(name string) bool {
	if anyWorks && name == AnyInterface {
		return true
	}
	_, err := net.InterfaceByName(name)
	return err == nil
}

func interfaceNames() string {
	var names []string
	found, err := Interfaces()
	if err != nil {
		return "none that can be listed: " + err.Error()
	}
	for _, in := range found {
		name := in.Name
		if in.State == "down" {
			name += " (down)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func unknownInterface(name string) error {
	return fmt.Errorf("%s: %w; there are %s", name, ErrNoInterface, interfaceNames())
}

// tcpdumpInstead is the command that captures without mqttwatch having the right to.
func tcpdumpInstead(name string, ports []uint16) string {
	expr := "tcp"
	for i, p := range ports {
		if i > 0 {
			expr += " or tcp"
		}
		expr += fmt.Sprintf(" port %d", p)
	}
	return fmt.Sprintf("sudo tcpdump -i %s -U -w - %s | mqttwatch replay -", name, expr)
}

// notPermitted says how to get the right to capture, and how to do without.
func notPermitted(name string, ports []uint16, cause error) error {
	return &permissionError{name: name, ports: ports, cause: cause}
}

type permissionError struct {
	name  string
	ports []uint16
	cause error
}

func (e *permissionError) Error() string {
	return fmt.Sprintf("may not capture on %s (%v); %s; or let tcpdump capture: %s", e.name, e.cause, howToBePermitted(), tcpdumpInstead(e.name, e.ports))
}

func (e *permissionError) Is(target error) bool { return target == ErrNotPermitted }
func (e *permissionError) Unwrap() error        { return e.cause }
