package capture

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A relay joins a client's connection with one to the broker.
type relay struct {
	ends   [2]endpoint // by the direction of what is read there
	record proxyRecord
	broken sync.Once
}

const (
	clientEnd = decode.FromClient
	brokerEnd = decode.FromServer
)

// An endpoint is a connection, perhaps with TLS, over raw.
type endpoint struct {
	net.Conn
	raw net.Conn
}

// closeWrite ends one direction: FIN, with TLS close_notify.
func (e endpoint) closeWrite() {
	if c, ok := e.Conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // where it fails the connection is over anyway
	}
}

// reset closes with RST where there is TCP.
func (e endpoint) reset() {
	if c, ok := e.raw.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = e.raw.Close()
}

// Sizes of what is read at once. Most connections are quiet: they get by with a small buffer.
const (
	minRelayBuffer = 2 << 10
	maxRelayBuffer = 64 << 10
	smallReads     = 64 // in a row make a large buffer small again
)

// run passes on bytes until both directions have ended.
func (r *relay) run() {
	var other sync.WaitGroup
	other.Go(func() { r.pump(brokerEnd) })
	r.pump(clientEnd)
	other.Wait()
	for _, e := range r.ends {
		e.closeWrite()
		_ = e.Close()
	}
	r.record.close()
}

// pump passes on what is read at the end dir. What is read is recorded first, so that an answer is never recorded before its question.
func (r *relay) pump(dir decode.Direction) {
	from, to := r.ends[dir], r.ends[dir.Opposite()]
	buf, small := make([]byte, minRelayBuffer), 0
	for {
		n, err := from.Read(buf)
		if n > 0 {
			r.record.data(dir, buf[:n])
			if _, err := to.Write(buf[:n]); err != nil {
				r.lost(dir.Opposite(), err)
				return
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			r.record.end(dir, decode.CloseFIN)
			to.closeWrite()
			return
		default:
			r.lost(dir, err)
			return
		}
		buf = fit(buf, n, &small)
	}
}

// fit returns the buffer for the next read, after one of n bytes. Small counts the small reads in a row.
func fit(buf []byte, n int, small *int) []byte {
	switch {
	case n == len(buf) && n < maxRelayBuffer:
		*small = 0
		return make([]byte, min(4*n, maxRelayBuffer))
	case n >= minRelayBuffer || len(buf) == minRelayBuffer:
		*small = 0
	case *small < smallReads:
		*small++
	default:
		*small = 0
		return make([]byte, minRelayBuffer)
	}
	return buf
}

// lost is called when the end dir does not work any more: its peer reset the connection, or the run ends.
func (r *relay) lost(dir decode.Direction, err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return // leave
	}
	r.broken.Do(func() {
		cause := decode.CloseUnknown
		if isReset(err) {
			cause = decode.CloseRST
		}
		r.record.end(dir, cause)
		r.ends[dir.Opposite()].reset()
		_ = r.ends[dir].raw.Close()
	})
}

// leave ends the relay: what was read is still written, if the other side takes it.
func (r *relay) leave() {
	for _, e := range r.ends {
		_ = e.raw.SetReadDeadline(time.Unix(1, 0))
		_ = e.raw.SetWriteDeadline(time.Now().Add(leaveTimeout))
	}
}

// isReset reports whether err says that the peer reset the connection. Who writes once more after that is told of a broken pipe.
func isReset(err error) bool {
	return errors.Is(err, errConnReset) || errors.Is(err, errConnAborted) || errors.Is(err, syscall.EPIPE)
}
