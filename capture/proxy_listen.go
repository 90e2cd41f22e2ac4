package capture

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// acceptPause is how long to wait after a failed accept, as when the process has no file descriptor left.
const acceptPause = 100 * time.Millisecond

// loopPause is how long the broker's URL is not tried after it led back to the proxy.
const loopPause = time.Second

var errLoop = errors.New("that leads back to this proxy: give the broker's own address")

// listen opens all addresses, or none.
func (p *Proxy) listen() error {
	if len(p.opts.Listen) == 0 {
		return errors.New("no address to listen on: give --listen, such as --listen :1884")
	}
	for _, addr := range p.opts.Listen {
		if _, err := strconv.ParseUint(addr, 10, 16); err == nil {
			addr = ":" + addr
		}
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return fmt.Errorf("--listen %s: not an address; write :1884, or 127.0.0.1:1884 for clients on this machine only", addr)
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			return fmt.Errorf("--listen %s: %s is no port; write a number up to 65535, or 0 for any that is free", addr, port)
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return explainListen(addr, err)
		}
		p.listeners = append(p.listeners, l)
		if p.isUpstream(l.Addr()) {
			return fmt.Errorf("--listen %s is also the broker's address %s: the proxy would connect to itself; listen on another port", addr, p.broker)
		}
	}
	return nil
}

// A ListenError says in one line why an address cannot be listened on, and what to do.
type ListenError struct {
	Addr, Reason string
	Err          error
}

func (e *ListenError) Error() string { return "cannot listen on " + e.Addr + ": " + e.Reason }
func (e *ListenError) Unwrap() error { return e.Err }

func explainListen(addr string, err error) error {
	var dns *net.DNSError
	reason := innermost(err)
	switch {
	case errors.Is(err, errAddrInUse):
		reason = "the address is in use, perhaps by the broker itself; choose another port with --listen, or end the program that has it"
	case errors.Is(err, os.ErrPermission):
		reason = "permission denied; ports below 1024 need privileges, so choose one above, such as --listen :1884"
	case errors.Is(err, errAddrNotAvail):
		reason = "this machine has no such address; leave out the host to listen on all it has"
	case errors.As(err, &dns):
		reason = "unknown host or service"
	}
	return &ListenError{addr, reason, err}
}

// isUpstream reports whether the broker's URL leads back to listen.
func (p *Proxy) isUpstream(listen net.Addr) bool {
	at := addrPort(listen)
	if p.broker.socket() || at.Port() != p.broker.Port {
		return false
	}
	host, err := netip.ParseAddr(p.broker.Host)
	switch {
	case strings.EqualFold(p.broker.Host, "localhost"):
		return at.Addr().IsUnspecified() || at.Addr().IsLoopback()
	case err != nil:
		return false
	case host.Unmap() == at.Addr():
		return true
	}
	return at.Addr().IsUnspecified() && isLocal(host.Unmap())
}

// isLocal reports whether host is an address of this machine.
func isLocal(host netip.Addr) bool {
	if host.IsLoopback() || host.IsUnspecified() {
		return true
	}
	addrs, _ := net.InterfaceAddrs() // none is fine: what is not known to be local is not
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap() == host {
			return true
		}
	}
	return false
}

// isOwn reports whether c leads to one of p's own listeners, as it may by a name of this machine: each connection would make another.
func (p *Proxy) isOwn(c net.Conn) bool {
	local, remote := addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())
	for _, l := range p.listeners {
		at := addrPort(l.Addr())
		if at.Port() == remote.Port() && local.Addr() == remote.Addr() && (at.Addr() == remote.Addr() || at.Addr().IsUnspecified()) {
			return true
		}
	}
	return false
}

// accept takes connections until ctx is done.
func (p *Proxy) accept(ctx context.Context, l net.Listener) error {
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			p.relays.Go(func() { p.serveClient(ctx, c) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("cannot go on listening on %s: %s", l.Addr(), innermost(err))
		default:
			p.note("a client could not be accepted: " + innermost(err))
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// serveClient passes on what comes on one client's connection until it ends.
func (p *Proxy) serveClient(ctx context.Context, c net.Conn) {
	client := endpoint{Conn: c, raw: c}
	from := addrPort(c.RemoteAddr())
	if p.accepting != nil {
		secure := tls.Server(c, p.accepting)
		if err := p.shake(ctx, secure); err != nil {
			p.failedTLS(from, err)
			_ = c.Close()
			return
		}
		client.Conn = secure
	}
	broker, err := p.dial(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.reached(err)
		}
		_ = client.Close()
		return
	}
	p.reached(nil)
	r := &relay{record: proxyRecord{proxy: p, client: from, server: addrPort(broker.raw.RemoteAddr())}}
	r.ends[clientEnd], r.ends[brokerEnd] = client, broker
	if !p.add(r) {
		r.leave()
	}
	r.run()
	p.remove(r)
}

func (p *Proxy) shake(ctx context.Context, c *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	return c.HandshakeContext(ctx)
}

// dial connects to the broker.
func (p *Proxy) dial(ctx context.Context) (endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	if time.Since(time.Unix(0, p.looped.Load())) < loopPause {
		return endpoint{}, errLoop // it may be our own connection
	}
	raw, err := p.broker.dial(ctx)
	if err != nil {
		return endpoint{}, err
	}
	if p.isOwn(raw) {
		p.looped.Store(time.Now().UnixNano())
		_ = raw.Close()
		return endpoint{}, errLoop
	}
	if p.dialing == nil {
		return endpoint{Conn: raw, raw: raw}, nil
	}
	secure, err := startTLS(ctx, raw, p.dialing)
	if err != nil {
		return endpoint{}, err
	}
	return endpoint{Conn: secure, raw: raw}, nil
}
