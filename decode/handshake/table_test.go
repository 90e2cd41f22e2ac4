package handshake

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// facts is what the rules below need to know of an input.
type facts struct {
	packet decode.Type
	qos    int // PUBLISH
	like   int // likeNew … likeAgain
	failed bool
	again  bool
}

var inputFacts = [inputs]facts{
	inPublish1New: {packet: decode.PUBLISH, qos: 1, like: likeNew}, inPublish1Same: {packet: decode.PUBLISH, qos: 1, like: likeSame},
	inPublish1Dup: {packet: decode.PUBLISH, qos: 1, like: likeDup}, inPublish1Again: {packet: decode.PUBLISH, qos: 1, like: likeAgain},
	inPublish2New: {packet: decode.PUBLISH, qos: 2, like: likeNew}, inPublish2Same: {packet: decode.PUBLISH, qos: 2, like: likeSame},
	inPublish2Dup: {packet: decode.PUBLISH, qos: 2, like: likeDup}, inPublish2Again: {packet: decode.PUBLISH, qos: 2, like: likeAgain},
	inPuback: {packet: decode.PUBACK}, inPubackFailed: {packet: decode.PUBACK, failed: true},
	inPubrec: {packet: decode.PUBREC}, inPubrecFailed: {packet: decode.PUBREC, failed: true},
	inPubrel: {packet: decode.PUBREL}, inPubrelAgain: {packet: decode.PUBREL, again: true},
	inPubcomp:      {packet: decode.PUBCOMP},
	inSubscribeNew: {packet: decode.SUBSCRIBE}, inSubscribeSame: {packet: decode.SUBSCRIBE, like: likeSame},
	inUnsubscribeNew: {packet: decode.UNSUBSCRIBE}, inUnsubscribeSame: {packet: decode.UNSUBSCRIBE, like: likeSame},
	inSuback: {packet: decode.SUBACK}, inUnsuback: {packet: decode.UNSUBACK},
}

// rule says in prose order what a packet means in a state: the standard's own sentences, written independently of the table.
func rule(r row, f facts) cell {
	begins := map[decode.Type]State{decode.SUBSCRIBE: AwaitingSuback, decode.UNSUBSCRIBE: AwaitingSuback, decode.PUBLISH: AwaitingPuback}
	begun, isBegin := begins[f.packet]
	if f.packet == decode.PUBLISH && f.qos == 2 {
		begun = AwaitingPubrec
	}
	if r == rowNone {
		if isBegin {
			return cell{begun, verdictStart}
		}
		next := map[decode.Type]State{decode.PUBREC: AwaitingPubrel, decode.PUBREL: AwaitingPubcomp}[f.packet]
		if f.failed {
			next = 0
		}
		return cell{next, verdictUnexpected}
	}
	if isBegin {
		return ruleBegin(r, f, begun)
	}
	return ruleAck(r, f)
}

// ruleBegin: a PUBLISH, SUBSCRIBE or UNSUBSCRIBE with an identifier in use joins its own handshake if it is the same again, else takes the identifier
// over.
func ruleBegin(r row, f facts, begun State) cell {
	own := f.packet == decode.PUBLISH && (f.qos == 1 && r == rowPuback || f.qos == 2 && (r == rowPubrec || r == rowPubrel || r == rowPubcomp)) ||
		f.packet == decode.SUBSCRIBE && r == rowSuback || f.packet == decode.UNSUBSCRIBE && r == rowUnsuback
	switch {
	case !own || f.like == likeNew:
		return cell{begun, verdictReuse}
	case r == rowPubcomp: // the sender has let go of the message with PUBREL and must not publish it again
		return cell{AwaitingPubrec, verdictPublishAgain}
	case f.like == likeAgain:
		return cell{begun, verdictRedeliver}
	case f.packet == decode.PUBLISH && f.like == likeSame:
		return cell{0, verdictResendNoDup}
	}
	return cell{0, verdictResend}
}

// ruleAck: an acknowledgement is the one that is owed, or comes too early, too late, or is of another kind of delivery.
func ruleAck(r row, f facts) cell {
	qos2 := map[decode.Type]int{decode.PUBREC: 1, decode.PUBREL: 2, decode.PUBCOMP: 3}
	place := map[row]int{rowPubrec: 1, rowPubrel: 2, rowPubcomp: 3}
	follows := map[decode.Type]State{decode.PUBREC: AwaitingPubrel, decode.PUBREL: AwaitingPubcomp, decode.PUBCOMP: Complete}
	have, want := qos2[f.packet], place[r]
	switch {
	case r == rowPuback && f.packet == decode.PUBACK, r == rowSuback && f.packet == decode.SUBACK, r == rowUnsuback && f.packet == decode.UNSUBACK:
		if f.failed {
			return cell{Refused, verdictRefuse}
		}
		return cell{Complete, verdictEnd}
	case have == 0 || want == 0:
		return cell{0, verdictMismatch}
	case f.packet == decode.PUBREC && f.failed && want < 3:
		return cell{Refused, verdictRefuse}
	case have < want && f.packet == decode.PUBREL && f.again:
		return cell{AwaitingPubcomp, verdictRedeliver}
	case have < want && f.packet == decode.PUBREL:
		return cell{0, verdictResend}
	case have < want:
		return cell{0, verdictDuplicate}
	case have > want && f.packet == decode.PUBCOMP:
		return cell{Complete, verdictSkippedEnd}
	case have > want:
		return cell{follows[f.packet], verdictSkipped}
	case f.packet == decode.PUBCOMP:
		return cell{Complete, verdictEnd}
	case f.again:
		return cell{follows[f.packet], verdictRedeliver}
	}
	return cell{follows[f.packet], verdictStep}
}

func TestTransitionsFullProduct(t *testing.T) {
	for r := rowNone; r < rows; r++ {
		for in := input(0); in < inputs; in++ {
			got, want := transitions[r][in], rule(r, inputFacts[in])
			if got != want {
				t.Errorf("row %d, input %d (%v): got %v, want %v", r, in, inputFacts[in].packet, got, want)
			}
		}
	}
}
