package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
	"github.com/mqttwatch/mqttwatch/tui"
)

// exportFormats are what the screen offers.
func exportFormats() []tui.ExportFormat {
	handshakes, deliveries := []tui.ExportList{tui.ExportHandshakes}, []tui.ExportList{tui.ExportDeliveries}
	both := []tui.ExportList{tui.ExportHandshakes, tui.ExportDeliveries}
	tables := []tui.ExportList{tui.ExportDeliveries, tui.ExportSessions, tui.ExportTopics, tui.ExportPackets, tui.ExportAlerts}
	const made = "TCP frames, and CONNECT and CONNACK for MQTT 5.0, are made up"
	return []tui.ExportFormat{
		{Name: "json", Suffix: ".json", Note: "JSON Lines, as docs/json.md has them", Lists: both},
		{Name: "csv", Suffix: ".csv", Note: "a line each, for spreadsheets", Lists: append(tables, handshakes...)},
		{Name: "text", Suffix: ".txt", Note: "a ladder each", Lists: handshakes},
		{Name: "text", Suffix: ".txt", Note: "a table", Lists: tables},
		{Name: "mermaid", Suffix: ".mmd", Note: "a sequence diagram, for documents and tickets", Lists: handshakes},
		{Name: "mermaid", Suffix: ".mmd", Note: "a sequence diagram of the handshakes of all legs", Lists: deliveries},
		{Name: "pcapng", Suffix: ".pcapng", Note: "their packets as far as they are kept, with payloads; " + made, Lists: handshakes},
		{Name: "pcapng", Suffix: ".pcapng", Note: "the packets of the handshakes of all legs, as far as they are kept; not those of QoS 0; " + made, Lists: deliveries},
		{Name: "pcapng", Suffix: ".pcapng", Note: "as far as their bytes are kept; TCP frames are made up", Lists: []tui.ExportList{tui.ExportPackets}},
	}
}

// exportWindow is how many handshakes are copied from the engine at a time.
const exportWindow = 500

// export writes rows to the file that is asked for. What watches goes on meanwhile.
func (w *watching) export(job tui.ExportJob) (int, error) {
	if _, err := os.Stat(job.Path); err == nil && !job.Overwrite {
		return 0, fs.ErrExist
	}
	n, err := w.exportBeside(job)
	return n, ofFile(job.Path, err)
}

// exportBeside writes rows beside the file, and renames it when it is whole.
func (w *watching) exportBeside(job tui.ExportJob) (int, error) {
	beside, err := os.CreateTemp(filepath.Dir(job.Path), ".mqttwatch-export-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(beside.Name())
	n := 0
	if job.Format == "pcapng" {
		beside.Close()
		n, err = w.exportPackets(beside.Name(), &job)
	} else {
		n, err = w.exportList(beside, &job)
		err = errors.Join(err, beside.Close())
	}
	if err != nil {
		return 0, err
	}
	if job.Format != "pcapng" { // which has payloads in it, and is for its owner alone, as a recording is
		if err := os.Chmod(beside.Name(), 0o644); err != nil {
			return 0, err
		}
	}
	return n, os.Rename(beside.Name(), job.Path)
}

// exportList writes what is no recording.
func (w *watching) exportList(file *os.File, job *tui.ExportJob) (int, error) {
	if job.List != tui.ExportHandshakes && job.Format != "mermaid" {
		return w.exportTable(file, job)
	}
	return w.exportRows(file, job.Format, w.handshakesOf(job))
}

// handshakesOf are those of a job: its rows, or those of the legs of its deliveries.
func (w *watching) handshakesOf(job *tui.ExportJob) *watch.Order {
	switch {
	case job.List == tui.ExportDeliveries:
		return watch.OrderOf(w.legsOf(job))
	case job.IDs == nil:
		return w.engine.Order(job.Filter, watch.ByTime, false, nil)
	}
	return watch.OrderOf(job.IDs)
}

// each calls f for each handshake of an order that is still kept.
func (w *watching) each(order *watch.Order, f func(r *watch.Row) error) (n int, err error) {
	for first := 0; first < order.Len(); first += exportWindow {
		s := w.engine.Snapshot(watch.Query{Order: order, First: first, Limit: min(exportWindow, order.Len()-first)})
		for i := range s.Rows {
			if s.Rows[i].Kind == 0 {
				continue
			}
			if err := f(&s.Rows[i]); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

func (w *watching) exportRows(file *os.File, format string, order *watch.Order) (int, error) {
	out := bufio.NewWriter(file)
	e, err := report.NewExporter(format, out, w.engine.Snapshot(watch.Query{}).Now)
	if err != nil {
		return 0, err
	}
	n, err := w.each(order, e.Row)
	return n, errors.Join(err, e.Close(), out.Flush())
}

// A packetSource is packets that are kept as a Source, to be recorded.
type packetSource struct {
	w       *watching
	collect func() ([]decode.Segment, error)
	n       int // handshakes, or packets, of which there are bytes
	conns   map[packetKey]*decode.Conn
	// connects are the CONNECT and CONNACK packets that are made up, until they are written.
	connects map[*decode.Conn]*madeUp
}

// exportPackets records the packets to a file, through the writer that records captures.
func (w *watching) exportPackets(path string, job *tui.ExportJob) (int, error) {
	src := &packetSource{w: w, connects: map[*decode.Conn]*madeUp{}, conns: map[packetKey]*decode.Conn{}}
	if job.List == tui.ExportPackets {
		src.collect = func() ([]decode.Segment, error) { return src.ofPackets(job) }
	} else {
		order := w.handshakesOf(job)
		src.collect = func() ([]decode.Segment, error) { return src.ofHandshakes(order) }
	}
	r, err := capture.Record(src, capture.RecordOptions{Path: path})
	if err != nil {
		return 0, err
	}
	err = r.Run(context.Background(), func([]decode.Segment) {})
	if err == nil && src.n == 0 {
		err = errors.New("the bytes of none of these packets are kept any more")
	}
	return src.n, err
}

// packetKey tells the connections apart on which packets were seen.
type packetKey struct {
	client string
	addr   string
	server string
	conn   uint64
}

// Run is of capture.Source. All packets that are kept fit into the engine's store of bytes, so that they can be sorted by time.
func (s *packetSource) Run(_ context.Context, sink capture.Sink) error {
	all, err := s.collect()
	slices.SortStableFunc(all, func(a, b decode.Segment) int { return cmp.Compare(a.Time, b.Time) })
	if len(all) > 0 {
		sink(s.withConnects(all))
	}
	return err
}

// ofHandshakes returns the packets of handshakes.
func (s *packetSource) ofHandshakes(order *watch.Order) ([]decode.Segment, error) {
	var all []decode.Segment
	_, err := s.w.each(order, func(r *watch.Row) error {
		l := s.w.engine.Snapshot(watch.Query{Ladder: r.ID}).Ladder
		if l == nil {
			return nil
		}
		before := len(all)
		for i := range l.Steps {
			if i >= len(l.Packets) || l.Packets[i].Bytes == nil || int64(len(l.Packets[i].Bytes)) < l.Packets[i].Length {
				continue // no longer kept, or not whole
			}
			c := s.conn(l, &l.Steps[i])
			if l.Packets[i].Version == decode.V5 && s.connects[c] == nil {
				s.connects[c] = makeUp(l)
			}
			all = append(all, decode.Segment{Kind: decode.Data, Conn: c, Dir: l.Steps[i].Dir, Time: l.Steps[i].Time, Data: l.Packets[i].Bytes})
		}
		if len(all) > before {
			s.n++
		}
		return nil
	})
	return all, err
}

// madeUp are the packets that are made up for a connection.
type madeUp struct{ connect, connack []byte }

// withConnects puts what was made up for a connection before its first packet. A CONNACK that was really sent is enough.
func (s *packetSource) withConnects(all []decode.Segment) []decode.Segment {
	out := make([]decode.Segment, 0, len(all)+2*len(s.connects))
	for _, seg := range all {
		if m := s.connects[seg.Conn]; m != nil {
			out = append(out, decode.Segment{Kind: decode.Data, Conn: seg.Conn, Dir: decode.FromClient, Time: seg.Time, Data: m.connect})
			if decode.Type(seg.Data[0]>>4) != decode.CONNACK {
				out = append(out, decode.Segment{Kind: decode.Data, Conn: seg.Conn, Dir: decode.FromServer, Time: seg.Time, Data: m.connack})
			}
			delete(s.connects, seg.Conn)
		}
		out = append(out, seg)
	}
	return out
}

// makeUp returns a CONNECT of MQTT 5.0, without which other programs take its packets for those of 3.1.1 and misread them, and the CONNACK that they miss
// otherwise. The real ones may be long gone, and may hold a password, which is never exported; the CONNECT holds the Client Identifier alone, and both say that
// they are made up. They allow what the real ones may have allowed, so that nothing that follows breaks their rules.
func makeUp(l *watch.Ladder) *madeUp {
	properties := func(t decode.Type) decode.Properties {
		return decode.MakeProperties(decode.Property{ID: decode.TopicAliasMaximum, Uint: 0xFFFF}, handshake.MadeUp(t))
	}
	f := decode.ConnectFields{Properties: properties(decode.CONNECT)}
	if l.ClientKnown {
		f.ClientID = l.Client
	}
	return &madeUp{
		connect: decode.AppendConnect(nil, decode.V5, f),
		connack: decode.AppendConnack(nil, decode.V5, decode.ConnackFields{Properties: properties(decode.CONNACK)}),
	}
}

func (s *packetSource) conn(l *watch.Ladder, step *handshake.Step) *decode.Conn {
	server, _ := netip.ParseAddrPort(l.Server) // a name has none: the recording makes one up
	return s.connOf(packetKey{l.Client, l.Addr.String(), l.Server, uint64(step.Conn)}, decode.ConnInfo{Client: l.Addr, Server: server, Source: l.Source})
}

// connOf returns the connection of a key, made where it is not there yet.
func (s *packetSource) connOf(key packetKey, info decode.ConnInfo) *decode.Conn {
	c := s.conns[key]
	if c == nil {
		info.ID, info.MidStream = uint64(len(s.conns)+1), true
		c = decode.NewConn(info, nil)
		s.conns[key] = c
	}
	return c
}

// Stats is of capture.Source.
func (s *packetSource) Stats() decode.SourceStats {
	return decode.SourceStats{Name: "export", Kind: "export", State: "ended"}
}
