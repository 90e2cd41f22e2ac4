package capture

import (
	"errors"
	"io"
	"net"
	"sync"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A TapConn is a net.Conn whose reads and writes a Tap records. What is written is recorded before it is handed to the
// kernel, what is read after it came, so that an answer is never recorded before its question. Where a write fails
// halfway, more is recorded than was sent; the connection is of no use then anyway.
type TapConn struct {
	net.Conn
	tap   *Tap
	conn  *decode.Conn
	reads decode.Direction

	// readMu and writeMu keep the order of the records the order of the bytes when several goroutines read or write.
	readMu, writeMu sync.Mutex
	closeOnce       sync.Once

	endMu sync.Mutex
	ended bool
	dir   decode.Direction
	cause decode.CloseCause

	// The following belong to the Tap's lock.
	untold   bool // the Sink was never told of this connection
	isBehind bool
	lost     tapLost
}

// tapLost is what a connection has to tell once the queue was taken.
type tapLost struct {
	open, close bool
	bytes       [2]int64 // by direction
	dir         decode.Direction
	cause       decode.CloseCause
}

// Read reads from the connection and records what came.
func (c *TapConn) Read(p []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	n, err := c.Conn.Read(p)
	c.tap.data(c, c.reads, p[:n])
	switch {
	case errors.Is(err, io.EOF):
		c.end(c.reads, decode.CloseFIN)
	case errors.Is(err, errConnReset):
		c.end(c.reads, decode.CloseRST)
	}
	return n, err
}

// Write records p and writes it to the connection.
func (c *TapConn) Write(p []byte) (int, error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.tap.data(c, c.reads.Opposite(), p)
	n, err := c.Conn.Write(p)
	if errors.Is(err, errConnReset) {
		c.end(c.reads, decode.CloseRST)
	}
	return n, err
}

// Close closes the connection and records that it ended, and by whom.
func (c *TapConn) Close() error {
	c.closeOnce.Do(func() {
		c.end(c.reads.Opposite(), decode.CloseFIN)
		c.tap.ended(c, c.dir, c.cause)
	})
	return c.Conn.Close()
}

// end keeps how the connection ended; the first to say so is right.
func (c *TapConn) end(dir decode.Direction, cause decode.CloseCause) {
	c.endMu.Lock()
	defer c.endMu.Unlock()
	if !c.ended {
		c.ended, c.dir, c.cause = true, dir, cause
	}
}
