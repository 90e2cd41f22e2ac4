package capture

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/bpf"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A frameReader yields the frames of one interface, on platforms where there is no ring to share with the kernel.
type frameReader interface {
	// read waits for a frame, for about 100 ms at most: f.data is empty if none came. Its bytes are valid until the next read.
	read(f *frame) error
	// lost is how many frames the kernel has dropped so far.
	lost() uint64
	close()
}

// readers are what a Live reads where it has no rings.
type readers struct {
	list  []frameReader
	names []string
	only  *userFilter // nil: everything
	// failed says what ended, one line each.
	failed []string
}

func (l *readers) closeAll() {
	for _, r := range l.list {
		r.close()
	}
}

// runReaders delivers what the readers bring until ctx is done, or all of them have failed.
func (l *Live) runReaders(ctx context.Context, sink Sink, in *readers) error {
	l.begin(sink)
	var mu sync.Mutex // around the assembler
	var all sync.WaitGroup
	errs := make([]error, len(in.list))
	for i, r := range in.list {
		all.Go(func() {
			if errs[i] = l.readAll(ctx, &mu, in, i, r); errs[i] != nil {
				mu.Lock()
				in.failed = append(in.failed, errs[i].Error())
				mu.Unlock()
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for going := true; going; {
		select {
		case <-ended:
			going = false
		case now := <-ticker.C:
			mu.Lock()
			l.asm.tick(max(l.asm.now, decode.TimeOf(now)-readerDelay))
			l.tellReaders(in)
			mu.Unlock()
		}
	}
	l.asm.finish()
	l.tellReaders(in)
	err := errors.Join(errs...)
	if ctx.Err() != nil {
		err = nil
	}
	if err != nil {
		l.publish("failed", err.Error())
		return err
	}
	l.publish("ended", "")
	return nil
}

// readerDelay is how long a frame may be under way: time without frames is that much behind the clock.
const readerDelay = decode.Time(200 * time.Millisecond)

func (l *Live) readAll(ctx context.Context, mu *sync.Mutex, in *readers, i int, r frameReader) error {
	var f frame
	for ctx.Err() == nil {
		if err := r.read(&f); err != nil {
			return fmt.Errorf("cannot capture on %s any more: %w", in.names[i], err)
		}
		if len(f.data) == 0 || in.only != nil && !in.only.wants(&f) {
			continue
		}
		mu.Lock()
		l.take(&f, in.names[i])
		l.asm.flush() // segments point into the frame
		mu.Unlock()
	}
	return nil
}

func (l *Live) tellReaders(in *readers) {
	var drops uint64
	for _, r := range in.list {
		drops += r.lost()
	}
	l.mu.Lock()
	l.stats.KernelDrops = drops
	l.mu.Unlock()
	if len(in.failed) > 0 {
		l.publish("retrying", strings.Join(in.failed, ", "))
		return
	}
	l.publish("", "")
}

// userFilter applies a liveFilter to frames that were captured already.
type userFilter struct{ ether, v4, v6 *bpf.VM }

// newUserFilter returns nil where nothing is chosen.
func newUserFilter(f liveFilter) (*userFilter, error) {
	if f.open() {
		return nil, nil
	}
	var u userFilter
	for _, one := range []struct {
		vm   **bpf.VM
		kind uint32
	}{{&u.ether, 0}, {&u.v4, etherIPv4}, {&u.v6, etherIPv6}} {
		f.cooked = one.kind != 0
		vm, err := bpf.NewVM(f.program([]bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA, Val: one.kind}}))
		if err != nil {
			return nil, err
		}
		*one.vm = vm
	}
	return &u, nil
}

// wants reports whether the filter lets f pass. It knows Ethernet, BSD loopback and raw IP; all else passes.
func (u *userFilter) wants(f *frame) bool {
	b, vm := f.data, u.ether
	switch f.link {
	case linkEthernet:
	case linkNull, linkLoop, linkRaw, linkRawBSD, linkRawOpen:
		if f.link == linkNull || f.link == linkLoop {
			b = b[min(4, len(b)):]
		}
		vm = u.v4
		if len(b) > 0 && b[0]>>4 == 6 {
			vm = u.v6
		}
	default:
		return true
	}
	n, err := vm.Run(b)
	return err == nil && n > 0
}

// openReaders opens a reader for each interface.
func (l *Live) openReaders(hosts []netip.Prefix, open func(name string, filter liveFilter) (frameReader, error)) (in readers, err error) {
	filter := liveFilter{ports: l.opts.Ports, hosts: hosts, snapLen: l.opts.SnapLen}
	if in.only, err = newUserFilter(filter); err != nil {
		return in, err
	}
	for _, name := range l.names {
		if !IsInterface(name) {
			in.closeAll()
			return readers{}, unknownInterface(name)
		}
		r, err := open(name, filter)
		if err != nil {
			in.closeAll()
			return readers{}, err
		}
		in.list, in.names = append(in.list, r), append(in.names, name)
	}
	return in, nil
}
