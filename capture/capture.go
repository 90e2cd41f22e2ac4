// Package capture is where bytes come from: capture files, the embedded client, the demo; every Source yields
// decode.Segments.
package capture

import (
	"context"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A Sink takes segments in the order of the slice. The segments and their bytes are valid until it returns.
type Sink func(batch []decode.Segment)

// A Source yields the bytes of Network Connections.
type Source interface {
	// Run delivers segments until the source has ended or ctx is done, and says why it ended: nil for an end of file or
	// a done ctx. It calls sink from one goroutine at a time.
	Run(ctx context.Context, sink Sink) error
	// Stats may be called at any time from any goroutine.
	Stats() decode.SourceStats
}
