package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	anyWorks = true
	// lookEvery is how often the kernel is asked how the rings are, and an interface that is down is looked for.
	lookEvery = 500 * time.Millisecond
	// lastLook bounds the wait at the end for frames that came before it.
	lastLook = time.Second
	// gather is how long full blocks may gather before they are read, and gatherMost with how many of them: a sixteenth of the ring. What comes then would
	// have to come at 800 MB/s all at once to fill the ring meanwhile.
	gather     = 20 * time.Millisecond
	gatherMost = ringBlocks / 16
	// frameDelay is how long a frame may wait in its block, twice ringRetire and what timers are late: time without frames is that much
	// behind the clock.
	frameDelay = decode.Time(120 * time.Millisecond)
)

// liveSource is what a Live has on Linux: a ring for each interface.
type liveSource struct {
	rings  []*ring
	looked time.Time // when the kernel was asked last
	kept   time.Time // when time and counts were last told
	bell   *bell
	full   int    // how many blocks were full since the last rest
	down   string // which interfaces are not watched, as it was last told
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
	var err error
	if l.bell, err = newBell(l.rings); err != nil {
		return fmt.Errorf("cannot wait for frames: %w", err)
	}
	return nil
}

// howToBePermitted tells how a user gets the right to capture.
func howToBePermitted() string {
	if os.Geteuid() == 0 {
		return "root lacks CAP_NET_RAW here (in a container: docker run --cap-add NET_RAW)"
	}
	path, err := os.Executable()
	if err != nil {
		path = "mqttwatch"
	}
	return "allow it once: sudo setcap cap_net_raw=ep " + path
}

// Close ends the capture where Run is not called. After Run it does nothing.
func (l *Live) Close() {
	for _, r := range l.rings {
		r.close()
	}
	if l.bell != nil {
		l.bell.close()
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
	l.begin(sink)
	err := l.loop(ctx)
	l.asm.finish()
	l.count()
	l.publish("ended", "")
	if err != nil {
		l.publish("failed", err.Error())
	}
	return err
}

// loop reads the rings until ctx is done, and then what they still hold.
func (l *Live) loop(ctx context.Context) error {
	defer context.AfterFunc(ctx, l.bell.cancel)()
	for ctx.Err() == nil {
		idle := l.drain(ctx)
		l.asm.flush()
		if err := l.keep(idle); err != nil {
			return err
		}
		if idle {
			l.rest(ctx)
		}
	}
	return l.last()
}

// rest waits after all was taken. Where blocks get full it lets some gather: to wake for each of them costs as much as to decode it. Where there is much more than
// that, it comes back at once for what came meanwhile.
func (l *Live) rest(ctx context.Context) {
	full := l.full
	l.full = 0
	if 0 < full && full <= gatherMost {
		l.bell.sleep(gather)
		return
	}
	l.bell.wait(ctx, l.kept.Add(tickEvery))
}

// last takes what came before the end. Nothing more comes in then, so that however much waits in the rings has an end.
func (l *Live) last() error {
	refused := true
	for _, r := range l.rings {
		refused = r.refuse() == nil && refused
	}
	until := time.Now().Add(lastLook)
	for {
		idle := l.drain(context.Background())
		late := time.Now().After(until)
		switch {
		case idle && (late || !slices.ContainsFunc(l.rings, (*ring).filling)), late && !refused:
			return nil
		case idle:
			time.Sleep(ringRetire * time.Millisecond / 4)
		default:
			if err := l.keep(false); err != nil {
				return err
			}
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
		l.take(&r.head, r.label)
		r.taken()
		if !r.held {
			continue
		}
		l.asm.flush() // segments point into the block
		if r.full() {
			l.full++
		}
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
func (l *Live) keep(idle bool) error {
	now := time.Now()
	if now.Sub(l.kept) < tickEvery {
		return nil
	}
	l.kept = now
	at := l.asm.now
	if idle {
		at = max(at, decode.TimeOf(now)-frameDelay)
	}
	l.asm.tick(at)
	if now.Sub(l.looked) >= lookEvery {
		l.looked = now
		if err := l.look(); err != nil {
			return err
		}
	}
	l.tell()
	return nil
}

// look asks the kernel how the rings are.
func (l *Live) look() error {
	for _, r := range l.rings {
		if err := r.failed(); err != nil {
			return fmt.Errorf("cannot capture on %s any more: %w", r.name, err)
		}
		if r.down != "" {
			r.look()
		}
	}
	l.count()
	return nil
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
