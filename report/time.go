package report

import (
	"math"
	"strconv"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A stamp writes times as RFC 3339 in UTC. It keeps the text of the minute of the time before, which is nearly always
// that of the next one too: formatting a date costs more than the rest of a line.
type stamp struct {
	minute int64 // since the epoch
	text   [len("2006-01-02T15:04:")]byte
	valid  bool
}

const perMinute = int64(time.Minute)

// append appends t with nine digits of fraction: 2026-11-22T12:01:33.120000000Z.
func (s *stamp) append(dst []byte, t decode.Time) []byte {
	dst, nanos := s.seconds(dst, t)
	return append(digits(append(dst, '.'), nanos, 9), 'Z')
}

// appendMilli appends t with three digits of fraction.
func (s *stamp) appendMilli(dst []byte, t decode.Time) []byte {
	dst, nanos := s.seconds(dst, t)
	return append(digits(append(dst, '.'), nanos/int64(time.Millisecond), 3), 'Z')
}

// seconds appends t up to its seconds and returns the nanoseconds that remain.
func (s *stamp) seconds(dst []byte, t decode.Time) ([]byte, int64) {
	minute, rest := int64(t)/perMinute, int64(t)%perMinute
	if rest < 0 {
		minute, rest = minute-1, rest+perMinute
	}
	if !s.valid || minute != s.minute {
		s.valid, s.minute = true, minute
		time.Unix(minute*60, 0).UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:")
	}
	dst = append(dst, s.text[:]...)
	return digits(dst, rest/int64(time.Second), 2), rest % int64(time.Second)
}

// digits appends n, which is not negative, with width digits.
func digits(dst []byte, n int64, width int) []byte {
	at := len(dst)
	dst = append(dst, "000000000"[:width]...)
	rest := uint32(n) // at most nine digits
	for i := width - 1; i >= 0 && rest > 0; i-- {
		dst[at+i] = byte('0' + rest%10)
		rest /= 10
	}
	return dst
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
