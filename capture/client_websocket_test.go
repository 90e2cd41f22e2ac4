package capture_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/gorilla/websocket"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/embedded"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// TestClientMosquittoWebSocket checks that the tap sees MQTT, and nothing of WebSocket.
func TestClientMosquittoWebSocket(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	ca.issue(t, dir, "server", "127.0.0.1")
	file := func(name string) string { return filepath.Join(dir, name) }
	// A broker that has no listener but those for WebSocket is refused by some versions of mosquitto.
	plain, secure := need.Port(t), need.Port(t)
	startMosquitto(t, dir, fmt.Sprintf("allow_anonymous true\nlistener %d 127.0.0.1\nprotocol websockets\n"+
		"listener %d 127.0.0.1\nprotocol websockets\ncertfile %s\nkeyfile %s", plain, secure, file("server.pem"), file("server.key")))
	need.Listener(t, plain)
	need.Listener(t, secure)
	ws, wss := fmt.Sprintf("ws://127.0.0.1:%d", plain), fmt.Sprintf("wss://127.0.0.1:%d", secure)
	for _, c := range []struct {
		name, url, cafile, want string
	}{
		{"plain", ws, "", ""},
		{"another path", ws + "/any?x=1", "", ""},
		{"TLS", wss, file("ca.pem"), ""},
		{"TLS, unknown authority", wss, "", "--cafile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := loop(c.url)
			opts.CAFile = c.cafile
			s := start(t, opts)
			if c.want != "" {
				if err := s.result(t); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			s.awaitLoop(t)
			if err := s.stop(t); err != nil {
				t.Fatal(err)
			}
			if st := s.Stats(); len(st.Notes) != 0 || st.Connections != 1 {
				t.Errorf("stats %+v", st)
			}
			if n := count(s.wire(decode.FromClient), packets.DISCONNECT); n != 1 {
				t.Errorf("%d DISCONNECT", n)
			}
			info := s.get()[0].Conn.Info
			if b, err := capture.ParseURL(c.url); err != nil || !info.Client.IsValid() || info.Server.Port() != b.Port || info.Transport != "WebSocket" {
				t.Errorf("the tap has %+v", info)
			}
		})
	}
}

func TestClientMosquittoSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mqtt.sock")
	startMosquitto(t, dir, "allow_anonymous true\nlistener 0 "+path)
	waitFor(t, "the socket", func() bool { _, err := os.Stat(path); return err == nil })
	s := start(t, loop("unix://"+path))
	s.awaitLoop(t)
	if name := s.get()[0].Conn.Info.ServerName; name != path {
		t.Errorf("the server is called %q", name)
	}
	err := start(t, loop("unix://"+path+"x")).result(t)
	if err == nil || err.Error() != "cannot connect to unix://"+path+"x: no such file or directory: does the broker run, and is this its socket?" {
		t.Errorf("got %v", err)
	}
}

func TestClientMochiWebSocket(t *testing.T) {
	port := need.Port(t)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	server, err := embedded.Start(nil, new(embedded.AllowAll), listeners.NewWebsocket(listeners.Config{ID: "ws", Address: addr}))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	need.Listener(t, port)
	s := start(t, loop("ws://"+addr))
	s.awaitLoop(t)
	if err := s.stop(t); err != nil {
		t.Error(err)
	}
}

// await reads until the client has gone.
func await(c *websocket.Conn) {
	for {
		if _, _, err := c.ReadMessage(); err != nil {
			return
		}
	}
}

// wsServer runs serve for each WebSocket connection at /mqtt, and returns the URL.
func wsServer(t *testing.T, protocols []string, serve func(*websocket.Conn)) string {
	t.Helper()
	up := websocket.Upgrader{Subprotocols: protocols}
	mux := http.NewServeMux()
	mux.HandleFunc("/denied", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/mqtt", func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		serve(c)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http://", "ws://", 1)
}

// TestClientWebSocketPieces sends a CONNACK in pieces of a byte, with empty messages and pings between.
func TestClientWebSocketPieces(t *testing.T) {
	connack := []byte{0x20, 3, 0, 0, 0}
	url := wsServer(t, nil, func(c *websocket.Conn) {
		kind, b, err := c.ReadMessage()
		if err != nil || kind != websocket.BinaryMessage || len(parse(b)) != 1 {
			t.Errorf("the client sent %d %q (%v), want one packet in one binary message", kind, b, err)
		}
		for i := range connack {
			c.WriteMessage(websocket.BinaryMessage, connack[i:i+1])
			c.WriteMessage(websocket.BinaryMessage, nil)
			c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		}
		await(c)
	})
	s := start(t, capture.ClientOptions{URL: url, FailFast: true, Resume: true, ClientID: "a"})
	waitFor(t, "the connection", func() bool { return s.Stats().State == "live" })
	if got := s.bytes(decode.FromServer); string(got) != string(connack) {
		t.Errorf("the tap saw %q", got)
	}
	if st := s.Stats(); len(st.Notes) != 1 || !strings.Contains(st.Notes[0], "subprotocol mqtt") {
		t.Errorf("notes %q", st.Notes)
	}
}

func TestClientWebSocketFails(t *testing.T) {
	mqttOnly := []string{"mqtt"}
	url := wsServer(t, mqttOnly, func(c *websocket.Conn) {
		c.ReadMessage()
		c.WriteMessage(websocket.TextMessage, []byte("hello"))
		await(c)
	})
	policy := wsServer(t, mqttOnly, func(c *websocket.Conn) {
		c.ReadMessage()
		c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1008, "go\naway"), time.Now().Add(time.Second))
		await(c)
	})
	gone := wsServer(t, mqttOnly, func(c *websocket.Conn) { c.ReadMessage() })
	old, oldURL := listen(t)
	go answer(old, []byte{0x20, 2, 0, 5})
	for _, c := range []struct{ name, url, want string }{
		{"wrong path", url + "/other", "no WebSocket at the path /other (HTTP status 404 Not Found)"},
		{"refused", url + "/denied", "HTTP status 403 Forbidden"},
		{"text", url, "binary messages only"},
		{"closed with a reason", policy, `status 1008: go\x0aaway`},
		{"closed without", gone, "the broker closed the connection without an answer"},
		{"plain MQTT there", strings.Replace(oldURL, "mqtt://", "ws://", 1), "no WebSocket there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, capture.ClientOptions{URL: c.url, FailFast: true, Timeout: 3 * time.Second})
			err := s.result(t)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestClientWebSocketComesBack cuts the connection and waits for the next.
func TestClientWebSocketComesBack(t *testing.T) {
	rounds := make(chan int32, 10)
	var count atomic.Int32
	url := wsServer(t, []string{"mqtt"}, func(c *websocket.Conn) {
		c.ReadMessage()
		c.WriteMessage(websocket.BinaryMessage, []byte{0x20, 3, 0, 0, 0})
		n := count.Add(1)
		rounds <- n
		if n == 1 {
			c.NetConn().Close()
			return
		}
		await(c)
	})
	s := start(t, capture.ClientOptions{URL: url})
	for want := 1; want <= 2; want++ {
		select {
		case <-rounds:
		case <-time.After(10 * time.Second):
			t.Fatalf("connection %d does not come", want)
		}
	}
	waitFor(t, "the connection", func() bool { return s.Stats().State == "live" })
	if got := fmt.Sprint(describe(s.get())); strings.Count(got, "open") != 2 || strings.Count(got, "close server") != 1 {
		t.Errorf("the tap saw %s", got)
	}
}
