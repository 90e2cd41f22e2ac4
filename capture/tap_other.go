//go:build !windows

package capture

import "syscall"

const errConnReset = syscall.ECONNRESET
