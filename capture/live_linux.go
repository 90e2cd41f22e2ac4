package capture

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	anyWorks = true
	// lookEvery is how often an interface that is down is looked for.
	lookEvery = 500 * time.Millisecond
	// frameDelay is how long a frame may wait in its block: time without frames is that much behind the clock.
	frameDelay = decode.Time(50 * time.Millisecond)
)

// liveSource is what a Live has on Linux: a ring for each interface.
type liveSource struct {
	rings  []*ring
	looked time.Time // when interfaces were looked at last
	kept   time.Time // when time and counts were last told
	down   string    // which interfaces are not watched, as it was last told
}

// open opens all rings.
func (l *Live) open(hosts []netip.Prefix) error {
	filter := liveFilter{ports: l.opts.Ports, hosts: hosts, loopback: loopbackIndex(), snapLen: l.opts.SnapLen}
	for _, name := range l.names {
		r, err := openRing(name, filter, l.opts.Promiscuous)
		switch {
		case permission(err):
			return notPermitted(name, l.opts.Ports, err)
		case errors.Is(err, ErrNoInterface):
			return err
		case err != nil:
			return fmt.Errorf("cannot capture on %s: %w", name, err)
		}
		l.rings = append(l.rings, r)
	}
	return nil
}

// Close ends the capture where Run is not called. After Run it does nothing.
func (l *Live) Close() {
	for _, r := range l.rings {
		r.close()
	}
}

func loopbackIndex() int {
	found, err := net.Interfaces()
	if err != nil {
		return 0
	}
	for _, in := range found {
		if in.Flags&net.FlagLoopback != 0 {
			return in.Index
		}
	}
	return 0
}

// Run delivers what is captured until ctx is done; it returns nil then. A Live runs once.
func (l *Live) Run(ctx context.Context, sink Sink) error {
	defer l.Close()
	l.asm = newAssembler(maphash.Comparable(maphash.MakeSeed(), 0), nil, l.opts.Decode, sink)
	l.asm.limits.flows = l.opts.MaxConnections
	l.asm.limits.defaults()
	for _, p := range l.opts.Ports {
		l.asm.ports[p] = false // MQTT is expected there, but what is TLS is not forced to be MQTT
	}
	l.publish("live", "")
	wake, err := newWaker(ctx)
	if err != nil {
		return err
	}
	defer wake.close()
	err = l.loop(ctx, wake)
	l.asm.finish()
	l.count()
	l.publish("ended", "")
	if err != nil {
		l.publish("failed", err.Error())
	}
	return err
}

// loop reads the rings until ctx is done, and then what they still hold.
func (l *Live) loop(ctx context.Context, wake *waker) error {
	for {
		idle := l.drain(ctx)
		l.asm.flush()
		l.keep(idle)
		if ctx.Err() != nil {
			// The kernel hands over the block that it fills when its time has come.
			time.Sleep(2 * ringRetire * time.Millisecond)
			l.drain(context.Background())
			return nil
		}
		if !idle {
			continue
		}
		if err := l.wait(wake); err != nil {
			return err
		}
	}
}

// drain takes frames in the order of their times until there are none, and reports whether that is so: it also comes back when
// there is something else to do.
func (l *Live) drain(ctx context.Context) (idle bool) {
	for {
		r := l.earliest()
		if r == nil {
			return true
		}
		l.asm.source = r.label
		if l.recorder != nil {
			l.recorder.frame(&r.head, r.label)
		}
		l.asm.frame(&r.head)
		r.taken()
		if !r.held {
			continue
		}
		l.asm.flush() // segments point into the block
		r.release()
		if ctx.Err() != nil || time.Since(l.kept) >= tickEvery {
			return false
		}
	}
}

func (l *Live) earliest() (first *ring) {
	for _, r := range l.rings {
		if !r.next() {
			if !r.held {
				continue
			}
			l.asm.flush() // a block without frames
			r.release()
			if !r.next() {
				continue
			}
		}
		if first == nil || r.head.time < first.head.time {
			first = r
		}
	}
	return first
}

// keep does what is due now and then: time goes on, counts are told, interfaces that are down are looked for.
func (l *Live) keep(idle bool) {
	now := time.Now()
	if now.Sub(l.kept) < tickEvery {
		return
	}
	l.kept = now
	at := l.asm.now
	if idle {
		at = max(at, decode.TimeOf(now)-frameDelay)
	}
	l.asm.tick(at)
	if now.Sub(l.looked) >= lookEvery {
		l.looked = now
		for _, r := range l.rings {
			if r.down != "" {
				r.look()
			}
		}
	}
	l.count()
	l.tell()
}

func (l *Live) count() {
	var drops uint64
	for _, r := range l.rings {
		drops += r.lost()
	}
	l.mu.Lock()
	l.stats.KernelDrops = drops
	l.mu.Unlock()
}

// tell says which interfaces are down.
func (l *Live) tell() {
	var down, up []string
	for _, r := range l.rings {
		if r.down != "" {
			down = append(down, r.name+" "+r.down)
		} else {
			up = append(up, r.name)
		}
	}
	state, text := "live", ""
	if len(down) > 0 {
		state, text = "retrying", strings.Join(down, ", ")+"; it is captured again as soon as it is up"
		if len(up) > 0 {
			text += "; " + strings.Join(up, ", ") + " goes on"
		}
	}
	if l.down == text {
		state = ""
	}
	l.down = text
	l.publish(state, text)
}

// wait returns when a ring has something, when ctx is done, or when something is due.
func (l *Live) wait(wake *waker) error {
	fds := make([]unix.PollFd, 0, 8)
	fds = append(fds, unix.PollFd{Fd: int32(wake.read), Events: unix.POLLIN})
	for _, r := range l.rings {
		fds = append(fds, unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN | unix.POLLERR})
	}
	due := tickEvery - time.Since(l.kept)
	_, err := unix.Poll(fds, int(max(due, 0)/time.Millisecond)+1)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	for i, r := range l.rings {
		if fds[i+1].Revents&(unix.POLLERR|unix.POLLNVAL) == 0 {
			continue
		}
		if err := r.failed(); err != nil {
			return fmt.Errorf("cannot capture on %s any more: %w", r.name, err)
		}
		l.tell()
	}
	return nil
}

// A waker ends a poll when a context is done.
type waker struct {
	read, write int
	stop        func() bool
	done        chan struct{}
}

func newWaker(ctx context.Context) (*waker, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	w := &waker{read: fds[0], write: fds[1], done: make(chan struct{})}
	w.stop = context.AfterFunc(ctx, func() {
		unix.Write(w.write, []byte{0}) // a full pipe has woken it already
		close(w.done)
	})
	return w, nil
}

func (w *waker) close() {
	if !w.stop() {
		<-w.done
	}
	unix.Close(w.read)
	unix.Close(w.write)
}
