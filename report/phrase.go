package report

import "github.com/mqttwatch/mqttwatch/decode"

// A wording is a part of a line that follows from what it holds, and from nothing else.
type wording interface {
	comparable
	append(dst []byte) []byte
}

// A phrase writes a part of a line that is often the same in the next one. It keeps the text, and makes it anew only where it follows from something else: comparing
// costs less than writing. The zero value keeps none.
type phrase[W wording] struct {
	of   W
	text []byte
}

func (p *phrase[W]) append(dst []byte, of W) []byte {
	if len(p.text) == 0 || p.of != of {
		p.of, p.text = of, of.append(p.text[:0])
	}
	return append(dst, p.text...)
}

// A field writes a field that holds a time.
type field struct {
	stamp stamp
	null  string
}

func newField(name string) field {
	return field{stamp{before: `,"` + name + `":"`, after: `"`}, `,"` + name + `":null`}
}

// append appends t, null where it is not known.
func (f *field) append(b []byte, t decode.Time) []byte {
	if t == 0 {
		return append(b, f.null...)
	}
	return f.stamp.append(b, t)
}
