package watch

import "github.com/mqttwatch/mqttwatch/decode"

// Statistics are what the whole capture adds up to.
type Statistics struct {
	// Steps are how long each step took, by who sent the PUBLISH.
	Steps [StepKinds][2]Latency
	// Seconds are the last seconds of capture time, at most RateSeconds, the oldest first; LastSecond is when the last of them, which is not over
	// yet, began.
	Seconds    []Second
	LastSecond decode.Time
	// Sys is what brokers said of themselves on $SYS topics; SysLeftOut counts messages on topics beyond the bound.
	Sys        []SysValue
	SysLeftOut uint64
	// PrunedSessions and PrunedTopics gave way to others.
	PrunedSessions, PrunedTopics uint64
}

func (s *survey) statistics(now decode.Time) *Statistics {
	out := &Statistics{
		Seconds: s.rates.copy(now), LastSecond: decode.Time(secondOf(now) * 1e9), Sys: s.sys.copy(), SysLeftOut: s.sys.leftOut,
		PrunedSessions: s.sessions.pruned, PrunedTopics: s.topics.pruned,
	}
	for kind := range out.Steps {
		for sender := range out.Steps[kind] {
			out.Steps[kind][sender] = s.steps[kind][sender].copy()
		}
	}
	return out
}
