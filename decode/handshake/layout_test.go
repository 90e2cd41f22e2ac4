package handshake

import (
	"testing"
	"unsafe"
)

// TestLayout: what a packet takes of a connection and of a session lies in as few lines of the processor's cache as can be. Go's allocator puts 8 bytes of
// its own before what is larger than 512 bytes and has pointers.
func TestLayout(t *testing.T) {
	const line, before = 64, 8
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the sizes are those of 64 bits")
	}
	var l Link
	var s Session
	for _, c := range []struct {
		name   string
		offset uintptr
	}{
		{"the sides of a Link", unsafe.Offsetof(l.sides)},
		{"the second topic of a sending side", unsafe.Offsetof(l.sides) + unsafe.Offsetof(l.sides[0].topics) + unsafe.Offsetof(l.sides[0].topics.names) + unsafe.Sizeof("")},
		{"the sides of a Session", unsafe.Offsetof(s.sides)},
		{"past", unsafe.Offsetof(s.sides) + unsafe.Offsetof(s.sides[0].past)},
		{"pace", unsafe.Offsetof(s.sides) + unsafe.Offsetof(s.sides[0].pace)},
	} {
		if (c.offset+before)%line != 0 {
			t.Errorf("%s: begins at byte %d of a line, want 0", c.name, (c.offset+before)%line)
		}
	}
	for name, size := range map[string]uintptr{"a side of a Link": unsafe.Sizeof(l.sides[0]), "a side of a Session": unsafe.Sizeof(s.sides[0])} {
		if size%line != 0 {
			t.Errorf("%s: %d bytes, want whole lines", name, size)
		}
	}
	for name, size := range map[string]uintptr{"Link": unsafe.Sizeof(l), "Session": unsafe.Sizeof(s)} {
		if size <= 512 {
			t.Errorf("%s: %d bytes, want more than 512", name, size)
		}
	}
}
