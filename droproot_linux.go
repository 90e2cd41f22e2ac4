package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// dropRoot becomes the user who called sudo, in all threads and for good, if there is one. What needed root is open by then.
func dropRoot() error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, okUID := sudoID("SUDO_UID")
	gid, okGID := sudoID("SUDO_GID")
	if !okUID || !okGID || uid == 0 {
		return nil // root by itself: there is nobody to become
	}
	if err := syscall.Setgroups([]int{gid}); err != nil {
		return fmt.Errorf("cannot give up root: %w", err)
	}
	if err := syscall.Setresgid(gid, gid, gid); err != nil {
		return fmt.Errorf("cannot give up root: %w", err)
	}
	if err := syscall.Setresuid(uid, uid, uid); err != nil {
		return fmt.Errorf("cannot give up root: %w", err)
	}
	if syscall.Setresuid(0, 0, 0) == nil {
		return fmt.Errorf("cannot give up root: it can be had back")
	}
	return nil
}

func sudoID(name string) (int, bool) {
	id, err := strconv.ParseUint(os.Getenv(name), 10, 31)
	return int(id), err == nil
}
