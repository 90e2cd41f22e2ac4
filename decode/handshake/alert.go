package handshake

// AlertName names an alert of the catalogue (docs/alerts.md).
type AlertName string

// Severity grades an alert.
type Severity uint8

// The severities, mildest first.
const (
	None Severity = iota
	Notice
	Info
	Warn
	Critical
)
