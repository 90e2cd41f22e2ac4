package capture

import "syscall"

const errConnReset = syscall.WSAECONNRESET
