package capture

import "github.com/mqttwatch/mqttwatch/decode"

// Bounds of the search for a frame.
const (
	maxWSChain  = 16  // frames that are followed from one place
	maxWSTries  = 64  // places at which more than the first header fits
	maxWSSample = 512 // bytes of what is inside that are looked at
	// wsHeaderBits is how much the header of an unbroken data frame tells: its first byte has one value of 256, and the mask bit is as it has to be.
	wsHeaderBits = 9
	// wsOtherBits is for the other headers.
	wsOtherBits = 6
	// wsEndBits is for a chain of frames that ends exactly where the segment does.
	wsEndBits = 7
)

// A wsGuess is what a run of bytes looks like if a frame begins at its first.
type wsGuess struct {
	inner  decode.Guess // of what is inside; GuessOther where no frames are there
	bits   int          // for there being frames, what is inside included
	masked bool
}

// guessFrames follows the frames from the first byte of b. The scratch is for what is unmasked.
func guessFrames(b, scratch []byte) (g wsGuess) {
	none := wsGuess{inner: decode.Guess{Kind: decode.GuessOther}}
	data := scratch[:0]
	n := 0
	for ; n < maxWSChain && len(b) > 0; n++ {
		f, size, ok := readWSFrame(b)
		if !ok || size > 0 && (!f.minimal || f.compressed || n > 0 && f.masked != g.masked) {
			return none
		}
		if size == 0 {
			b = nil
			break
		}
		g.masked = f.masked
		g.bits += wsOtherBits
		if b[0] == 0x80|wsBinary {
			g.bits += wsHeaderBits - wsOtherBits
		}
		part := b[size:][:min(f.length, uint64(len(b)-size))]
		if !f.control() {
			k := min(len(part), cap(data)-len(data))
			at := len(data)
			data = data[:at+k]
			if f.masked {
				unmask(data[at:], part[:k], f.mask, 0)
			} else {
				copy(data[at:], part[:k])
			}
		}
		b = b[size+len(part):]
		if uint64(len(part)) < f.length {
			b = nil
			break
		}
		if len(b) == 0 {
			g.bits += wsEndBits
		}
	}
	if n == 0 {
		return none
	}
	g.inner = decode.Guess{Kind: decode.GuessNeedMore, FromClient: true, FromServer: true}
	if len(data) > 0 {
		g.inner = decode.Classify(data)
		g.bits += g.inner.Bits
	}
	return g
}

// search looks for the next frame in b, which is enough to be sure of where it begins, and returns b from there on.
func (w *webSocket) search(side uint8, b []byte) (rest []byte) {
	var scratch [maxWSSample]byte
	tries := 0
	for i := 0; i < len(b) && tries < maxWSTries; i++ {
		f, size, ok := readWSFrame(b[i:])
		if !ok || size == 0 || !f.minimal || w.known && f.masked != (side == w.asked) {
			continue
		}
		tries++
		g := guessFrames(b[i:], scratch[:])
		if g.bits < decode.SureBits && !(i == 0 && g.bits >= decode.KnownPortBits && g.inner.Kind != decode.GuessOther) {
			continue
		}
		w.half[side].mode = wsFrames
		return b[i:]
	}
	w.out.count("WebSocket, looking for a frame")
	return b[:0]
}

// judgeWebSocket looks whether WebSocket is around what side sent so far, and returns the stage to take it off. Wait is set where
// more bytes are needed to tell.
func (a *assembler) judgeWebSocket(f *flow, side uint8) (s stage, wait bool) {
	e := f.early
	half := &e.side[side]
	if k := half.guess.Kind; k == decode.GuessWebSocket || k == decode.GuessHTTP && isUpgrade(half.begin) {
		return newWebSocket(stagedFlow{a, f}), false
	}
	if !half.holed || half.guess.Kind == decode.GuessConnect {
		return nil, false
	}
	var scratch [maxWSSample]byte
	half.ws = guessFrames(half.begin, scratch[:])
	if k := half.ws.inner.Kind; k != decode.GuessPlausible && k != decode.GuessConnect && k != decode.GuessNeedMore || half.ws.bits < half.guess.Bits {
		half.ws = wsGuess{}
		return nil, false
	}
	one, two := &e.side[0].ws, &e.side[1].ws
	if one.bits > 0 && two.bits > 0 && one.masked == two.masked {
		return nil, false // only one of them masks
	}
	enough := decode.SureBits
	if _, known := a.expected(f); known {
		enough = decode.KnownPortBits
	}
	if one.inner.Bits+two.inner.Bits < enough {
		return nil, half.guess.Bits == 0 && len(half.begin) <= maxWSWait
	}
	ws := newWebSocket(stagedFlow{a, f})
	for i := range e.side {
		if g := &e.side[i].ws; g.bits > 0 {
			ws.joined(uint8(i), g.masked)
		}
	}
	return ws, false
}

// maxWSWait is how many bytes that may be frames are gathered before they are taken for something else.
const maxWSWait = 4 << 10

// joined says that frames of an end, seen from the middle of the connection on, begin with what comes next.
func (w *webSocket) joined(side uint8, masked bool) {
	w.half[side].mode = wsFrames
	w.asked, w.known = side, true
	if !masked {
		w.asked ^= 1
	}
}
