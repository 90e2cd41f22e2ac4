package theme

// Glyphs are the symbols of the screens, each one cell wide.
type Glyphs struct {
	Complete, Waiting, Slow, Stuck, Dup, Late, Abandoned string

	// Live, Ended and Raised go with the state of a source and the number of what is stuck.
	Live, Ended, Raised string
	// ToServer and ToClient are directions in a list.
	ToServer, ToClient string
	// Line and Dash are done and waiting spans; Pipe is a lifeline; Note fills the line of an event, Hole that of a gap.
	Line, Dash, Pipe, Note, Hole string
	// Head ends an arrow, GhostHead the arrow of a packet that has not come.
	HeadRight, HeadLeft, GhostRight, GhostLeft string
	// AxisLeft and AxisRight end the time axis; Before marks what began before it.
	AxisLeft, AxisRight, Before string
	Ellipsis, Dot, Cursor       string
	// Full and Empty draw how full a meter is, Bars how high a column is, lowest first; Unfolded and Folded stand before a level of a tree.
	Full, Empty      string
	Bars             []string
	Unfolded, Folded string
	// Falling and Rising stand behind the title of a column by which rows are sorted: the largest is on top, or the smallest.
	Falling, Rising string
	// ASCII says that only ASCII may be shown, also of texts from the wire.
	ASCII bool
}

var utf8Glyphs = Glyphs{
	Complete: "✓", Waiting: "…", Slow: "!", Stuck: "✗", Dup: "»", Late: "?", Abandoned: "×",
	Live: "●", Ended: "■", Raised: "▲",
	ToServer: "→", ToClient: "←",
	Line: "─", Dash: "┄", Pipe: "│", Note: "┈", Hole: "░",
	HeadRight: "►", HeadLeft: "◄", GhostRight: "▷", GhostLeft: "◁",
	AxisLeft: "├", AxisRight: "┤", Before: "‹",
	Ellipsis: "…", Dot: "·", Cursor: "▸",
	Full: "█", Empty: "░", Bars: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, Unfolded: "▾", Folded: "▸", Falling: "▼", Rising: "▲",
}

var asciiGlyphs = Glyphs{
	Complete: "+", Waiting: ".", Slow: "!", Stuck: "X", Dup: "D", Late: "?", Abandoned: "x",
	Live: "*", Ended: "#", Raised: "!",
	ToServer: ">", ToClient: "<",
	Line: "-", Dash: ".", Pipe: "|", Note: ".", Hole: "%",
	HeadRight: ">", HeadLeft: "<", GhostRight: ">", GhostLeft: "<",
	AxisLeft: "|", AxisRight: "|", Before: "<",
	Ellipsis: "~", Dot: "-", Cursor: ">",
	Full: "#", Empty: ".", Bars: []string{".", "-", "=", "#"}, Unfolded: "-", Folded: "+", Falling: "v", Rising: "^",
	ASCII: true,
}
