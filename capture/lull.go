package capture

import (
	"fmt"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// maxLull is how long no file may bring a frame, between the end of all that have begun and the beginning of the next, for both to be taken for one
// capture. Where captures are rotated nothing lies between them but the time to the next frame; a connection with a longer Keep Alive that is alone on its
// link may be silent for longer, and then what is open is unknown, which is better than an alert that is not true.
const maxLull = time.Minute

// lull returns how long nothing was captured before the next frame, that of in: no file covers that time. It is 0 where one does, or where the time is so
// short that the files are of one capture.
func (f *File) lull(in *input) time.Duration {
	if in.begun || f.asm.count.frames == 0 {
		return 0
	}
	gap := in.frame.time.Sub(f.asm.now)
	if gap <= maxLull {
		return 0
	}
	for _, other := range f.inputs {
		if other.ok && other.begun {
			return 0
		}
	}
	return gap
}

// part notes that nothing was captured for a while before the first frame of in: what came before has ended as it stands.
func (f *File) part(in *input, gap time.Duration) {
	f.note(fmt.Sprintf("nothing was captured for %s before %s begins: connections are not followed across that", lasting(gap), in.name))
	f.asm.part()
}

// lasting writes a duration of a minute or more, rounded down.
func lasting(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 100*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// part forgets all connections: nothing is captured from now on for a while, so that what is open has ended as far as can be known. Deadlines up to now
// are over before that.
func (a *assembler) part() {
	a.emit(decode.Segment{Kind: decode.Tick, Time: a.now})
	for _, f := range a.flows.flows {
		if f.used {
			a.evict(f)
		}
	}
	a.attention = a.attention[:0:0]
	a.flush()
}
