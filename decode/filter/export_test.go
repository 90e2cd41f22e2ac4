package filter

// Canonical writes the expression down from what was understood of it.
func (f *Filter) Canonical() string {
	if f == nil {
		return ""
	}
	return string(f.root.append(nil))
}

// Words lists all that an expression may begin with: columns, flags, and the values of state.
func Words() []string {
	var words []string
	for _, c := range columns() {
		words = append(words, c.name)
	}
	for name := range flags() {
		words = append(words, name)
	}
	for _, w := range stateWords() {
		words = append(words, "state:"+w.name)
	}
	return words
}

// TableWords lists the columns and flags of the languages beside that about handshakes.
func TableWords() map[string][]string {
	return map[string][]string{
		"deliveries": words(deliveries()), "packets": words(packets()), "sessions": words(sessions()), "topics": words(topics()),
	}
}

func words[T any](l language[T]) []string {
	var words []string
	for _, c := range l.columns {
		words = append(words, c.name)
	}
	for name := range l.flags {
		words = append(words, name)
	}
	return words
}
