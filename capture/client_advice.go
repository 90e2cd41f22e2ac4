package capture

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/mqttwatch/mqttwatch/decode"
)

// upgradeCut marks a connection that ended while WebSocket was asked for.
type upgradeCut struct{ err error }

func (e *upgradeCut) Error() string { return e.err.Error() }
func (e *upgradeCut) Unwrap() error { return e.err }

// advise says what may help where an attempt to connect failed for what explainConnect says; "" where that says it itself. It is for the first attempt: what
// has worked before is set up well.
func advise(b *BrokerURL, err error, head []byte) string {
	var dns *net.DNSError
	var failed *tlsError
	var cut *upgradeCut
	var timeout net.Error
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errConnReset) || errors.Is(err, syscall.EPIPE)
	switch {
	case len(head) > 0 || errors.As(err, &failed):
		return ""
	case errors.As(err, &dns) && dns.IsNotFound:
		return "check the name, or give the address"
	case errors.As(err, &dns):
		return "check the name server, or give the address"
	case errors.As(err, &cut) && ended:
		return "does the broker speak WebSocket on this port?"
	case errors.Is(err, os.ErrNotExist) && b.socket():
		return "does the broker run, and is this its socket?"
	case errors.Is(err, os.ErrPermission):
		return "this user may not open it"
	case errors.Is(err, syscall.ECONNREFUSED) && b.socket():
		return "nobody listens on the socket: does the broker run?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nobody listens on port %d there: does the broker run, and on this port?", b.Port)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "is the address right, and the network up?"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "is the address right, and does no firewall drop what is sent there?"
	case ended && !b.TLS && !b.WebSocket && !b.socket():
		return "does it want TLS on this port (mqtts://), or not let this client in?"
	}
	return ""
}

// withAdvice joins what explainConnect and advise say.
func withAdvice(reason, advice string) string {
	if advice == "" {
		return reason
	}
	return reason + ": " + advice
}

// wrongHost says for which hosts a certificate is, and what to do where that is another.
func wrongHost(e *x509.HostnameError) string {
	const most = 5
	names := append([]string(nil), e.Certificate.DNSNames...)
	for _, ip := range e.Certificate.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && e.Certificate.Subject.CommonName != "" {
		return fmt.Sprintf("TLS: the broker's certificate names no host but in its Common Name (%s), where nobody looks any more: it needs a Subject Alternative Name; --insecure goes on unchecked",
			decode.Escape(e.Certificate.Subject.CommonName))
	}
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	return fmt.Sprintf("TLS: the broker's certificate is for another host (%s%s) than %s: use a name that is in it, say which with --server-name, or go unchecked with --insecure",
		decode.Escape(strings.Join(names, ", ")), more, decode.Escape(e.Host))
}
