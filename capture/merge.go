package capture

import "github.com/mqttwatch/mqttwatch/decode"

// merger yields the input whose next frame is the earliest; the order of the inputs decides between equal times.
type merger struct {
	inputs []*input
	// current stays the earliest until its time passes limit, that of the earliest frame of the others.
	current *input
	limit   decode.Time
}

func (m *merger) next() *input {
	if m.current != nil && m.stays(m.current) {
		return m.current
	}
	for {
		m.choose()
		if m.current == nil || !m.current.parked {
			return m.current
		}
		m.current.resume()
	}
}

// stays reports whether the current input is still the earliest.
func (m *merger) stays(current *input) bool {
	return current.ok && (len(m.inputs) == 1 || current.frame.time < m.limit)
}

// choose looks at all inputs for the earliest frame and the one after it.
func (m *merger) choose() {
	m.current = nil
	m.limit = 1<<63 - 1
	for _, in := range m.inputs {
		switch {
		case !in.ok:
		case m.current == nil || in.frame.time < m.current.frame.time:
			if m.current != nil {
				m.limit = min(m.limit, m.current.frame.time)
			}
			m.current = in
		default:
			m.limit = min(m.limit, in.frame.time)
		}
	}
}
