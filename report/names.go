package report

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// stateName returns the word for s in reports: those of the summary's outcomes.
func stateName(s handshake.State) string {
	switch s {
	case handshake.Complete:
		return "complete"
	case handshake.Refused:
		return "refused"
	case handshake.Abandoned:
		return "abandoned"
	case handshake.Unknown:
		return "unknown"
	}
	return "open"
}

// eventName returns the word for what happened to an alert.
func eventName(k watch.EventKind) string {
	switch k {
	case watch.AlertEscalated:
		return "escalated"
	case watch.AlertCleared:
		return "cleared"
	}
	return "raised"
}

// outcomeName returns the word for how an alert came to its end, empty where it has not.
func outcomeName(a *watch.Alert) string {
	if a.Cleared == 0 {
		return ""
	}
	switch a.Outcome {
	case handshake.Unmet:
		return "unmet"
	case handshake.Untold:
		return "untold"
	}
	return "resolved"
}

// who returns how the end dir is called: the client as its column says, and "broker".
func who(r *watch.Row, dir decode.Direction) string {
	if dir == decode.FromClient {
		return r.Client
	}
	return "broker"
}

// isDelivery reports whether r delivers an Application Message; otherwise it is a SUBSCRIBE or an UNSUBSCRIBE.
func isDelivery(r *watch.Row) bool { return r.Kind == handshake.QoS1 || r.Kind == handshake.QoS2 }

func qos(k handshake.Kind) int {
	if k == handshake.QoS2 {
		return 2
	}
	return 1
}

// answered returns the last step that carries a Reason Code, which is what r.Reason is from once r has ended.
func answered(r *watch.Row) (decode.Type, bool) {
	if r.State != handshake.Complete && r.State != handshake.Refused {
		return 0, false
	}
	for i := len(r.Steps) - 1; i >= 0; i-- {
		if carriesReason(r.Steps[i].Type) {
			return r.Steps[i].Type, true
		}
	}
	return 0, false
}

// carriesReason reports whether packets of type p say how something went.
func carriesReason(p decode.Type) bool {
	switch p {
	case decode.PUBLISH, decode.SUBSCRIBE, decode.UNSUBSCRIBE:
		return false
	}
	return true
}

// reasonName returns the name that the standard gives to a Reason Code in packets of type p.
func reasonName(code decode.ReasonCode, p decode.Type, version decode.Version) string {
	if version == 0 {
		version = decode.V5
	}
	return code.Name(p, version)
}
