package capture_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/embedded"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// mosquitto is a running broker; its port stays the same over restarts.
type mosquitto struct {
	t    *testing.T
	cmd  *exec.Cmd
	dir  string
	port int
}

// startMosquitto starts mosquitto with config, in which %d is the port.
func startMosquitto(t *testing.T, dir, config string) *mosquitto {
	t.Helper()
	need.Program(t, "mosquitto")
	m := &mosquitto{t: t, dir: dir, port: need.Port(t)}
	config = fmt.Sprintf("listener %d 127.0.0.1\n%s\n", m.port, config)
	if os.Geteuid() == 0 {
		config += "user root\n" // or it cannot read the directory
	}
	if err := os.WriteFile(filepath.Join(dir, "mosquitto.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.stop() })
	m.start()
	return m
}

func (m *mosquitto) start() {
	m.t.Helper()
	m.cmd = exec.Command(need.Program(m.t, "mosquitto"), "-c", filepath.Join(m.dir, "mosquitto.conf"))
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	need.Listener(m.t, m.port)
}

// stop ends mosquitto, which then writes its persistent state.
func (m *mosquitto) stop() {
	if m.cmd != nil {
		m.cmd.Process.Signal(os.Interrupt)
		m.cmd.Wait()
		m.cmd = nil
	}
}

func (m *mosquitto) url(scheme string) string {
	return fmt.Sprintf("%s://127.0.0.1:%d", scheme, m.port)
}

// loop subscribes and publishes with all three QoS, so that each handshake runs in both directions.
func loop(url string) capture.ClientOptions {
	return capture.ClientOptions{
		URL:           url,
		Subscriptions: []capture.Subscription{{Filter: "plant/#", QoS: 2}},
		Publishes:     []capture.Publish{{Topic: "plant/a", QoS: 1}, {Topic: "plant/b", QoS: 2}, {Topic: "plant/c"}},
		FailFast:      true,
	}
}

func (s *session) awaitLoop(t *testing.T) {
	t.Helper()
	for _, dir := range []decode.Direction{decode.FromClient, decode.FromServer} {
		s.awaitWire(t, dir, packets.PUBLISH, 3)
		for _, typ := range []byte{packets.PUBACK, packets.PUBREC, packets.PUBREL, packets.PUBCOMP} {
			s.awaitWire(t, dir, typ, 1)
		}
	}
}

func TestClientMosquitto(t *testing.T) {
	m := startMosquitto(t, t.TempDir(), "allow_anonymous true")
	s := start(t, loop(m.url("mqtt")))
	s.awaitLoop(t)
	if st := s.Stats(); st.State != "live" || st.Err != "" || len(st.Notes) != 0 {
		t.Errorf("stats %+v", st)
	}
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	if n := count(s.wire(decode.FromClient), packets.DISCONNECT); n != 1 {
		t.Errorf("%d DISCONNECT", n)
	}
	segs := s.get()
	if last := segs[len(segs)-1]; last.Kind != decode.Close {
		t.Errorf("the last segment is %v, not Close", last.Kind)
	}
	// The session must be gone: a second client that asks for it finds none.
	again := loop(m.url("mqtt"))
	again.ClientID, again.Resume = s.ClientID(), true
	s2 := start(t, again)
	s2.awaitLoop(t)
	if s2.wire(decode.FromServer)[0].Content.(*packets.Connack).SessionPresent {
		t.Error("the session stayed behind on the broker")
	}
}

func TestClientMosquittoLogin(t *testing.T) {
	dir := t.TempDir()
	passwords := filepath.Join(dir, "passwords")
	if out, err := exec.Command(need.Program(t, "mosquitto_passwd"), "-b", "-c", passwords, "alice", "s3cret").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	m := startMosquitto(t, dir, "allow_anonymous false\npassword_file "+passwords)
	for _, c := range []struct {
		name, user, password string
		refused              bool
	}{
		{"right", "alice", "s3cret", false},
		{"wrong", "alice", "wr0ng", true},
		{"none", "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := loop(m.url("mqtt"))
			opts.User, opts.Password = c.user, c.password
			s := start(t, opts)
			if !c.refused {
				s.awaitLoop(t)
				return
			}
			err := s.result(t)
			if err == nil || !strings.Contains(err.Error(), "broker refused: ") || strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("got %v", err)
			}
			if count(s.wire(decode.FromServer), packets.CONNACK) != 1 {
				t.Error("the tap did not see the CONNACK")
			}
		})
	}
	t.Run("in the URL", func(t *testing.T) {
		start(t, loop(fmt.Sprintf("mqtt://alice:s3cret@127.0.0.1:%d", m.port))).awaitLoop(t)
	})
}

// TestClientMosquittoRestart restarts the broker: the client must be back, with its session.
func TestClientMosquittoRestart(t *testing.T) {
	dir := t.TempDir()
	m := startMosquitto(t, dir, "allow_anonymous true\npersistence true\npersistence_location "+dir+"/")
	opts := loop(m.url("mqtt"))
	opts.Every = 50 * time.Millisecond
	s := start(t, opts)
	s.awaitLoop(t)
	m.stop()
	waitFor(t, "the loss to show", func() bool { return s.Stats().State == "retrying" })
	m.start()
	waitFor(t, "the client to be back", func() bool { return s.Stats().State == "live" })
	before := count(s.wire(decode.FromServer), packets.PUBCOMP)
	s.awaitWire(t, decode.FromServer, packets.PUBCOMP, before+3)
	connects, subscribes := 0, 0
	for _, p := range s.wire(decode.FromClient) {
		if c, ok := p.Content.(*packets.Connect); ok {
			if connects++; connects > 1 && c.CleanStart {
				t.Error("the reconnect asks for a clean start")
			}
		}
		if p.Type == packets.SUBSCRIBE {
			subscribes++
		}
	}
	if connects < 2 || subscribes != 1 {
		t.Errorf("%d CONNECT, %d SUBSCRIBE; want at least 2, and 1 since the session was kept", connects, subscribes)
	}
}

func TestClientMosquittoTLS(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	ca.issue(t, dir, "server", "127.0.0.1")
	ca.issue(t, dir, "client", "")
	newAuthority(t, dir, "other")
	file := func(name string) string { return filepath.Join(dir, name) }
	m := startMosquitto(t, dir, "allow_anonymous true\nrequire_certificate true\ncafile "+file("ca.pem")+
		"\ncertfile "+file("server.pem")+"\nkeyfile "+file("server.key"))
	plain := startMosquitto(t, t.TempDir(), "allow_anonymous true")
	for _, c := range []struct {
		name string
		url  string
		set  func(o *capture.ClientOptions)
		want string // in the error; connects where empty
	}{
		{"all right", m.url("mqtts"), func(o *capture.ClientOptions) { o.CAFile = file("ca.pem") }, ""},
		{"unchecked", m.url("ssl"), func(o *capture.ClientOptions) { o.Insecure = true }, ""},
		{"system's authorities", m.url("mqtts"), func(*capture.ClientOptions) {}, "--cafile"},
		{"other authority", m.url("mqtts"), func(o *capture.ClientOptions) { o.CAFile = file("other.pem") }, "none of the authorities that are trusted here"},
		{"other name", m.url("mqtts"), func(o *capture.ClientOptions) { o.CAFile = file("ca.pem"); o.ServerName = "example.org" }, "is for another host (127.0.0.1) than example.org: use a name that is in it, say which with --server-name"},
		{"no client certificate", m.url("mqtts"), func(o *capture.ClientOptions) {
			o.CAFile, o.Cert, o.Key = file("ca.pem"), "", ""
		}, "--cert"},
		{"no TLS there", plain.url("mqtts"), func(*capture.ClientOptions) {}, "during the TLS handshake: does it speak TLS on this port?"},
		{"TLS there", m.url("mqtt"), func(o *capture.ClientOptions) { o.Cert, o.Key = "", "" }, "does it want TLS on this port (mqtts://)"},
		{"no WebSocket there", plain.url("ws"), func(o *capture.ClientOptions) { o.Cert, o.Key = "", "" }, "does the broker speak WebSocket on this port?"},
		{"no WebSocket there, TLS", m.url("wss"), func(o *capture.ClientOptions) { o.CAFile = file("ca.pem") }, "does the broker speak WebSocket on this port?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := loop(c.url)
			opts.Cert, opts.Key = file("client.pem"), file("client.key")
			opts.Timeout = 3 * time.Second
			c.set(&opts)
			s := start(t, opts)
			if c.want == "" {
				s.awaitLoop(t)
				return
			}
			err := s.result(t)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			t.Log(err)
		})
	}
}

func TestClientMochi(t *testing.T) {
	_, addr := need.Embedded(t, nil, new(embedded.AllowAll))
	s := start(t, loop("mqtt://"+addr))
	s.awaitLoop(t)
	if err := s.stop(t); err != nil {
		t.Error(err)
	}
}

// authority signs certificates of tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority writes name.pem.
func newAuthority(t *testing.T, dir, name string) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	key := newKey(t)
	a := &authority{template, key}
	a.cert = a.sign(t, template, key, filepath.Join(dir, name+".pem"))
	return a
}

// issue writes name.pem and name.key, for the IP address ip where it is not empty.
func (a *authority) issue(t *testing.T, dir, name, ip string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip != "" {
		template.IPAddresses = []net.IP{net.ParseIP(ip)}
	}
	key := newKey(t)
	a.sign(t, template, key, filepath.Join(dir, name+".pem"))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, name+".key"), "PRIVATE KEY", der)
}

func (a *authority) sign(t *testing.T, template *x509.Certificate, key *ecdsa.PrivateKey, path string) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, path, "CERTIFICATE", der)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
