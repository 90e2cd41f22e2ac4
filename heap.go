package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// The heap is collected for the first time when it has 16 MB, which most runs need anyway, and not at the 4 MB that Go begins with: on the way there each of three
// collections wakes all cores to find that nearly everything is still in use. From then on it is collected when it has doubled, as usual.
const (
	percentAtFirst = 400 // of 4 MB
	percentUsual   = 100
)

// collectLater lets the heap grow to 16 MB, unless the user has set GOGC.
func collectLater() {
	if _, set := os.LookupEnv("GOGC"); set {
		return
	}
	debug.SetGCPercent(percentAtFirst)
	unused := &struct{ *int }{} // the first collection finds that nobody refers to it
	runtime.AddCleanup(unused, func(percent int) { debug.SetGCPercent(percent) }, percentUsual)
}
