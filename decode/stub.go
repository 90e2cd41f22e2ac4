package decode

// ReasonCode is the result that an acknowledgement carries (5.0 §2.4), or a return code before 5.0.
type ReasonCode uint8

// Properties are the properties of one packet.
type Properties struct{ raw []byte }

// Error says what is wrong with a Control Packet.
type Error struct{ Reason string }

func (e *Error) Error() string { return e.Reason }

// Conn decodes both directions of one Network Connection.
type Conn struct {
	Info ConnInfo
	// Attachment belongs to whoever is handed the Conn's segments (the engine keeps its own state of the connection here).
	Attachment any
}

// NewConn returns a Conn that has seen nothing yet. A nil opts means the defaults.
func NewConn(info ConnInfo, opts *Options) *Conn { return &Conn{Info: info} }

// Feed takes the next bytes of one direction.
func (c *Conn) Feed(dir Direction, t Time, data []byte, h Handler) {}

// Gap says that n bytes of one direction are missing before the next ones; 0 where their number is not known.
func (c *Conn) Gap(dir Direction, t Time, n int64, h Handler) {}

// Finish says that nothing more will come of one direction: what waits is decided now.
func (c *Conn) Finish(dir Direction, t Time, h Handler) {}

// AppendEscaped appends b to dst so that it can be shown.
func AppendEscaped(dst []byte, b []byte) []byte { return append(dst, b...) }

// Escape returns s so that it can be shown.
func Escape(s string) string { return s }
