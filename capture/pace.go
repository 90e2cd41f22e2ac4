package capture

import (
	"context"
	"io"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// tickEvery is how often a source says that time goes on while no frame comes.
const tickEvery = 100 * time.Millisecond

// A pacer holds frames back until their time has come.
type pacer struct {
	speed float64
	tick  func(decode.Time)
	spill func()
	// wall and first are the same instant, by the clock and in the capture.
	wall  time.Time
	first decode.Time
}

// newPacer returns nil for a speed of 0, which is no pace.
func newPacer(speed float64, tick func(decode.Time), spill func()) *pacer {
	if speed <= 0 {
		return nil
	}
	return &pacer{speed: speed, tick: tick, spill: spill}
}

// skip has the next frame come at once: what lies before it is nobody's time. A nil pacer is fine.
func (p *pacer) skip() {
	if p != nil {
		p.wall = time.Time{}
	}
}

// wait returns when a frame of the time t is due, with ticks on the way; it returns false once ctx is done.
func (p *pacer) wait(ctx context.Context, t decode.Time) bool {
	if p.wall.IsZero() {
		p.wall, p.first = time.Now(), t
	}
	// Compare as floats: a lying file's times may be centuries apart.
	due := float64(t-p.first) / p.speed
	for {
		left := due - float64(time.Since(p.wall))
		if left <= float64(time.Millisecond) {
			return ctx.Err() == nil
		}
		p.spill()
		timer := time.NewTimer(time.Duration(min(left, float64(tickEvery))))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		passed := decode.Time(float64(time.Since(p.wall)) * p.speed)
		p.tick(min(p.first+passed, t))
	}
}

// A pipe reads what may block, so that waiting can be interrupted and time goes on meanwhile.
type pipe struct {
	ctx    context.Context
	idle   func(decode.Time)
	ask    chan struct{}
	answer chan piece
	rest   []byte
	err    error
}

type piece struct {
	b   []byte
	err error
}

// newPipe starts the goroutine that reads r. It ends with r, or, as a blocked Read cannot be interrupted, after the Read
// during which ctx was done.
func newPipe(ctx context.Context, r io.Reader, idle func(decode.Time)) *pipe {
	p := &pipe{ctx: ctx, idle: idle, ask: make(chan struct{}), answer: make(chan piece)}
	go func() {
		b := make([]byte, 64<<10)
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.ask:
			}
			n, err := r.Read(b)
			select {
			case <-ctx.Done():
				return
			case p.answer <- piece{b[:n], err}:
			}
			if err != nil {
				return
			}
		}
	}()
	return p
}

func (p *pipe) Read(b []byte) (int, error) {
	if len(p.rest) == 0 && p.err == nil {
		if err := p.wait(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	if n == 0 {
		return 0, p.err
	}
	return n, nil
}

// wait gets the next piece. The goroutine does not touch its bytes before it is asked again.
func (p *pipe) wait() error {
	ask := p.ask
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return p.ctx.Err()
		case ask <- struct{}{}:
			ask = nil
		case got := <-p.answer:
			p.rest, p.err = got.b, got.err
			return nil
		case now := <-ticker.C:
			p.idle(decode.TimeOf(now))
		}
	}
}
