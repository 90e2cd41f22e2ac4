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

// DeliveryWords lists the columns and flags of the language about deliveries.
func DeliveryWords() []string {
	var words []string
	for _, c := range deliveries().columns {
		words = append(words, c.name)
	}
	for name := range deliveries().flags {
		words = append(words, name)
	}
	return words
}
