package capture

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

//	client ─ endpoint ─▶ relay ─▶ endpoint ─ broker
//	                       └─▶ proxyRecord ─▶ Tap (bounded queue) ─▶ Sink
//
// A relay holds at most one read of each direction: it reads on when the other side has taken that, so a slow side slows
// the other. What it tells the Tap never waits.

// ProxyOptions say where a Proxy stands. Listen and Upstream are needed; zero values mean the defaults.
type ProxyOptions struct {
	// Listen are the addresses that clients connect to: "host:port", ":port" or "port".
	Listen []string
	// Upstream is the broker's URL, without user and password: clients log in by themselves.
	Upstream string

	// TLSCert and TLSKey are the PEM files of the certificate shown to clients; without them clients speak without TLS.
	TLSCert, TLSKey string

	// CAFile, Cert, Key, ServerName and Insecure are about TLS with the broker, as in ClientOptions.
	CAFile, Cert, Key string
	ServerName        string
	Insecure          bool

	// Timeout bounds the TLS handshake with a client, and TCP and TLS to the broker; default 10 s.
	Timeout time.Duration
	Decode  decode.Options
	// TapBytes bounds the bytes that wait for the Sink; 0 is the Tap's default.
	TapBytes int
}

// Proxy is a Source that stands between clients and a broker. It passes on bytes as they are, and how either side ends its part of
// a connection; MQTT is recognised by its CONNECT, anything else is passed on too, and counted.
type Proxy struct {
	opts      ProxyOptions
	broker    *BrokerURL
	tap       *Tap
	accepting *tls.Config // nil without TLS towards clients
	dialing   *tls.Config // nil without TLS towards the broker
	listeners []net.Listener

	relays sync.WaitGroup
	looped atomic.Int64 // when the broker's URL last led back here, in Unix nanoseconds

	mu     sync.Mutex
	state  string
	err    string // why the broker could not be reached last
	turned uint64 // clients for whom it could not be reached
	served uint64 // clients for whom it was reached
	shaky  uint64 // clients that failed at TLS
	why    string // the last of these
	notes  []string
	other  map[string]uint64
	open   map[*relay]struct{} // nil once the run ends
}

// NewProxy checks opts, reads the certificates they name, and listens. Run must follow, or Close. Its errors are one line each; a
// ListenError tells that opts are right but an address cannot be had.
func NewProxy(opts ProxyOptions) (*Proxy, error) {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	p := &Proxy{opts: opts, state: "starting", other: map[string]uint64{}, open: map[*relay]struct{}{}}
	if err := p.configure(); err != nil {
		return nil, err
	}
	p.tap = NewTap(TapOptions{Source: "proxy", ServerName: p.broker.name(), Decode: opts.Decode, MaxBytes: opts.TapBytes})
	if err := p.listen(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Proxy) configure() (err error) {
	o := &p.opts
	if p.broker, err = ParseURL(o.Upstream); err != nil {
		return err
	}
	if p.broker.User != "" || p.broker.HasPassword {
		return fmt.Errorf("%s: a proxy logs in nowhere, its clients do: leave out the user name and the password", p.broker)
	}
	client := ClientOptions{CAFile: o.CAFile, Cert: o.Cert, Key: o.Key, ServerName: o.ServerName, Insecure: o.Insecure}
	if p.broker.TLS {
		if p.dialing, err = tlsConfig(p.broker, &client); err != nil {
			return err
		}
	} else if err := noTLSOptions(p.broker, &client); err != nil {
		return err
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key belong together: a certificate needs its key")
	}
	if o.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
		if err != nil {
			return fmt.Errorf("certificate for clients (--tls-cert, --tls-key): %w", err)
		}
		p.accepting = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	return nil
}

// Addrs returns the addresses that clients can connect to.
func (p *Proxy) Addrs() []net.Addr {
	var a []net.Addr
	for _, l := range p.listeners {
		a = append(a, l.Addr())
	}
	return a
}

// Close gives the addresses back. It is for a Proxy that does not Run; Run does so by itself.
func (p *Proxy) Close() {
	for _, l := range p.listeners {
		_ = l.Close()
	}
}

// Run passes on what comes until ctx is done, and returns nil then. Connections that stand at that time are closed. A Proxy runs
// once.
func (p *Proxy) Run(ctx context.Context, sink Sink) error {
	p.mu.Lock()
	if p.state != "starting" {
		p.mu.Unlock()
		return errors.New("a Proxy runs once")
	}
	p.state = "live"
	p.mu.Unlock()

	drained := make(chan struct{})
	go func() { p.tap.Drain(sink); close(drained) }()
	err := p.serve(ctx)
	p.tap.Close()
	<-drained
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.err = "ended", ""
	if err != nil {
		p.state, p.err = "failed", err.Error()
	}
	return err
}

// serve accepts until ctx is done or a listener fails, and ends all connections then.
func (p *Proxy) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var accepting sync.WaitGroup
	for _, l := range p.listeners {
		accepting.Go(func() {
			if err := p.accept(ctx, l); err != nil {
				cancel(err)
			}
		})
	}
	<-ctx.Done()
	p.Close()
	accepting.Wait()
	p.mu.Lock()
	standing := p.open
	p.open = nil
	p.mu.Unlock()
	for r := range standing {
		r.leave()
	}
	p.relays.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// Stats describes the proxy. State is "starting", "live", "retrying" (the broker could not be reached for the newest client; Err says
// why), "failed" or "ended".
func (p *Proxy) Stats() decode.SourceStats {
	st := p.tap.Stats()
	p.mu.Lock()
	defer p.mu.Unlock()
	st.Name, st.Kind, st.State, st.Err = p.broker.String(), "proxy", p.state, p.err
	var listen []string
	for _, a := range p.Addrs() {
		listen = append(listen, a.String())
	}
	st.Listen = strings.Join(listen, ", ")
	if p.turned > 0 {
		st.Notes = append(st.Notes, fmt.Sprintf("clients turned away, since the broker could not be reached: %d", p.turned))
	}
	if p.shaky > 0 {
		st.Notes = append(st.Notes, fmt.Sprintf("clients that failed at TLS: %d, the last with: %s", p.shaky, p.why))
	}
	if p.other[decode.GuessTLS.String()] > 0 {
		st.Notes = append(st.Notes, "clients speak TLS here, which is passed on unseen: --tls-cert and --tls-key end it in the proxy")
	}
	st.Notes = append(st.Notes, p.notes...)
	st.Other = maps.Clone(p.other)
	return st
}

// reached keeps whether the broker could be reached for the newest client.
func (p *Proxy) reached(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.err = "live", ""
	if err == nil {
		p.served++
	} else {
		p.turned++
		p.state = "retrying"
		p.err = fmt.Sprintf("cannot connect to %s: %s", p.broker, withAdvice(explainConnect(p.broker, err, nil, p.opts.Timeout, 0), advise(p.broker, err, nil)))
	}
}

// Unreached returns for how many clients the broker could not be reached, if it could be reached for none; else 0.
func (p *Proxy) Unreached() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.served > 0 {
		return 0
	}
	return p.turned
}

// failedTLS keeps why a client's TLS handshake failed.
func (p *Proxy) failedTLS(client netip.AddrPort, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shaky++
	p.why = client.String() + ": " + innermost(err)
}

func (p *Proxy) count(other string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.other[other]++
}

func (p *Proxy) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.notes) < maxNotes && !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}

// add keeps r for the end of the run; false where that has come.
func (p *Proxy) add(r *relay) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		return false
	}
	p.open[r] = struct{}{}
	return true
}

func (p *Proxy) remove(r *relay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, r)
}
