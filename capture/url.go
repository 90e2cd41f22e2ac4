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
	Host   string // a name or an IP address, without brackets; empty for unix
	Port   uint16
	TLS    bool
	// WebSocket says that MQTT is spoken inside of WebSocket; Path and Query are then those of the HTTP request.
	WebSocket   bool
	Path, Query string // Path is also that of a unix socket
	User        string
	// Password is never shown: String and all errors leave it out.
	Password    string
	HasPassword bool
}

// schemes lists what ParseURL knows. The ports of WebSocket are those of RFC 6455 §3.
var schemes = []struct {
	name string
	port uint16
	tls  bool
	ws   bool
}{
	{"mqtt", 1883, false, false},
	{"tcp", 1883, false, false},
	{"mqtts", 8883, true, false},
	{"ssl", 8883, true, false},
	{"tls", 8883, true, false},
	{"ws", 80, false, true},
	{"wss", 443, true, true},
	{unixScheme, 0, false, false},
}

const (
	unixScheme = "unix"
	// defaultWSPath is the path that most brokers have MQTT at; some take any.
	defaultWSPath = "/mqtt"
)

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
		host := redact(s)
		if host != s || strings.ContainsAny(s, "/ ") {
			host = "host"
		}
		return nil, fmt.Errorf("%s: not a URL; a broker is given as mqtt://%s or mqtts://%s", redact(s), host, host)
	}
	scheme, _, _ := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	b := &BrokerURL{Scheme: scheme}
	known := false
	for _, k := range schemes {
		if k.name == scheme {
			known, b.Port, b.TLS, b.WebSocket = true, k.port, k.tls, k.ws
		}
	}
	if !known && (scheme == "http" || scheme == "https") {
		_, rest, _ := strings.Cut(redact(s), "://")
		host, _, _ := strings.Cut(rest, "/")
		return nil, fmt.Errorf("%s: no scheme of a broker: give %s://%s where it speaks MQTT over WebSocket, else mqtt://%s", redact(s), "ws"+scheme[4:], rest, host)
	}
	if !known {
		return nil, fmt.Errorf("%s: unknown scheme %q; known are mqtt, mqtts, tcp, ssl, tls, ws, wss and unix", redact(s), scheme)
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
	if u.User != nil {
		b.User = u.User.Username()
		b.Password, b.HasPassword = u.User.Password()
	}
	if b.Scheme == unixScheme {
		return b.fillSocket(u)
	}
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
	if b.WebSocket {
		if u.Fragment != "" {
			return errors.New("nothing may follow the path; write # in a user name or a password as %23")
		}
		b.Path, b.Query = u.EscapedPath(), u.RawQuery
		if b.Path == "" {
			b.Path = defaultWSPath
		}
		return nil
	}
	if u.Path != "" && u.Path != "/" {
		return errors.New("a path means nothing here; topics are given with --topic")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return errors.New("nothing may follow the host and the port; write # and ? in a user name or a password as %23 and %3F")
	}
	return nil
}

func (b *BrokerURL) fillSocket(u *url.URL) error {
	if u.Host != "" || u.Path == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("a unix socket is given by its whole path: unix:///path/to/socket")
	}
	b.Path = u.Path
	return nil
}

func (b *BrokerURL) socket() bool { return b.Scheme == unixScheme }

// name is what to call the broker: its host, with the port where that is not the usual one, or its socket.
func (b *BrokerURL) name() string {
	for _, k := range schemes {
		if k.name == b.Scheme && k.port == b.Port && k.port != 0 {
			return b.Host
		}
	}
	return b.Address()
}

// Address is host:port, as net.Dial takes it, or the path of a unix socket.
func (b *BrokerURL) Address() string {
	if b.socket() {
		return b.Path
	}
	return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
}

// String returns the URL without user name, password and query, with its port.
func (b *BrokerURL) String() string {
	s := b.Scheme + "://" + b.Address()
	if b.WebSocket {
		s += b.Path
	}
	return s
}

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

// redact leaves out what may be a user name and a password, also of what is no URL, and a query, which may be a token.
func redact(s string) string {
	return redactQuery(redactLogin(s))
}

func redactQuery(s string) string {
	if before, _, ok := strings.Cut(s, "?"); ok {
		return before + "?…"
	}
	return s
}

func redactLogin(s string) string {
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
