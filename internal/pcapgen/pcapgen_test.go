package pcapgen_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

func TestSequenceNumbersFollowTheStream(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{Link: pcapgen.Raw, MSS: 4})
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	first := conn.Seq[decode.FromClient]
	conn.Send(decode.FromClient, []byte("abcdef"))
	conn.SendMissed(decode.FromClient, 10)
	conn.Send(decode.FromClient, []byte("z"))

	wants := []struct {
		seq  uint32
		data string
	}{{first, "abcd"}, {first + 4, "ef"}, {first + 16, "z"}}
	for i, want := range wants {
		frame := c.Frames[3+i].Data
		if seq := binary.BigEndian.Uint32(frame[24:]); seq != want.seq {
			t.Errorf("segment %d has sequence number %d, want %d", i, seq, want.seq)
		}
		if data := frame[40:]; string(data) != want.data {
			t.Errorf("segment %d carries %q, want %q", i, data, want.data)
		}
	}
}

func TestPcapHeader(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{Link: pcapgen.SLL2, BigEndian: true, Nano: true, SnapLen: 40})
	c.Open(pcapgen.Client6(1), pcapgen.Server6())
	file := c.Pcap()
	want := []byte{0xA1, 0xB2, 0x3C, 0x4D, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 1, 20}
	if !bytes.HasPrefix(file, want) {
		t.Errorf("the file begins with % X, want % X", file[:len(want)], want)
	}
	if size := len(want) + 3*(16+40); len(file) != size {
		t.Errorf("the file has %d bytes, want %d: three frames cut to 40 bytes", len(file), size)
	}
	if c.Frames[0].Length != 20+40+20 {
		t.Errorf("the first frame was %d bytes on the wire, want 80", c.Frames[0].Length)
	}
}

func TestFramesCanBeMoved(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	for _, b := range []byte("abcd") {
		c.Add([]byte{b})
	}
	times := c.Frames[0].Time
	c.Swap(0, 1)
	c.Repeat(2)
	c.Drop(4)
	var got []byte
	for _, f := range c.Frames {
		got = append(got, f.Data...)
	}
	if string(got) != "bacc" {
		t.Errorf("got frames %q, want bacc", got)
	}
	if !c.Frames[0].Time.Equal(times) {
		t.Errorf("after Swap the first place has time %v, want %v", c.Frames[0].Time, times)
	}
}
