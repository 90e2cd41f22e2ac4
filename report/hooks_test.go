package report

// AppendString is what texts from the wire pass through.
var AppendString = appendString
