package capture

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// A BrokerURL is where a broker is and how to log in to it, as a user writes it: mqtts://user:password@host:8883.
type BrokerURL struct {
	Scheme string // as written, in lower case
	Host   string // a name or an IP address, without brackets
	Port   uint16
	TLS    bool
	User   string
	// Password is never shown: String and all errors leave it out.
	Password    string
	HasPassword bool
}

// schemes lists what ParseURL knows; those without a port are known, and refused.
var schemes = []struct {
	name string
	port uint16
	tls  bool
}{
	{"mqtt", 1883, false},
	{"tcp", 1883, false},
	{"mqtts", 8883, true},
	{"ssl", 8883, true},
	{"tls", 8883, true},
	{"ws", 0, false},
	{"wss", 0, true},
}

// IsURL reports whether word was meant as a URL, good or bad, and not as a file or an interface.
func IsURL(word string) bool {
	scheme, _, ok := strings.Cut(word, "://")
	if !ok || scheme == "" {
		return false
	}
	for _, c := range scheme {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

// ParseURL takes a broker's URL apart. Its errors say in one line what is wrong and what would work, and never contain
// a user name or a password.
func ParseURL(s string) (*BrokerURL, error) {
	if !IsURL(s) {
		return nil, fmt.Errorf("%s: not a URL; a broker is given as mqtt://host or mqtts://host", redact(s))
	}
	scheme, _, _ := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	b := &BrokerURL{Scheme: scheme}
	known := false
	for _, k := range schemes {
		if k.name == scheme {
			known, b.Port, b.TLS = true, k.port, k.tls
		}
	}
	switch {
	case !known:
		return nil, fmt.Errorf("%s: unknown scheme %q; known are mqtt, mqtts, tcp, ssl and tls", redact(s), scheme)
	case b.Port == 0:
		return nil, fmt.Errorf("%s: MQTT over WebSocket (%s) is not supported yet; use mqtt:// or mqtts://", redact(s), scheme)
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%s: bad URL: %s", redact(s), urlReason(s, err))
	}
	if err := b.fill(u); err != nil {
		return nil, fmt.Errorf("%s: %w", redact(s), err)
	}
	return b, nil
}

func (b *BrokerURL) fill(u *url.URL) error {
	b.Host = u.Hostname()
	if b.Host == "" {
		return fmt.Errorf("no host; write %s://host or %s://host:%d", b.Scheme, b.Scheme, b.Port)
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("bad port %s; a port is a number from 1 to 65535", p)
		}
		b.Port = uint16(n)
	}
	if u.Path != "" && u.Path != "/" {
		return errors.New("a path means nothing here; topics are given with --topic")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return errors.New("nothing may follow the host and the port; write # and ? in a user name or a password as %23 and %3F")
	}
	if u.User != nil {
		b.User = u.User.Username()
		b.Password, b.HasPassword = u.User.Password()
	}
	return nil
}

// Address is host:port, as net.Dial takes it.
func (b *BrokerURL) Address() string { return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))) }

// String returns the URL without user name and password, with its port.
func (b *BrokerURL) String() string { return b.Scheme + "://" + b.Address() }

// urlReason says what url.Parse found, unless that could repeat a part of a password.
func urlReason(s string, err error) string {
	if strings.Contains(s, "@") {
		return "the host or the port is wrong, or a character of the user name or the password must be written as %XX"
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if strings.Contains(err.Error(), "invalid port") {
		return "bad port; a port is a number from 1 to 65535"
	}
	return err.Error()
}

// redact leaves out what may be a user name and a password, also of what is no URL.
func redact(s string) string {
	at := strings.LastIndex(s, "@")
	if at < 0 {
		return s
	}
	scheme, _, ok := strings.Cut(s, "://")
	if !ok || len(scheme) > at {
		return "…" + s[at:]
	}
	return scheme + "://…" + s[at:]
}
