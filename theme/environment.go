package theme

import (
	"fmt"
	"runtime"
	"strings"
)

// UseColor decides whether to use colours. Mode is "auto", "always" or "never" (empty is "auto"); auto means on a terminal, unless
// NO_COLOR is set to anything or TERM is dumb. Getenv is os.Getenv, or a test's.
func UseColor(mode string, terminal bool, getenv func(string) string) (bool, error) {
	switch mode {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "", "auto":
		return terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb", nil
	}
	return false, fmt.Errorf("color is %q: it must be auto, always or never", mode)
}

// UTF8 reports whether the locale says that the terminal shows UTF-8.
func UTF8(getenv func(string) string) bool {
	// The first of these that is set rules, as in POSIX.
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return runtime.GOOS == "windows"
}
