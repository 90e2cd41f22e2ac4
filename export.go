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
	return []tui.ExportFormat{
		{Name: "json", Suffix: ".json", Note: "JSON Lines, as docs/json.md has them"},
		{Name: "csv", Suffix: ".csv", Note: "a line each, for spreadsheets"},
		{Name: "text", Suffix: ".txt", Note: "a ladder each"},
		{Name: "mermaid", Suffix: ".mmd", Note: "a sequence diagram, for documents and tickets"},
		{Name: "pcapng", Suffix: ".pcapng", Note: "their packets as far as they are kept, with payloads; TCP frames, and a CONNECT for MQTT 5.0, are made up"},
	}
}

// exportWindow is how many handshakes are copied from the engine at a time.
const exportWindow = 500

// export writes handshakes to the file that is asked for. What watches goes on meanwhile.
func (w *watching) export(job tui.ExportJob) (int, error) {
	if _, err := os.Stat(job.Path); err == nil && !job.Overwrite {
		return 0, fs.ErrExist
	}
	n, err := w.exportBeside(job)
	return n, ofFile(job.Path, err)
}

// exportBeside writes handshakes beside the file, and renames it when it is whole.
func (w *watching) exportBeside(job tui.ExportJob) (int, error) {
	order := watch.OrderOf(job.IDs)
	if job.IDs == nil {
		order = w.engine.Order(job.Filter, watch.ByTime, false, nil)
	}
	beside, err := os.CreateTemp(filepath.Dir(job.Path), ".mqttwatch-export-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(beside.Name())
	n := 0
	if job.Format == "pcapng" {
		beside.Close()
		n, err = w.exportPackets(beside.Name(), order)
	} else {
		n, err = w.exportRows(beside, job.Format, order)
		err = errors.Join(err, beside.Close())
	}
	if err != nil {
		return 0, err
	}
	if err := os.Chmod(beside.Name(), 0o644); err != nil {
		return 0, err
	}
	return n, os.Rename(beside.Name(), job.Path)
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

// A packetSource is the packets of handshakes as a Source, to be recorded.
type packetSource struct {
	w     *watching
	order *watch.Order
	n     int
	// connects are the CONNECT packets that are made up, until they are written.
	connects map[*decode.Conn][]byte
}

// exportPackets records the packets to a file, through the writer that records captures.
func (w *watching) exportPackets(path string, order *watch.Order) (int, error) {
	src := &packetSource{w: w, order: order}
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
	conn   uint32
}

// Run is of capture.Source. All packets that are kept fit into the engine's store of bytes, so that they can be sorted by time.
func (s *packetSource) Run(_ context.Context, sink capture.Sink) error {
	conns := map[packetKey]*decode.Conn{}
	s.connects = map[*decode.Conn][]byte{}
	var all []decode.Segment
	_, err := s.w.each(s.order, func(r *watch.Row) error {
		l := s.w.engine.Snapshot(watch.Query{Ladder: r.ID}).Ladder
		if l == nil {
			return nil
		}
		before := len(all)
		for i := range l.Steps {
			if i >= len(l.Packets) || l.Packets[i].Bytes == nil || int64(len(l.Packets[i].Bytes)) < l.Packets[i].Length {
				continue // no longer kept, or not whole
			}
			c := s.conn(conns, l, &l.Steps[i])
			if l.Packets[i].Version == decode.V5 && s.connects[c] == nil {
				s.connects[c] = madeUpConnect(l)
			}
			all = append(all, decode.Segment{Kind: decode.Data, Conn: c, Dir: l.Steps[i].Dir, Time: l.Steps[i].Time, Data: l.Packets[i].Bytes})
		}
		if len(all) > before {
			s.n++
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b decode.Segment) int { return cmp.Compare(a.Time, b.Time) })
	if len(all) > 0 {
		sink(s.withConnects(all))
	}
	return err
}

// withConnects puts the CONNECT that was made up for a connection before its first packet.
func (s *packetSource) withConnects(all []decode.Segment) []decode.Segment {
	out := make([]decode.Segment, 0, len(all)+len(s.connects))
	for _, seg := range all {
		if data := s.connects[seg.Conn]; data != nil {
			out = append(out, decode.Segment{Kind: decode.Data, Conn: seg.Conn, Dir: decode.FromClient, Time: seg.Time, Data: data})
			delete(s.connects, seg.Conn)
		}
		out = append(out, seg)
	}
	return out
}

// madeUpConnect returns a CONNECT of MQTT 5.0, without which other programs take its packets for those of 3.1.1 and misread them. The real one may be
// long gone, and may hold a password, which is never exported; this one holds the Client Identifier alone, and says that it is made up. It allows what
// the real one may have allowed, so that nothing that follows breaks its rules.
func madeUpConnect(l *watch.Ladder) []byte {
	f := decode.ConnectFields{Properties: decode.MakeProperties(
		decode.Property{ID: decode.TopicAliasMaximum, Uint: 0xFFFF},
		decode.Property{ID: decode.UserProperty, Bytes: []byte("mqttwatch"), Value: []byte("this CONNECT is made up: it says which version of MQTT follows")},
	)}
	if l.ClientKnown {
		f.ClientID = l.Client
	}
	return decode.AppendConnect(nil, decode.V5, f)
}

func (s *packetSource) conn(conns map[packetKey]*decode.Conn, l *watch.Ladder, step *handshake.Step) *decode.Conn {
	key := packetKey{l.Client, l.Addr.String(), l.Server, step.Conn}
	c := conns[key]
	if c == nil {
		server, _ := netip.ParseAddrPort(l.Server) // a name has none: the recording makes one up
		c = decode.NewConn(decode.ConnInfo{ID: uint64(len(conns) + 1), Client: l.Addr, Server: server, Source: l.Source, MidStream: true}, nil)
		conns[key] = c
	}
	return c
}

// Stats is of capture.Source.
func (s *packetSource) Stats() decode.SourceStats {
	return decode.SourceStats{Name: "export", Kind: "export", State: "ended"}
}
