//go:build !unix

package main

// replaceProcess does nothing here: a process cannot be replaced.
func replaceProcess(args, env []string) {}
