package scenario

import (
	"fmt"
	"strings"
)

// A Word is one word that the line of a Control Packet may have.
type Word struct {
	Name  string
	Form  string // what stands after "=", such as TEXT; empty for a word that stands alone
	Means string
	Many  bool   // it may stand more than once
	max   uint64 // of a number; 0 for a text
}

func (w Word) String() string {
	if w.Form == "" {
		return w.Name
	}
	return w.Name + "=" + w.Form
}

// Words are the words of one type of Control Packet.
type Words struct {
	Packet string
	Words  []Word
}

// The words that several packets have.
var (
	wordID      = Word{Name: "id", Form: "NUMBER", Means: "Packet Identifier; 0 where not given", max: 0xFFFF}
	wordCode    = Word{Name: "code", Form: "NUMBER", Means: "Reason Code, such as 0x87; 0 where not given", max: 0xFF}
	wordReason  = Word{Name: "reason", Form: "TEXT", Means: "Reason String (5.0)"}
	wordExpiry  = Word{Name: "expiry", Form: "NUMBER", Means: "Session Expiry Interval in seconds (5.0)", max: 0xFFFFFFFF}
	wordRM      = Word{Name: "rm", Form: "NUMBER", Means: "Receive Maximum (5.0)", max: 0xFFFF}
	wordMaxSize = Word{Name: "maxsize", Form: "NUMBER", Means: "Maximum Packet Size in bytes (5.0)", max: 0xFFFFFFFF}
	wordAliases = Word{Name: "aliases", Form: "NUMBER", Means: "Topic Alias Maximum (5.0)", max: 0xFFFF}
	wordFilter  = Word{Name: "filter", Form: "TEXT", Means: "a Topic Filter", Many: true}
	wordDupBit  = Word{Name: "dupbit", Means: "bit 3 of the first byte, which was DUP in 3.1"}
)

// Table returns the words of every Control Packet, in the order of their types.
func Table() []Words {
	ack := []Word{wordID, wordCode, wordReason, wordDupBit}
	return []Words{
		{"CONNECT", []Word{
			{Name: "client", Form: "TEXT", Means: "Client Identifier"},
			{Name: "v", Form: "VERSION", Means: "3.1, 3.1.1 or 5, for this packet and those after it on the connection"},
			{Name: "clean", Means: "Clean Start, or Clean Session"},
			{Name: "keepalive", Form: "NUMBER", Means: "Keep Alive in seconds", max: 0xFFFF},
			{Name: "user", Form: "TEXT", Means: "User Name"},
			{Name: "password", Form: "TEXT", Means: "Password"},
			{Name: "will", Form: "TEXT", Means: "the topic of a Will Message"},
			{Name: "willpayload", Form: "TEXT", Means: "its payload"},
			{Name: "willq", Form: "NUMBER", Means: "its QoS", max: 3},
			{Name: "willretain", Means: "its RETAIN flag"},
			{Name: "willdelay", Form: "NUMBER", Means: "its Will Delay Interval in seconds (5.0)", max: 0xFFFFFFFF},
			wordExpiry, wordRM, wordMaxSize, wordAliases,
		}},
		{"CONNACK", []Word{
			{Name: "sp", Means: "Session Present"}, wordCode, wordRM, wordExpiry,
			{Name: "assigned", Form: "TEXT", Means: "Assigned Client Identifier (5.0)"},
			{Name: "serverkeepalive", Form: "NUMBER", Means: "Server Keep Alive in seconds (5.0)", max: 0xFFFF},
			{Name: "maxqos", Form: "NUMBER", Means: "Maximum QoS (5.0)", max: 1},
			wordMaxSize, wordAliases, wordReason,
		}},
		{"PUBLISH", []Word{
			{Name: "q", Form: "NUMBER", Means: "QoS; 0 where not given", max: 3}, wordID,
			{Name: "topic", Form: "TEXT", Means: "Topic Name"},
			{Name: "payload", Form: "TEXT", Means: "payload"},
			{Name: "dup", Means: "DUP flag"},
			{Name: "retain", Means: "RETAIN flag"},
			{Name: "alias", Form: "NUMBER", Means: "Topic Alias (5.0)", max: 0xFFFF},
			{Name: "response", Form: "TEXT", Means: "Response Topic (5.0)"},
			{Name: "correlation", Form: "TEXT", Means: "Correlation Data (5.0)"},
			{Name: "expires", Form: "NUMBER", Means: "Message Expiry Interval in seconds (5.0)", max: 0xFFFFFFFF},
		}},
		{"PUBACK", ack}, {"PUBREC", ack}, {"PUBREL", ack}, {"PUBCOMP", ack},
		{"SUBSCRIBE", []Word{
			wordID, wordFilter,
			{Name: "q", Form: "NUMBER", Means: "the QoS asked for, of the filters before it that have none yet; 0 where not given", Many: true, max: 3},
			{Name: "nolocal", Means: "No Local, of all filters (5.0)"},
			{Name: "rap", Means: "Retain As Published, of all filters (5.0)"},
			wordDupBit,
		}},
		{"SUBACK", subackWords()},
		{"UNSUBSCRIBE", []Word{wordID, wordFilter, wordDupBit}},
		{"UNSUBACK", subackWords()},
		{"PINGREQ", nil}, {"PINGRESP", nil},
		{"DISCONNECT", []Word{wordCode, wordExpiry, wordReason}},
		{"AUTH", []Word{wordCode, {Name: "method", Form: "TEXT", Means: "Authentication Method"}}},
	}
}

func subackWords() []Word {
	code := wordCode
	code.Means, code.Many = "Reason Code or granted QoS, one for each filter; 0 where not given", true
	return []Word{wordID, code, wordReason}
}

// wordsOf returns the words of a packet.
func wordsOf(packet string) ([]Word, error) {
	var names []string
	for _, p := range Table() {
		if p.Packet == packet {
			return p.Words, nil
		}
		names = append(names, p.Packet)
	}
	return nil, fmt.Errorf("no packet is called %q: %s, RAW", packet, strings.Join(names, ", "))
}

// Markdown returns the table as CONTRIBUTING.md has it.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| packet | word | meaning |\n|---|---|---|\n")
	for _, p := range Table() {
		if len(p.Words) == 0 {
			fmt.Fprintf(&b, "| %s | | no words |\n", p.Packet)
		}
		for _, w := range p.Words {
			means := w.Means
			if w.Many {
				means += "; may stand more than once"
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s |\n", p.Packet, w, means)
		}
	}
	b.WriteString("| RAW | `HEX` | these bytes, whatever they are |\n")
	return b.String()
}
