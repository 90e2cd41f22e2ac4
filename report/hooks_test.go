package report

// AppendInt, AppendString and AppendTime are what a line is made of.
var (
	AppendInt    = appendInt
	AppendString = appendString
	AppendTime   = (*stamp).append
)

// A Stamp writes times.
type Stamp = stamp
