package badclient_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// relay stands between clients and a broker, copies bytes both ways and changes none. Its client end is tapped, so that what it
// records is in the order in which the clients see it.
type relay struct {
	net.Listener
	tap    *capture.Tap
	broker string
	copies sync.WaitGroup
}

func newRelay(t *testing.T, broker string, tap *capture.Tap) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, tap: tap, broker: broker}
	r.copies.Go(r.accept)
	return r
}

// close ends the relay once its connections have ended.
func (r *relay) close() {
	r.Listener.Close()
	r.copies.Wait()
}

func (r *relay) accept() {
	for {
		c, err := r.Accept()
		if err != nil {
			return
		}
		r.copies.Go(func() { r.serve(c) })
	}
}

// serve copies until the broker has closed: what it still says after the client's end is part of the truth.
func (r *relay) serve(c net.Conn) {
	client := r.tap.Wrap(c, decode.FromClient)
	defer client.Close()
	server, err := net.Dial("tcp", r.broker)
	if err != nil {
		return
	}
	defer server.Close()
	up := server.(*net.TCPConn)
	r.copies.Go(func() {
		_, err := io.Copy(server, client)
		if errors.Is(err, syscall.ECONNRESET) {
			_ = up.SetLinger(0)
			up.Close()
			return
		}
		_ = up.CloseWrite()
	})
	_, _ = io.Copy(client, server)
}
