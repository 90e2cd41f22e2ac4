package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// describe writes on what machine, with what, and by which command is measured.
func describe(w io.Writer, command string) {
	fmt.Fprintf(w, "Measured %s by\n\n    %s\n\n", time.Now().UTC().Format(time.DateOnly), command)
	fmt.Fprintf(w, "on %s/%s, %d × %s, %s, %s%s.\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor(), kernel(), runtime.Version(), load())
}

// processor is what the kernel says it is.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "a processor of unknown model"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, ok := strings.CutPrefix(s.Text(), "model name"); ok {
			return strings.TrimLeft(name, " \t:")
		}
	}
	return "a processor of unknown model"
}

func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "kernel unknown"
	}
	release, _, _ := strings.Cut(strings.TrimSpace(string(text)), "-") // what follows says who built it
	return "kernel " + release
}

// load says how busy the machine is, since that moves all times.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	one, _, _ := strings.Cut(string(text), " ")
	return ", load " + one
}

// describe says what is in a capture.
func (c *capture) describe() string {
	return fmt.Sprintf("%.0f MB, %s frames, %s connections, %s Control Packets, %s handshakes", c.mb(),
		thousands(float64(c.truth.Frames)), thousands(float64(c.truth.Connections)), thousands(float64(c.packets())), thousands(float64(c.handshakes())))
}
