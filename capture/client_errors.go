package capture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/mqttwatch/mqttwatch/decode"
)

// notSpoken says that the broker refused the version that it was asked to speak.
func notSpoken(v decode.Version) string { return "the broker does not speak MQTT " + v.String() }

// explainConnect says in one line why an attempt to connect with version v failed. Head is the first bytes that the broker sent.
func explainConnect(b *BrokerURL, err error, head []byte, timeout time.Duration, v decode.Version) string {
	var refused *autopaho.ConnackError
	if errors.As(err, &refused) {
		return explainConnack(decode.ReasonCode(refused.ReasonCode), refused.Reason, v)
	}
	if s := explainHead(b, head, v); s != "" {
		return s
	}
	if s := explainTLS(err); s != "" {
		return s
	}
	if b.TLS && len(head) == 0 && (errors.Is(err, io.EOF) || errors.Is(err, errConnReset) || errors.Is(err, syscall.EPIPE)) {
		return "the broker closed the connection right after TLS: it may want a client certificate: --cert and --key"
	}
	var dns *net.DNSError
	var errno syscall.Errno
	var netErr net.Error
	var closed *wsClosed
	switch {
	case errors.As(err, &closed):
		return closed.Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		return "unknown host " + b.Host
	case errors.As(err, &dns):
		return fmt.Sprintf("host %s cannot be looked up: %s", b.Host, dns.Err)
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the broker closed the connection without an answer"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Sprintf("no answer within %v", timeout)
	}
	return innermost(err)
}

func explainConnack(code decode.ReasonCode, reason string, v decode.Version) string {
	switch code {
	case 0x01, 0x84: // 3.1.1: unacceptable protocol version; 5.0: Unsupported Protocol Version
		return notSpoken(v)
	}
	s := fmt.Sprintf("broker refused: %s (0x%02X)", code.Name(decode.CONNACK, decode.V5), uint8(code))
	switch {
	case reason != "":
		s += ": " + decode.Escape(reason)
	case code == 0x86 || code == 0x04:
		s += ": check --user and the password"
	case code == 0x87 || code == 0x05:
		s += ": it may want a login (--user and --password-file) or another one, or not let this Client Identifier in"
	}
	return s
}

// explainHead reads what paho cannot: a CONNACK of a broker before 5.0, and answers that are no MQTT.
func explainHead(b *BrokerURL, head []byte, v decode.Version) string {
	switch {
	case len(head) == 4 && head[0] == 0x20 && head[1] == 2 && head[3] != 0:
		return explainConnack(decode.ReasonCode(head[3]), "", v)
	case len(head) == 4 && head[0] == 0x20 && head[1] == 2 && v == decode.V5:
		return notSpoken(v) // accepted, without properties
	case len(head) >= 2 && head[0] == 0x15 && head[1] == 3 && !b.TLS:
		return "the broker wants TLS on this port: use mqtts://"
	case strings.HasPrefix(string(head), "HTTP"):
		return "this port speaks HTTP, not MQTT"
	}
	return ""
}

func explainTLS(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		remote    *net.OpError // crypto/tls reports the other end's alerts like this
		failed    *tlsError
	)
	switch {
	case errors.As(err, &authority):
		return "TLS: none of the authorities that are trusted here, the system's or those of --cafile, has signed the broker's certificate: name the one that did with --cafile, or go unchecked with --insecure"
	case errors.As(err, &host):
		return wrongHost(&host)
	case errors.As(err, &invalid):
		return "TLS: the broker's certificate is not valid (" + decode.Escape(invalid.Error()) + "): --insecure goes on unchecked"
	case errors.As(err, &record):
		return "TLS: the broker does not speak TLS on this port: use mqtt://, or another port"
	case errors.As(err, &remote) && remote.Op == "remote error":
		return "TLS: the broker refused (" + innermost(remote) + "): it may want a client certificate: --cert and --key"
	case errors.As(err, &failed) && errors.Is(err, io.EOF):
		return "TLS: the broker closed the connection during the TLS handshake: does it speak TLS on this port?"
	case errors.As(err, &failed) && errors.Is(err, errConnReset):
		return "TLS: the broker reset the connection during the TLS handshake: does it speak TLS on this port?"
	case errors.As(err, &failed) && !errors.Is(err, context.DeadlineExceeded):
		return "TLS: " + innermost(failed.err)
	}
	return ""
}

// explainLoss says why a connection that was up was lost.
func explainLoss(err error) string {
	var errno syscall.Errno
	var closed *wsClosed
	switch {
	case errors.As(err, &closed):
		return closed.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the broker closed the connection"
	case errors.As(err, &errno):
		return errno.Error()
	case strings.Contains(err.Error(), "PINGRESP timed out"), strings.Contains(err.Error(), "pingresp not received"):
		return "the broker did not answer PINGREQ"
	}
	if s := explainTLS(err); s != "" {
		return s
	}
	return innermost(err)
}

func explainDisconnect(d *paho.Disconnect) string {
	code := decode.ReasonCode(d.ReasonCode)
	s := fmt.Sprintf("broker sent DISCONNECT: %s (0x%02X)", code.Name(decode.DISCONNECT, decode.V5), uint8(code))
	if d.Properties != nil && d.Properties.ReasonString != "" {
		s += ": " + decode.Escape(d.Properties.ReasonString)
	}
	return s
}

// innermost leaves out what wrapping added: addresses, and names of calls. What remains may come from the wire.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if several, ok := err.(interface{ Unwrap() []error }); ok && len(several.Unwrap()) > 0 {
			next = several.Unwrap()[len(several.Unwrap())-1]
		}
		if next == nil {
			return decode.Escape(err.Error())
		}
		err = next
	}
}
