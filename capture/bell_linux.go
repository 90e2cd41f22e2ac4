package capture

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A bell waits for the first of several rings that has a block. It is an epoll of their sockets that Go's poller waits for, on the goroutine that reads them:
// a thread that blocks in poll(2), or a goroutine for each ring that has to be told when to wait and has to tell that it is over, costs more a hundred times a
// second than all decoding.
type bell struct {
	rings []*ring
	fd    int
	file  *os.File // around fd
	conn  syscall.RawConn
	on    bool // it rings
}

func newBell(rings []*ring) (*bell, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	_ = unix.SetNonblock(fd, true) // so that NewFile gives it to the poller; a descriptor that is open can be made so
	b := &bell{rings: rings, fd: fd, file: os.NewFile(uintptr(fd), "epoll of packet sockets")}
	for _, r := range rings {
		if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, r.fd, &unix.EpollEvent{}); err != nil {
			b.close()
			return nil, err
		}
	}
	if b.conn, err = b.file.SyscallConn(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// wait returns when a ring has a block, at until, or when ctx is done and cancel was called.
func (b *bell) wait(ctx context.Context, until time.Time) {
	b.set(true)
	_ = b.file.SetReadDeadline(until) // it works, as the descriptor is one that can be polled
	if ctx.Err() != nil {
		return // cancel may have been called before the deadline was set
	}
	_ = b.conn.Read(func(uintptr) bool { return slices.ContainsFunc(b.rings, (*ring).available) }) // what ended it shows
}

// sleep waits for a time in which the poller, and with it a thread, is not woken by what comes.
func (b *bell) sleep(d time.Duration) {
	b.set(false)
	time.Sleep(d)
}

// set says whether the bell rings. It stays as it is until it is to be otherwise.
func (b *bell) set(on bool) {
	if b.on == on {
		return
	}
	b.on = on
	var e unix.EpollEvent
	if on {
		e.Events = unix.EPOLLIN
	}
	for _, r := range b.rings {
		_ = unix.EpollCtl(b.fd, unix.EPOLL_CTL_MOD, r.fd, &e) // it was added
	}
}

// cancel ends a wait.
func (b *bell) cancel() { _ = b.file.SetReadDeadline(time.Now()) }

func (b *bell) close() { b.file.Close() } // it was only read
