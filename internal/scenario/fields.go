package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// fields is the words of one packet, as they stand in its line. The first mistake is kept in err.
type fields struct {
	packet string
	known  []Word
	given  []field
	used   map[string]bool
	err    error
}

type field struct{ name, value string }

// newFields checks words against those that the packet may have.
func newFields(packet string, words []string) (*fields, error) {
	known, err := wordsOf(packet)
	if err != nil {
		return nil, err
	}
	f := &fields{packet: packet, known: known, used: map[string]bool{}}
	for _, text := range words {
		name, value, has := strings.Cut(text, "=")
		w, ok := f.word(name)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s has no word %q: %s", packet, name, f.words())
		case has && w.Form == "":
			return nil, fmt.Errorf("%q of %s stands alone, without a value", name, packet)
		case !has && w.Form != "":
			return nil, fmt.Errorf("%q of %s needs a value: %s", name, packet, w)
		case f.has(name) && !w.Many:
			return nil, fmt.Errorf("%q of %s stands twice", name, packet)
		}
		f.given = append(f.given, field{name, value})
	}
	return f, nil
}

func (f *fields) word(name string) (Word, bool) {
	for _, w := range f.known {
		if w.Name == name {
			return w, true
		}
	}
	return Word{}, false
}

// words lists what the packet may have.
func (f *fields) words() string {
	if len(f.known) == 0 {
		return "it has none"
	}
	var all []string
	for _, w := range f.known {
		all = append(all, w.String())
	}
	return strings.Join(all, " ")
}

// has reports whether the line has the word.
func (f *fields) has(name string) bool {
	f.used[name] = true
	for _, g := range f.given {
		if g.name == name {
			return true
		}
	}
	return false
}

// text returns the value of a word, with the escapes of a Go string; empty where it is not given.
func (f *fields) text(name string) string {
	f.used[name] = true
	for _, g := range f.given {
		if g.name == name {
			return f.unquote(g)
		}
	}
	return ""
}

func (f *fields) unquote(g field) string {
	s, err := strconv.Unquote(`"` + g.value + `"`)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("%s=%s: not a text: escapes are those of Go, such as \\x1b", g.name, g.value)
	}
	return s
}

// number returns the value of a word, decimal or 0x; 0 where it is not given.
func (f *fields) number(name string) uint64 {
	f.used[name] = true
	for _, g := range f.given {
		if g.name == name {
			return f.parse(g)
		}
	}
	return 0
}

func (f *fields) parse(g field) uint64 {
	w, _ := f.word(g.name)
	n, err := strconv.ParseUint(g.value, 0, 64)
	if (err != nil || n > w.max) && f.err == nil {
		f.err = fmt.Errorf("%s=%s: give a number from 0 to %d", g.name, g.value, w.max)
	}
	return n
}

func (f *fields) id() uint16              { return uint16(f.number("id")) }
func (f *fields) code() decode.ReasonCode { return decode.ReasonCode(f.number("code")) }

// codes returns the Reason Codes of a SUBACK or UNSUBACK, one at least.
func (f *fields) codes() []decode.ReasonCode {
	f.used["code"] = true
	var codes []decode.ReasonCode
	for _, g := range f.given {
		if g.name == "code" {
			codes = append(codes, decode.ReasonCode(f.parse(g)))
		}
	}
	if len(codes) == 0 {
		codes = append(codes, 0)
	}
	return codes
}

// filters returns the Topic Filters, in their order; a QoS is that of all filters before it that have none yet.
func (f *fields) filters() []decode.TopicFilter {
	f.used["filter"], f.used["q"] = true, true
	var filters []decode.TopicFilter
	without := 0
	for _, g := range f.given {
		switch g.name {
		case "filter":
			filters = append(filters, decode.TopicFilter{Filter: []byte(f.unquote(g))})
		case "q":
			for q := uint8(f.parse(g)); without < len(filters); without++ {
				filters[without].QoS = q
			}
		}
	}
	noLocal, asPublished := f.has("nolocal"), f.has("rap")
	for i := range filters {
		filters[i].NoLocal, filters[i].RetainAsPublished = noLocal, asPublished
	}
	if len(filters) == 0 && f.err == nil {
		f.err = fmt.Errorf("%s needs a filter", f.packet)
	}
	return filters
}

// propertyOf returns the property of 5.0 that a word stands for.
func propertyOf(name string) decode.PropertyID {
	switch name {
	case "expiry":
		return decode.SessionExpiryInterval
	case "rm":
		return decode.ReceiveMaximum
	case "assigned":
		return decode.AssignedClientIdentifier
	case "serverkeepalive":
		return decode.ServerKeepAlive
	case "maxqos":
		return decode.MaximumQoS
	case "maxsize":
		return decode.MaximumPacketSize
	case "aliases":
		return decode.TopicAliasMaximum
	case "willdelay":
		return decode.WillDelayInterval
	case "expires":
		return decode.MessageExpiryInterval
	case "response":
		return decode.ResponseTopic
	case "correlation":
		return decode.CorrelationData
	case "alias":
		return decode.TopicAlias
	case "method":
		return decode.AuthenticationMethod
	}
	return decode.ReasonString
}

// properties collects those of the words that are given.
func (f *fields) properties(names ...string) decode.Properties {
	var list []decode.Property
	for _, name := range names {
		if !f.has(name) {
			continue
		}
		p := decode.Property{ID: propertyOf(name)}
		if w, _ := f.word(name); w.max == 0 {
			p.Bytes = []byte(f.text(name))
		} else {
			p.Uint = uint32(f.number(name))
		}
		list = append(list, p)
	}
	return decode.MakeProperties(list...)
}

// finish returns the first mistake. A word that the table has and the encoder does not know is one of ours.
func (f *fields) finish() error {
	for _, g := range f.given {
		if !f.used[g.name] && f.err == nil {
			f.err = fmt.Errorf("%q of %s is not written anywhere", g.name, f.packet)
		}
	}
	return f.err
}
