package capture

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// wholly reads a pcap frame by frame, or with sweeps between; it returns what was found, what was counted, and why reading ended.
func wholly(file []byte, sweeps bool) (found string, count counters, swept int, err error) {
	var b strings.Builder
	a := newAssembler(1, []uint16{1883}, nil, func(batch []decode.Segment) {
		for _, s := range batch {
			if s.Conn == nil {
				continue
			}
			fmt.Fprintf(&b, "%s %d %d %x %d %d %d\n", s.Conn.Info.Client, s.Kind, s.Dir, s.Data, s.Time, s.Bytes, s.Cause)
		}
	})
	in := newBuffer(bytes.NewReader(file), 512) // so that frames lie across its end
	in.spill = a.flush
	p, err := openPcap(in)
	if p == nil {
		return "", counters{}, 0, err
	}
	var f frame
	for err = p.next(&f); err == nil; err = p.next(&f) {
		a.frame(&f)
		if before := a.count.frames; sweeps {
			p.sweep(a, 3)
			swept += int(a.count.frames - before)
		}
	}
	a.finish()
	return b.String(), a.count, swept, err
}

// sweptSame reads a file both ways, and fails where they come to something else. It returns how many frames were swept up.
func sweptSame(t *testing.T, file []byte) int {
	t.Helper()
	found, count, _, err := wholly(file, false)
	again, countAgain, swept, errAgain := wholly(file, true)
	if found != again || !reflect.DeepEqual(count, countAgain) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
		t.Errorf("frame by frame, %v: %+v\n%s\nswept, %v: %+v\n%s", err, count, found, errAgain, countAgain, again)
	}
	return swept
}

// sweepFiles are captures of all kinds, by name.
func sweepFiles() map[string][]byte {
	files := map[string][]byte{}
	for _, opts := range []pcapgen.Options{{}, {BigEndian: true}, {Nano: true}, {Link: pcapgen.SLL2}, {SnapLen: 50}, {VLANs: []uint16{7}}} {
		c := pcapgen.New(opts)
		conn := c.Open(pcapgen.Client(1), pcapgen.Server())
		other := c.Open(pcapgen.Client(2), pcapgen.Server())
		for n := range 20 {
			conn.Send(0, append([]byte{0x30, byte(4 + n), 0, 2, 'a', 'b'}, bytes.Repeat([]byte{'x'}, n)...))
			conn.ACK(1)
			other.Send(0, []byte{0xC0, 0})
		}
		files[fmt.Sprintf("%+v", opts)] = c.Pcap()
	}
	return files
}

// TestSweep: frames that are read many at a time are what they are one by one, and plain ones are read so.
func TestSweep(t *testing.T) {
	for name, file := range sweepFiles() {
		swept := sweptSame(t, file)
		if plain := !strings.Contains(name, "SnapLen:50") && !strings.Contains(name, "Link:276") && !strings.Contains(name, "VLANs:[7]"); plain != (swept > 40) {
			t.Errorf("%s: %d frames were swept up", name, swept)
		}
		for cut := 0; cut < len(file); cut += 7 {
			sweptSame(t, file[:cut])
		}
	}
}

// FuzzSweep compares the two ways for any file.
func FuzzSweep(f *testing.F) {
	for _, file := range sweepFiles() {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) { sweptSame(t, file) })
}
