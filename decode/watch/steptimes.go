package watch

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A StepKind is one step of a delivery, from a packet to its answer.
type StepKind uint8

// The steps.
const (
	PublishToPuback StepKind = iota
	PublishToPubrec
	PubrecToPubrel
	PubrelToPubcomp
	StepKinds // how many there are
)

var stepNames = [StepKinds]string{"PUBLISH→PUBACK", "PUBLISH→PUBREC", "PUBREC→PUBREL", "PUBREL→PUBCOMP"}

func (k StepKind) String() string {
	if k < StepKinds {
		return stepNames[k]
	}
	return "?"
}

// A Latency is how long a step took, over all deliveries that ended, were seen from their beginning and not sent again.
type Latency struct {
	Count              uint64
	P50, P90, P99, Max time.Duration
	// Bins counts the times by SpreadBin.
	Bins [SpreadBins]uint32
}

// longestStep bounds the times that the histograms hold; what took longer counts as that.
const longestStep = time.Hour

// stepTimes are the latencies by step, and by the sender of the PUBLISH: whether broker or client answers makes all the difference.
type stepTimes [StepKinds][2]stepTime

type stepTime struct {
	exact *hdrhistogram.Histogram // microseconds
	most  time.Duration
}

func newStepTimes() (s stepTimes) {
	for i := range s {
		for j := range s[i] {
			s[i][j] = stepTime{exact: hdrhistogram.New(1, longestStep.Microseconds(), 2)}
		}
	}
	return s
}

func (t *stepTime) add(d time.Duration) {
	d = min(max(d, 0), longestStep)
	t.most = max(t.most, d)
	_ = t.exact.RecordValue(d.Microseconds()) // within its bounds
}

func stepKind(from, to decode.Type) (StepKind, bool) {
	switch {
	case from == decode.PUBLISH && to == decode.PUBACK:
		return PublishToPuback, true
	case from == decode.PUBLISH && to == decode.PUBREC:
		return PublishToPubrec, true
	case from == decode.PUBREC && to == decode.PUBREL:
		return PubrecToPubrel, true
	case from == decode.PUBREL && to == decode.PUBCOMP:
		return PubrelToPubcomp, true
	}
	return 0, false
}

// copy returns the latency of a step.
func (t *stepTime) copy() Latency {
	at := func(percent float64) time.Duration {
		return min(time.Duration(t.exact.ValueAtPercentile(percent))*time.Microsecond, t.most)
	}
	l := Latency{Count: uint64(t.exact.TotalCount()), P50: at(50), P90: at(90), P99: at(99), Max: t.most}
	for _, bar := range t.exact.Distribution() {
		if bar.Count > 0 {
			l.Bins[SpreadBin(time.Duration(bar.From)*time.Microsecond)] += uint32(bar.Count)
		}
	}
	return l
}
