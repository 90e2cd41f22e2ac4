//go:build unix

package main

import (
	"os"
	"syscall"
)

// replaceProcess runs this program again in place of this process. It returns only if that fails.
func replaceProcess(args, env []string) {
	path, err := os.Executable()
	if err != nil {
		return
	}
	_ = syscall.Exec(path, args, env) // where it fails the password stays visible, which is no reason not to run
}
