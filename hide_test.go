package main_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestPasswordIsHidden looks at what others on the machine see of a process that was given a password.
func TestPasswordIsHidden(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	tests := []struct {
		name, want string
		args       []string
	}{
		{"-P", "geheim", []string{"mqtt://ADDR", "-u", "anna", "-P", "geheim"}},
		{"-P joined", "geheim", []string{"mqtt://ADDR", "-u", "anna", "-Pgeheim"}},
		{"--password", "geheim", []string{"mqtt://ADDR", "-u", "anna", "--password=geheim"}},
		{"URL", "geheim", []string{"mqtt://anna:geheim@ADDR"}},
		{"option wins over URL", "geheim", []string{"mqtt://anna:geheim-not@ADDR", "--password", "geheim"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0") // its own: the client of the test before may still try again
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(30 * time.Second))
			test.args[0] = strings.Replace(test.args[0], "ADDR", l.Addr().String(), 1)
			cmd := command(append(test.args, "--duration", "20s", "--output", "json")...)
			cmd.Env = append(cmd.Env, "MQTTWATCH_PASSWORD=another")
			start(t, cmd)
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			title, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(title), "geheim") || !strings.Contains(string(title), "127.0.0.1") {
				t.Errorf("the process is seen as %q", title)
			}
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
			connect := make([]byte, 512)
			n, err := c.Read(connect)
			if err != nil {
				t.Fatal(err)
			}
			// The password is the last field of a CONNECT: two bytes of length, then the text.
			if want := "\x00\x06" + test.want; !strings.HasSuffix(string(connect[:n]), want) || !strings.Contains(string(connect[:n]), "anna") {
				t.Errorf("CONNECT is %q, want user anna and password at its end", connect[:n])
			}
		})
	}
}
