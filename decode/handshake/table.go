package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// input is a Control Packet as far as the transition table tells packets apart.
type input uint8

// The inputs. A PUBLISH, SUBSCRIBE or UNSUBSCRIBE that finds its identifier in use is one of four: "new" has other content
// and no DUP flag, "same" has the same content and no DUP flag, "dup" has the DUP flag, "again" is one of the last two on
// a later Network Connection than the handshake's last packet (redelivery after a resume).
const (
	inPublish1New input = iota
	inPublish1Same
	inPublish1Dup
	inPublish1Again
	inPublish2New
	inPublish2Same
	inPublish2Dup
	inPublish2Again
	inPuback
	inPubackFailed
	inPubrec
	inPubrecFailed
	inPubrel
	inPubrelAgain
	inPubcomp
	inSubscribeNew
	inSubscribeSame
	inUnsubscribeNew
	inUnsubscribeSame
	inSuback
	inUnsuback
	inputs
)

// row is the state in which an input finds its identifier; rowNone is "not in use". The rows of deliveries are numbered as their states.
type row uint8

const (
	rowNone row = iota
	rowPuback
	rowPubrec
	rowPubrel
	rowPubcomp
	rowSuback
	rowUnsuback
	rows
)

// verdict is what an input means where it is found.
type verdict uint8

const (
	verdictNone         verdict = iota
	verdictStart                // a new handshake
	verdictStep                 // the next step, as it should be
	verdictEnd                  // the last step
	verdictRefuse               // ended by a Reason Code of 0x80 or above
	verdictResend               // the same again on the same connection, marked as a resend
	verdictResendNoDup          // the same content again on the same connection, without the DUP flag
	verdictRedeliver            // the same again on a new connection, as it should be after a resume
	verdictReuse                // the identifier is given to another message while it is in use
	verdictPublishAgain         // PUBLISH again although PUBREL was sent
	verdictUnexpected           // an acknowledgement of nothing known
	verdictMismatch             // an acknowledgement of the wrong type
	verdictDuplicate            // an acknowledgement once more
	verdictSkipped              // a later step, with the one before it missing
	verdictSkippedEnd           // the last step, with the one before it missing
)

// cell is one entry of the table: the state that follows (0: unchanged, or none) and the verdict.
type cell struct {
	next    State
	verdict verdict
}

// transitions is the whole of what a packet can mean: state × packet → next state, verdict. Sections 4.3.2, 4.3.3 and 4.4 of
// MQTT 5.0 and of 3.1.1.
//
// Two cells want a reason. PUBCOMP ends a QoS 2 handshake in any state, since it frees the identifier for the sender whatever went missing
// before it. PUBLISH with DUP after PUBREC on one connection leaves "awaiting PUBREL": the two packets crossed, and the sender
// has the PUBREC that it must answer.
var transitions = [rows][inputs]cell{
	rowNone: {
		inPublish1New: {AwaitingPuback, verdictStart}, inPublish1Same: {AwaitingPuback, verdictStart},
		inPublish1Dup: {AwaitingPuback, verdictStart}, inPublish1Again: {AwaitingPuback, verdictStart},
		inPublish2New: {AwaitingPubrec, verdictStart}, inPublish2Same: {AwaitingPubrec, verdictStart},
		inPublish2Dup: {AwaitingPubrec, verdictStart}, inPublish2Again: {AwaitingPubrec, verdictStart},
		inPuback: {0, verdictUnexpected}, inPubackFailed: {0, verdictUnexpected},
		inPubrec: {AwaitingPubrel, verdictUnexpected}, inPubrecFailed: {0, verdictUnexpected},
		inPubrel: {AwaitingPubcomp, verdictUnexpected}, inPubrelAgain: {AwaitingPubcomp, verdictUnexpected},
		inPubcomp:      {0, verdictUnexpected},
		inSubscribeNew: {AwaitingSuback, verdictStart}, inSubscribeSame: {AwaitingSuback, verdictStart},
		inUnsubscribeNew: {AwaitingSuback, verdictStart}, inUnsubscribeSame: {AwaitingSuback, verdictStart},
		inSuback: {0, verdictUnexpected}, inUnsuback: {0, verdictUnexpected},
	},
	rowPuback: {
		inPublish1New: {AwaitingPuback, verdictReuse}, inPublish1Same: {0, verdictResendNoDup},
		inPublish1Dup: {0, verdictResend}, inPublish1Again: {AwaitingPuback, verdictRedeliver},
		inPublish2New: {AwaitingPubrec, verdictReuse}, inPublish2Same: {AwaitingPubrec, verdictReuse},
		inPublish2Dup: {AwaitingPubrec, verdictReuse}, inPublish2Again: {AwaitingPubrec, verdictReuse},
		inPuback: {Complete, verdictEnd}, inPubackFailed: {Refused, verdictRefuse},
		inPubrec: {0, verdictMismatch}, inPubrecFailed: {0, verdictMismatch},
		inPubrel: {0, verdictMismatch}, inPubrelAgain: {0, verdictMismatch},
		inPubcomp:      {0, verdictMismatch},
		inSubscribeNew: {AwaitingSuback, verdictReuse}, inSubscribeSame: {AwaitingSuback, verdictReuse},
		inUnsubscribeNew: {AwaitingSuback, verdictReuse}, inUnsubscribeSame: {AwaitingSuback, verdictReuse},
		inSuback: {0, verdictMismatch}, inUnsuback: {0, verdictMismatch},
	},
	rowPubrec: {
		inPublish1New: {AwaitingPuback, verdictReuse}, inPublish1Same: {AwaitingPuback, verdictReuse},
		inPublish1Dup: {AwaitingPuback, verdictReuse}, inPublish1Again: {AwaitingPuback, verdictReuse},
		inPublish2New: {AwaitingPubrec, verdictReuse}, inPublish2Same: {0, verdictResendNoDup},
		inPublish2Dup: {0, verdictResend}, inPublish2Again: {AwaitingPubrec, verdictRedeliver},
		inPuback: {0, verdictMismatch}, inPubackFailed: {0, verdictMismatch},
		inPubrec: {AwaitingPubrel, verdictStep}, inPubrecFailed: {Refused, verdictRefuse},
		inPubrel: {AwaitingPubcomp, verdictSkipped}, inPubrelAgain: {AwaitingPubcomp, verdictSkipped},
		inPubcomp:      {Complete, verdictSkippedEnd},
		inSubscribeNew: {AwaitingSuback, verdictReuse}, inSubscribeSame: {AwaitingSuback, verdictReuse},
		inUnsubscribeNew: {AwaitingSuback, verdictReuse}, inUnsubscribeSame: {AwaitingSuback, verdictReuse},
		inSuback: {0, verdictMismatch}, inUnsuback: {0, verdictMismatch},
	},
	rowPubrel: {
		inPublish1New: {AwaitingPuback, verdictReuse}, inPublish1Same: {AwaitingPuback, verdictReuse},
		inPublish1Dup: {AwaitingPuback, verdictReuse}, inPublish1Again: {AwaitingPuback, verdictReuse},
		inPublish2New: {AwaitingPubrec, verdictReuse}, inPublish2Same: {0, verdictResendNoDup},
		inPublish2Dup: {0, verdictResend}, inPublish2Again: {AwaitingPubrec, verdictRedeliver},
		inPuback: {0, verdictMismatch}, inPubackFailed: {0, verdictMismatch},
		inPubrec: {0, verdictDuplicate}, inPubrecFailed: {Refused, verdictRefuse},
		inPubrel: {AwaitingPubcomp, verdictStep}, inPubrelAgain: {AwaitingPubcomp, verdictRedeliver},
		inPubcomp:      {Complete, verdictSkippedEnd},
		inSubscribeNew: {AwaitingSuback, verdictReuse}, inSubscribeSame: {AwaitingSuback, verdictReuse},
		inUnsubscribeNew: {AwaitingSuback, verdictReuse}, inUnsubscribeSame: {AwaitingSuback, verdictReuse},
		inSuback: {0, verdictMismatch}, inUnsuback: {0, verdictMismatch},
	},
	rowPubcomp: {
		inPublish1New: {AwaitingPuback, verdictReuse}, inPublish1Same: {AwaitingPuback, verdictReuse},
		inPublish1Dup: {AwaitingPuback, verdictReuse}, inPublish1Again: {AwaitingPuback, verdictReuse},
		inPublish2New: {AwaitingPubrec, verdictReuse}, inPublish2Same: {AwaitingPubrec, verdictPublishAgain},
		inPublish2Dup: {AwaitingPubrec, verdictPublishAgain}, inPublish2Again: {AwaitingPubrec, verdictPublishAgain},
		inPuback: {0, verdictMismatch}, inPubackFailed: {0, verdictMismatch},
		inPubrec: {0, verdictDuplicate}, inPubrecFailed: {0, verdictDuplicate},
		inPubrel: {0, verdictResend}, inPubrelAgain: {AwaitingPubcomp, verdictRedeliver},
		inPubcomp:      {Complete, verdictEnd},
		inSubscribeNew: {AwaitingSuback, verdictReuse}, inSubscribeSame: {AwaitingSuback, verdictReuse},
		inUnsubscribeNew: {AwaitingSuback, verdictReuse}, inUnsubscribeSame: {AwaitingSuback, verdictReuse},
		inSuback: {0, verdictMismatch}, inUnsuback: {0, verdictMismatch},
	},
	rowSuback: {
		inPublish1New: {AwaitingPuback, verdictReuse}, inPublish1Same: {AwaitingPuback, verdictReuse},
		inPublish1Dup: {AwaitingPuback, verdictReuse}, inPublish1Again: {AwaitingPuback, verdictReuse},
		inPublish2New: {AwaitingPubrec, verdictReuse}, inPublish2Same: {AwaitingPubrec, verdictReuse},
		inPublish2Dup: {AwaitingPubrec, verdictReuse}, inPublish2Again: {AwaitingPubrec, verdictReuse},
		inPuback: {0, verdictMismatch}, inPubackFailed: {0, verdictMismatch},
		inPubrec: {0, verdictMismatch}, inPubrecFailed: {0, verdictMismatch},
		inPubrel: {0, verdictMismatch}, inPubrelAgain: {0, verdictMismatch},
		inPubcomp:      {0, verdictMismatch},
		inSubscribeNew: {AwaitingSuback, verdictReuse}, inSubscribeSame: {0, verdictResend},
		inUnsubscribeNew: {AwaitingSuback, verdictReuse}, inUnsubscribeSame: {AwaitingSuback, verdictReuse},
		inSuback: {Complete, verdictEnd}, inUnsuback: {0, verdictMismatch},
	},
	rowUnsuback: {
		inPublish1New: {AwaitingPuback, verdictReuse}, inPublish1Same: {AwaitingPuback, verdictReuse},
		inPublish1Dup: {AwaitingPuback, verdictReuse}, inPublish1Again: {AwaitingPuback, verdictReuse},
		inPublish2New: {AwaitingPubrec, verdictReuse}, inPublish2Same: {AwaitingPubrec, verdictReuse},
		inPublish2Dup: {AwaitingPubrec, verdictReuse}, inPublish2Again: {AwaitingPubrec, verdictReuse},
		inPuback: {0, verdictMismatch}, inPubackFailed: {0, verdictMismatch},
		inPubrec: {0, verdictMismatch}, inPubrecFailed: {0, verdictMismatch},
		inPubrel: {0, verdictMismatch}, inPubrelAgain: {0, verdictMismatch},
		inPubcomp:      {0, verdictMismatch},
		inSubscribeNew: {AwaitingSuback, verdictReuse}, inSubscribeSame: {AwaitingSuback, verdictReuse},
		inUnsubscribeNew: {AwaitingSuback, verdictReuse}, inUnsubscribeSame: {0, verdictResend},
		inSuback: {0, verdictMismatch}, inUnsuback: {Complete, verdictEnd},
	},
}

// rowOf returns the row of the table for a handshake found under an identifier; nil is "not in use".
func rowOf(h *Handshake) row {
	if h == nil {
		return rowNone
	}
	if h.State < AwaitingSuback {
		return row(h.State)
	}
	if h.State == AwaitingSuback {
		if h.Kind == Unsubscribe {
			return rowUnsuback
		}
		return rowSuback
	}
	panic("handshake: an ended handshake holds an identifier")
}

// owes returns the Control Packet that a state waits for and who must send it; 0 where nothing is owed.
func owes(s State, k Kind, sender decode.Direction) (decode.Type, decode.Direction) {
	switch s {
	case AwaitingPuback:
		return decode.PUBACK, sender.Opposite()
	case AwaitingPubrec:
		return decode.PUBREC, sender.Opposite()
	case AwaitingPubrel:
		return decode.PUBREL, sender
	case AwaitingPubcomp:
		return decode.PUBCOMP, sender.Opposite()
	case AwaitingSuback:
		if k == Unsubscribe {
			return decode.UNSUBACK, decode.FromServer
		}
		return decode.SUBACK, decode.FromServer
	}
	return 0, 0
}
