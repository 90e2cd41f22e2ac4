package traffic_test

import (
	"bytes"
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

func TestOneSeedOneFile(t *testing.T) {
	var a, b, c bytes.Buffer
	p := traffic.Standard(2000)
	truth, err := traffic.Write(&a, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := traffic.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	p.Seed++
	if _, err := traffic.Write(&c, p); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two files of one seed differ")
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("files of two seeds are the same")
	}
	if n := truth.Publish[0] + truth.Publish[1] + truth.Publish[2]; n != 4000 || uint64(a.Len()) != truth.Bytes {
		t.Errorf("truth: %d PUBLISH, %d bytes of %d", n, truth.Bytes, a.Len())
	}
}
