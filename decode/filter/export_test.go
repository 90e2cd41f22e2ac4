package filter

// Canonical writes the expression down from what was understood of it.
func (f *Filter) Canonical() string {
	if f == nil {
		return ""
	}
	return string(f.root.append(nil))
}
