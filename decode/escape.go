package decode

// AppendEscaped appends b to dst so that it can be shown.
func AppendEscaped(dst []byte, b []byte) []byte { return append(dst, b...) }

// Escape returns s so that it can be shown.
func Escape(s string) string { return s }
