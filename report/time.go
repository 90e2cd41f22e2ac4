package report

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A stamp writes times as RFC 3339 in UTC, with what stands around them in a line. It keeps the text of the time before, of which the minute, and in a busy
// capture the second, is nearly always that of the next one too: formatting a date costs more than the rest of a line.
type stamp struct {
	before, after  string
	minute, second int64 // since the epoch, both in seconds
	text           []byte
	fraction       int // where its nine digits begin in text
}

// append appends t with nine digits of fraction: 2026-11-22T12:01:33.120000000Z.
func (s *stamp) append(dst []byte, t decode.Time) []byte {
	s.set(t)
	return append(dst, s.text...)
}

// appendMilli appends t with three digits of fraction, and nothing after it.
func (s *stamp) appendMilli(dst []byte, t decode.Time) []byte {
	s.set(t)
	return append(append(dst, s.text[:s.fraction+3]...), 'Z')
}

// set makes the text that of t.
func (s *stamp) set(t decode.Time) {
	second, nanos := int64(t)/int64(time.Second), int64(t)%int64(time.Second)
	if nanos < 0 {
		second, nanos = second-1, nanos+int64(time.Second)
	}
	if second != s.second || s.text == nil {
		s.turn(second)
	}
	digits := s.text[s.fraction:]
	binary.LittleEndian.PutUint64(digits, eightDigits(uint64(nanos)/10))
	digits[8] = byte('0' + nanos%10)
}

// turn makes the text that of a second.
func (s *stamp) turn(second int64) {
	s.second = second
	if in := second - s.minute; in >= 0 && in < 60 && s.text != nil {
		s.text[s.fraction-3], s.text[s.fraction-2] = byte('0'+in/10), byte('0'+in%10)
		return
	}
	at := time.Unix(second, 0).UTC()
	s.minute = second - int64(at.Second())
	s.text = append(s.text[:0], s.before...)
	s.fraction = len(s.text) + len("2006-01-02T15:04:05.")
	s.text = append(at.AppendFormat(s.text, "2006-01-02T15:04:05.000000000Z"), s.after...)
}

// appendDuration appends d with three significant digits: 43.2ms, 8.2s, 3m12s.
func appendDuration(dst []byte, d time.Duration) []byte {
	switch {
	case d < 0:
		return appendDuration(append(dst, '-'), -max(d, -math.MaxInt64))
	case d < time.Millisecond:
		return append(appendInt(dst, d.Microseconds()), "us"...)
	case d < time.Second:
		return append(appendTenths(dst, int64(d/(100*time.Microsecond))), "ms"...)
	case d < time.Minute:
		return append(appendTenths(dst, int64(d/(100*time.Millisecond))), 's')
	}
	return append(dst, d.Truncate(time.Second).String()...)
}

func appendTenths(dst []byte, tenths int64) []byte {
	dst = appendInt(dst, tenths/10)
	if tenths%10 == 0 {
		return dst
	}
	return append(dst, '.', byte('0'+tenths%10))
}
