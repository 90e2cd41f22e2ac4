package capture_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/packets"

	"github.com/mqttwatch/mqttwatch/capture"
)

func TestClientSends(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	s := start(t, capture.ClientOptions{URL: url})
	c, _ := f.accept(false)
	expiry := uint32(60)
	err := s.Send(capture.Publish{Topic: "a/b", Payload: []byte("x"), QoS: 1, Retain: true, Properties: &capture.PublishProperties{
		ContentType: "text/plain", ResponseTopic: "r", CorrelationData: []byte("id"), Expiry: &expiry, User: [][2]string{{"k", "v"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := f.read(c, packets.PUBLISH).Content.(*packets.Publish)
	if p.Topic != "a/b" || string(p.Payload) != "x" || p.QoS != 1 || !p.Retain {
		t.Errorf("got %v", p)
	}
	if q := p.Properties; q.ContentType != "text/plain" || q.ResponseTopic != "r" || string(q.CorrelationData) != "id" || *q.MessageExpiry != 60 ||
		len(q.User) != 1 || q.User[0].Key != "k" || q.User[0].Value != "v" {
		t.Errorf("properties %+v", q)
	}
}

func TestClientSendRefuses(t *testing.T) {
	c, err := capture.NewClient(capture.ClientOptions{URL: "mqtt://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(capture.Publish{Topic: "a/#"}); err == nil || !strings.Contains(err.Error(), "no + or #") {
		t.Errorf("error %v", err)
	}
	for range 16 {
		if err := c.Send(capture.Publish{Topic: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Send(capture.Publish{Topic: "a"}); !errors.Is(err, capture.ErrBusy) {
		t.Errorf("the 17th: %v, not ErrBusy", err)
	}
}
