package report

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A stamp writes times as RFC 3339 in UTC. It keeps the text of the time before, of which the second is nearly always that of the next one too: formatting a
// date costs more than the rest of a line.
type stamp struct {
	second int64 // since the epoch
	text   [len(`"2006-01-02T15:04:05.000000000Z"`)]byte
}

// fractionAt is where the nine digits of the fraction begin in the text of a stamp.
const fractionAt = len(`"2006-01-02T15:04:05.`)

// append appends t with nine digits of fraction: 2026-11-22T12:01:33.120000000Z.
func (s *stamp) append(dst []byte, t decode.Time) []byte {
	s.set(t)
	return append(dst, s.text[1:len(s.text)-1]...)
}

// appendQuoted appends t as append does, in quotation marks.
func (s *stamp) appendQuoted(dst []byte, t decode.Time) []byte {
	s.set(t)
	return append(dst, s.text[:]...)
}

// appendMilli appends t with three digits of fraction.
func (s *stamp) appendMilli(dst []byte, t decode.Time) []byte {
	s.set(t)
	return append(append(dst, s.text[1:fractionAt+3]...), 'Z')
}

// set makes the text that of t.
func (s *stamp) set(t decode.Time) {
	second, nanos := int64(t)/int64(time.Second), int64(t)%int64(time.Second)
	if nanos < 0 {
		second, nanos = second-1, nanos+int64(time.Second)
	}
	if second != s.second || s.text[0] == 0 {
		s.second = second
		time.Unix(second, 0).UTC().AppendFormat(s.text[:0], `"2006-01-02T15:04:05.000000000Z"`)
	}
	binary.LittleEndian.PutUint64(s.text[fractionAt:], eightDigits(uint64(nanos)/10))
	s.text[fractionAt+8] = byte('0' + nanos%10)
}

// appendDuration appends d with three significant digits: 43.2ms, 8.2s, 3m12s.
func appendDuration(dst []byte, d time.Duration) []byte {
	switch {
	case d < 0:
		return appendDuration(append(dst, '-'), -max(d, -math.MaxInt64))
	case d < time.Millisecond:
		return append(strconv.AppendInt(dst, d.Microseconds(), 10), "us"...)
	case d < time.Second:
		return append(appendTenths(dst, int64(d/(100*time.Microsecond))), "ms"...)
	case d < time.Minute:
		return append(appendTenths(dst, int64(d/(100*time.Millisecond))), 's')
	}
	return append(dst, d.Truncate(time.Second).String()...)
}

func appendTenths(dst []byte, tenths int64) []byte {
	dst = strconv.AppendInt(dst, tenths/10, 10)
	if tenths%10 == 0 {
		return dst
	}
	return append(dst, '.', byte('0'+tenths%10))
}
