package embedded_test

import (
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/mqttwatch/mqttwatch/internal/embedded"
)

// TestCloseWhileClientsComeAndGo closes brokers whose clients change all the time.
func TestCloseWhileClientsComeAndGo(t *testing.T) {
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server, err := embedded.Start(nil, new(embedded.AllowAll), listeners.NewNet("test", l))
		if err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		var coming sync.WaitGroup
		coming.Go(func() { comeAndGo(server, stop) })
		for range 100 { // or else the broker would be closed before they are at it
			if server.Clients.Len() > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		closed := make(chan error, 1)
		go func() { closed <- server.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the broker does not close")
		}
		close(stop)
		coming.Wait()
		if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
			c.Close()
			t.Fatal("a closed broker accepts")
		}
	}
}

// comeAndGo adds and deletes clients until stop is closed.
func comeAndGo(server *mqtt.Server, stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		id := strconv.Itoa(n % 8)
		c := server.NewClient(nil, "test", id, true)
		server.Clients.Add(c)
		server.Clients.Delete(id)
	}
}

// TestCloseEndsClients closes a broker with a client that is connected.
func TestCloseEndsClients(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := embedded.Start(nil, new(embedded.AllowAll), listeners.NewNet("test", l))
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// CONNECT of MQTT 5.0, Clean Start, Client Identifier "a".
	if _, err := c.Write([]byte{0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 0, 0, 1, 'a'}); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 64)
	if n, err := c.Read(first); err != nil || first[0] != 0x20 {
		t.Fatalf("got % x, %v, want CONNACK", first[:n], err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if n, err := c.Read(first); err != nil || first[0] != 0xE0 || first[2] != 0x8B {
		t.Errorf("got % x, %v, want DISCONNECT 0x8B", first[:n], err)
	}
}
