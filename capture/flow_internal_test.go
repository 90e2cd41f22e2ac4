package capture

import (
	"reflect"
	"testing"
)

// TestFlowLayout keeps what each segment takes of a flow within two lines of the processor's cache, and flows from sharing lines.
func TestFlowLayout(t *testing.T) {
	const line, large = 64, 32 << 10
	flow := reflect.TypeFor[flow]()
	stage, _ := flow.FieldByName("stage")
	if word := stage.Type.Size() / 2; stage.Offset+word > 2*line {
		t.Errorf("what each segment takes ends at byte %d", stage.Offset+word)
	}
	if flow.Size()%line != 0 || flow.Size()*flowSlab <= large {
		t.Errorf("%d flows of %d bytes", flowSlab, flow.Size())
	}
}
