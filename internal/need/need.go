// Package need asks for what tests need of the machine that they run on.
package need

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Env names the variable that turns "skipped, since it is not there" into a failure: a list of names separated by
// commas, or "all".
const Env = "MQTTWATCH_REQUIRE"

// Program returns the path of the program name. Where it is not found the test is skipped, or fails if Env lists name.
func Program(t testing.TB, name string) string {
	t.Helper()
	for _, where := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(where); err == nil {
			return path
		}
	}
	if required(os.Getenv(Env), name) {
		t.Fatalf("%s is not installed, and %s asks for it", name, Env)
	}
	t.Skipf("%s is not installed (%s=%s makes this a failure)", name, Env, name)
	return ""
}

func required(list, name string) bool {
	names := strings.Split(list, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return slices.Contains(names, name) || slices.Contains(names, "all")
}
