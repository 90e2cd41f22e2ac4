package report

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

const (
	zeros     = 0x3030303030303030 // eight times '0'
	hundredth = 10486              // of 2^20: times that, n/100 stands 20 bits higher, for n of four digits
	tenth     = 103                // of 2^10: likewise n/10, for n of two
)

// appendUint appends n. It comes to what strconv does, in a third of the time for the numbers that lines are full of: those of one digit, and durations.
func appendUint(dst []byte, n uint64) []byte {
	switch {
	case n < 10:
		return append(dst, byte('0'+n))
	case n < 1e8:
		text := eightDigits(n)
		leading := bits.TrailingZeros64(text^zeros) / 8
		dst = binary.LittleEndian.AppendUint64(dst, text>>(8*leading))
		return dst[:len(dst)-leading]
	}
	return strconv.AppendUint(dst, n, 10)
}

// appendInt appends n.
func appendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	return appendUint(dst, uint64(n))
}

// eightDigits returns the text of n, which is below 10^8, in eight bytes of which the lowest is the first, with leading zeros. It divides n into two parts of
// four digits, both at once into parts of two, and all four at once into digits: a division for each digit takes three times as long.
func eightDigits(n uint64) uint64 {
	n = n/10_000 | n%10_000<<32
	q := n * hundredth >> 20 & 0x7f_0000_007f
	n = q | (n-q*100)<<16
	q = n * tenth >> 10 & 0x000f_000f_000f_000f
	return (q | (n-q*10)<<8) + zeros
}
