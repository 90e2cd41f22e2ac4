package delivery

import (
	"reflect"
	"testing"
)

// TestSizes holds what is kept by the thousands, and looked at when it is not at hand any more, to as many cache lines as it needs.
func TestSizes(t *testing.T) {
	for _, kept := range []struct {
		what reflect.Type
		size uintptr
	}{{reflect.TypeFor[Message](), 320}, {reflect.TypeFor[chain](), 32}, {reflect.TypeFor[session](), 256}, {reflect.TypeFor[link](), 128}, {reflect.TypeFor[route](), 128}} {
		if size := kept.what.Size(); size > kept.size {
			t.Errorf("a %v has %d bytes, more than %d", kept.what, size, kept.size)
		}
	}
}
