package capture

import "syscall"

// Those of Winsock; the names that package syscall has for the others on Windows are made up.
const (
	errConnReset    = syscall.WSAECONNRESET
	errConnAborted  = syscall.Errno(10053)
	errAddrInUse    = syscall.Errno(10048)
	errAddrNotAvail = syscall.Errno(10049)
)
