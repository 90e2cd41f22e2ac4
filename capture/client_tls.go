package capture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
)

// tlsError marks what went wrong between TCP and MQTT.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

func tlsConfig(b *BrokerURL, o *ClientOptions) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: o.ServerName, InsecureSkipVerify: o.Insecure, MinVersion: tls.VersionTLS12}
	if cfg.ServerName == "" {
		cfg.ServerName = b.Host
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("CA file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA file %s holds no certificate in PEM form", o.CAFile)
		}
	}
	if (o.Cert == "") != (o.Key == "") {
		return nil, errors.New("--cert and --key belong together: a client certificate needs its key")
	}
	if o.Cert != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// noTLSOptions refuses options that would be of no effect.
func noTLSOptions(b *BrokerURL, o *ClientOptions) error {
	if o.CAFile != "" || o.Cert != "" || o.Key != "" || o.Insecure {
		return fmt.Errorf("%s is not encrypted: certificates and --insecure need mqtts:// or wss://", b)
	}
	return nil
}

// startTLS begins TLS on conn, and closes it where that fails.
func startTLS(ctx context.Context, conn net.Conn, cfg *tls.Config) (*tls.Conn, error) {
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &tlsError{err}
	}
	return secure, nil
}
