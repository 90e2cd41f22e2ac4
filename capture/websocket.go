package capture

import (
	"bytes"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// compressedWebSocket is how a connection is counted whose messages are compressed.
const compressedWebSocket = looksWebSocket + " with compression"

// maxWSHead is how long the HTTP head of the upgrade may be.
const maxWSHead = 16 << 10

// What a webSocket expects next of one end.
const (
	wsHead   uint8 = iota // the HTTP request or response
	wsFrames              // frames
	wsLost                // the beginning of a frame, anywhere
	wsOver                // nothing: what is inside cannot be read
)

// A webSocket is the stage that takes MQTT out of WebSocket (RFC 6455). The borders of frames and messages mean nothing
// (MQTT 5.0, section 6): the data of all of them, one behind the other, is the stream. Unmasked bytes are handed on where they
// are; masked ones are copied once, as they are unmasked.
//
// For each end it keeps at most the head of the upgrade (16 KiB) or the header of a frame.
type webSocket struct {
	out   inside
	half  [2]wsHalf
	agree bool  // a subprotocol of MQTT was chosen
	asked uint8 // the end that masks its frames and asked for the upgrade, if known is set
	known bool
}

// wsHalf is what one end sends.
type wsHalf struct {
	head   []byte
	header [maxWSHeader]byte // the part of it that has come
	have   int
	left   uint64 // bytes of the frame that are still to come
	at     uint64 // place in the mask
	frame  wsFrame
	mode   uint8
	began  bool // frames are seen from the first one
}

// newWebSocket returns a stage that begins with the upgrade, in the middle of it, or somewhere behind it.
func newWebSocket(out inside) *webSocket { return &webSocket{out: out} }

func (w *webSocket) name() string { return looksWebSocket }

func (w *webSocket) promised() bool { return w.agree }

func (w *webSocket) whole(side uint8) bool { return w.half[side].began }

func (w *webSocket) client() (side uint8, known bool) { return w.asked, w.known }

// data implements stage.
func (w *webSocket) data(side uint8, b []byte, t decode.Time) {
	h := &w.half[side]
	for len(b) > 0 {
		switch h.mode {
		case wsHead:
			b = w.head(side, b, t)
		case wsFrames:
			b = w.frames(side, b, t)
		case wsLost:
			b = w.search(side, b)
		default:
			return
		}
	}
}

// gap implements stage. Bytes that are missing inside of a frame are no harm to what comes behind them.
func (w *webSocket) gap(side uint8, n int64, t decode.Time) {
	h := &w.half[side]
	switch {
	case h.mode == wsFrames && uint64(n) <= h.left:
		h.left -= uint64(n)
		h.at += uint64(n)
		if !h.frame.control() {
			w.out.missing(side, n, t)
		}
	case h.mode == wsFrames:
		h.lose()
		w.out.missing(side, 0, t)
	case h.mode == wsHead:
		h.head = nil
		h.lose()
		w.out.missing(side, 0, t)
	}
}

func (h *wsHalf) lose() { h.mode, h.have, h.left = wsLost, 0, 0 }

// frames takes what begins at a frame or inside of one, and returns what it did not take.
func (w *webSocket) frames(side uint8, b []byte, t decode.Time) (rest []byte) {
	h := &w.half[side]
	if h.left > 0 {
		n := int(min(h.left, uint64(len(b))))
		h.left -= uint64(n)
		if !h.frame.control() {
			w.payload(side, b[:n], t)
		}
		return b[n:]
	}
	had := h.have
	h.have += copy(h.header[had:], b)
	frame, size, ok := readWSFrame(h.header[:h.have])
	switch {
	case !ok, size > 0 && w.known && frame.masked != (side == w.asked):
		w.out.count("WebSocket framing lost")
		h.lose()
		w.out.missing(side, 0, t)
		return b[:0] // what begins wrong is not searched: the next segment may begin right
	case size == 0:
		return b[h.have-had:]
	}
	h.have = 0
	if frame.compressed {
		w.refuse(compressedWebSocket)
		return b[:0]
	}
	if !w.known {
		w.asked, w.known = side, true
		if !frame.masked {
			w.asked = side ^ 1
		}
	}
	h.frame, h.left, h.at = frame, frame.length, 0
	return b[size-had:]
}

// payload hands on data of the frame.
func (w *webSocket) payload(side uint8, b []byte, t decode.Time) {
	h := &w.half[side]
	if !h.frame.masked {
		w.out.bytes(side, b, t)
		return
	}
	for len(b) > 0 {
		dst := w.out.room(len(b))
		unmask(dst, b[:len(dst)], h.frame.mask, h.at)
		h.at += uint64(len(dst))
		b = b[len(dst):]
		w.out.bytes(side, dst, t)
	}
}

func (w *webSocket) refuse(label string) {
	w.half[0].mode, w.half[1].mode = wsOver, wsOver
	w.half[0].head, w.half[1].head = nil, nil
	w.out.refuse(label)
}

// head gathers the head of the upgrade; what does not begin like one is taken for frames.
func (w *webSocket) head(side uint8, b []byte, t decode.Time) (rest []byte) {
	h := &w.half[side]
	had := len(h.head)
	h.head = append(h.head, b[:min(len(b), maxWSHead-had)]...)
	if !beginsLike(h.head, "HTTP/1.") && !beginsLike(h.head, "GET ") {
		b, h.head = append(h.head[:had:had], b...), nil
		h.lose()
		if w.half[side^1].began {
			w.out.missing(side, 0, t)
		}
		return b
	}
	end := bytes.Index(h.head, []byte("\r\n\r\n"))
	if end < 0 {
		if len(h.head) == maxWSHead {
			w.refuse(looksHTTP)
		}
		return b[:0]
	}
	text := string(h.head[:end])
	h.head, h.mode, h.began = nil, wsFrames, true
	w.asked, w.known = side, true
	if strings.HasPrefix(text, "HTTP/") {
		w.asked = side ^ 1
		w.answer(text)
	}
	return b[end+4-had:]
}

// answer takes the head of the response.
func (w *webSocket) answer(text string) {
	line, fields, _ := strings.Cut(text, "\r\n")
	if _, status, _ := strings.Cut(line, " "); !strings.HasPrefix(status, "101") {
		w.refuse(looksWebSocket + " refused")
		return
	}
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		value = strings.ToLower(strings.TrimSpace(value))
		switch strings.ToLower(name) {
		case "sec-websocket-protocol":
			w.agree = value == "mqtt" || value == "mqttv3.1"
		case "sec-websocket-extensions":
			if strings.Contains(value, "deflate") {
				w.refuse(compressedWebSocket)
				return
			}
		}
	}
}

// isUpgrade reports whether b begins with an HTTP head that asks for a WebSocket or grants one, as far as it goes.
func isUpgrade(b []byte) bool {
	head, _, _ := bytes.Cut(b[:min(len(b), maxWSHead)], []byte("\r\n\r\n"))
	_, fields, _ := strings.Cut(string(head), "\r\n")
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		if strings.EqualFold(name, "upgrade") && strings.EqualFold(strings.TrimSpace(value), "websocket") {
			return true
		}
	}
	return false
}
