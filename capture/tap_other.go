//go:build !windows

package capture

import "syscall"

const (
	errConnReset    = syscall.ECONNRESET
	errConnAborted  = syscall.ECONNABORTED
	errAddrInUse    = syscall.EADDRINUSE
	errAddrNotAvail = syscall.EADDRNOTAVAIL
)
