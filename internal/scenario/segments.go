package scenario

import "github.com/mqttwatch/mqttwatch/decode"

// Start is when every story begins: 2023-11-14 22:13:20 UTC.
const Start = decode.Time(1_700_000_000_000_000_000)

// Segments returns the story as a source yields it. The connections in it are new with every call.
func (s *Scenario) Segments() []decode.Segment {
	var out []decode.Segment
	conns := map[*Conn]*decode.Conn{}
	for _, a := range s.Acts {
		seg := decode.Segment{Time: Start.Add(a.At), Dir: a.Dir, Kind: decode.Tick}
		if a.Conn != nil {
			if conns[a.Conn] == nil {
				conns[a.Conn] = decode.NewConn(decode.ConnInfo{
					ID: uint64(len(conns) + 1), Client: a.Conn.Client, Server: a.Conn.Server, MidStream: a.Conn.MidStream, Opened: seg.Time,
					Whole: [2]bool{!a.Conn.MidStream, !a.Conn.MidStream},
				}, nil)
				out = append(out, decode.Segment{Kind: decode.Open, Conn: conns[a.Conn], Time: seg.Time})
			}
			seg.Conn = conns[a.Conn]
		}
		switch a.Op {
		case Send:
			seg.Kind, seg.Data = decode.Data, a.Bytes
		case Gap:
			seg.Kind, seg.Bytes = decode.Gap, a.Missing
		case Close:
			seg.Kind, seg.Cause = decode.Close, a.Cause
		}
		out = append(out, seg)
	}
	return out
}
