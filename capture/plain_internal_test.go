package capture

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// plainFrame is a frame with n bytes of data in TCP.
func plainFrame(n int) []byte {
	c := pcapgen.New(pcapgen.Options{})
	c.Join(pcapgen.Client(1), pcapgen.Server()).Segment(0, 1000, pcapgen.ACK|pcapgen.PSH, bytes.Repeat([]byte{7}, n))
	return c.Frames[0].Data
}

// short takes the way that nearly all frames go, and fails where the general one comes to something else.
func short(t *testing.T, data []byte, cut int) bool {
	t.Helper()
	f := &frame{data: data, wire: len(data) + cut, link: linkEthernet, time: 5}
	quick, slow := newDissector(), newDissector()
	quick.seg.time, slow.seg.time = f.time, f.time
	before := quick.seg
	if !quick.seg.plain(data) {
		if !reflect.DeepEqual(quick.seg, before) {
			t.Errorf("%x: has left %+v", data, quick.seg)
		}
		return false
	}
	if !slow.general(f) || !reflect.DeepEqual(quick.seg, slow.seg) || len(slow.notDecoded) > 0 {
		t.Errorf("%x:\nthe short way finds  %+v\nthe general one finds %+v", data, quick.seg, slow.seg)
	}
	return true
}

// TestPlain changes each byte of a frame in turn: what is still taken the short way is the same the general way, and a whole frame without anything
// special takes it, with the padding of a short one, too.
func TestPlain(t *testing.T) {
	for _, n := range []int{0, 1, 40} {
		data := plainFrame(n)
		for len(data) < 60 {
			data = append(data, 0)
		}
		if !short(t, data, 0) {
			t.Errorf("a frame with %d bytes does not go the short way", n)
		}
		taken, left := 0, 0
		for at := range data {
			for _, mask := range []byte{1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0xFF} {
				changed := bytes.Clone(data)
				changed[at] ^= mask
				if short(t, changed, 0) {
					taken++
				} else {
					left++
				}
			}
		}
		if taken == 0 || left == 0 {
			t.Errorf("of the changed frames %d were taken, %d were not", taken, left)
		}
		for size := range data {
			short(t, data[:size], len(data)-size)
		}
	}
}

// FuzzPlain compares the two ways.
func FuzzPlain(f *testing.F) {
	f.Add(plainFrame(0), 0)
	f.Add(plainFrame(30), 0)
	f.Add(plainFrame(30)[:60], 24)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		short(t, data, cut&0xFFFF)
	})
}
