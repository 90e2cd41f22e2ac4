package need

import (
	"crypto/rand"
	"os"
	"os/exec"
	"testing"
)

// netns is the name that Env lists where tests must have network namespaces.
const netns = "netns"

// Namespace makes a network namespace with its loopback interface up, and returns its name, by which ip(8) knows it. It goes with the test.
// Where that needs rights that are not there the test is skipped, or fails if Env lists "netns".
func Namespace(t testing.TB) string {
	t.Helper()
	name := "mqttwatch-" + rand.Text()[:10]
	if !may(t, Program(t, "ip"), "netns", "add", name) {
		return ""
	}
	t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
			t.Errorf("ip netns del %s: %v: %s", name, err, out)
		}
	})
	may(t, "ip", "-n", name, "link", "set", "lo", "up")
	return name
}

// Tmpfs mounts a file system of the size given (as mount(8) takes it) on a directory and returns that. It goes with the test. Where that
// needs rights that are not there the test is skipped, or fails if Env lists "netns".
func Tmpfs(t testing.TB, size string) string {
	t.Helper()
	dir := t.TempDir()
	if !may(t, "mount", "-t", "tmpfs", "-o", "size="+size, "mqttwatch-test", dir) {
		return ""
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", dir, err, out)
		}
	})
	return dir
}

func may(t testing.TB, name string, args ...string) bool {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err == nil {
		return true
	}
	if required(os.Getenv(Env), netns) {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	t.Skipf("%s %v: %v: %s (it needs root; %s=%s makes this a failure)", name, args, err, out, Env, netns)
	return false
}
