package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A TableExporter writes rows of the lists beside that of handshakes as a table: all of one list. Close writes what is left.
type TableExporter struct {
	put   func(cells []string) error
	close func() error
	wire  func(s string) string // makes a text of the wire harmless
	stamp stamp
	begun bool
}

// NewTableExporter returns what writes the format csv, or text (columns one below the other), to w.
func NewTableExporter(format string, w io.Writer) (*TableExporter, error) {
	switch format {
	case "csv":
		c := csv.NewWriter(w)
		return &TableExporter{put: c.Write, wire: csvText, close: func() error { c.Flush(); return c.Error() }}, nil
	case "text":
		t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		put := func(cells []string) error {
			_, err := io.WriteString(t, strings.Join(cells, "\t")+"\n")
			return err
		}
		return &TableExporter{put: put, wire: decode.Escape, close: t.Flush}, nil
	}
	return nil, fmt.Errorf("there is no export of such a list as %q: there are csv, text", format)
}

// Close writes what is left.
func (e *TableExporter) Close() error { return e.close() }

// A tableRow is the cells of a row with their names, from which the head of the table is made.
type tableRow struct{ names, cells []string }

func (r *tableRow) add(name, cell string) {
	r.names, r.cells = append(r.names, name), append(r.cells, cell)
}

func (r *tableRow) flag(name string, on bool) { r.add(name, strconv.FormatBool(on)) }

func tableNumber[N int | int64 | uint64 | uint32 | uint16 | uint8](r *tableRow, name string, n N) {
	r.add(name, fmt.Sprint(n))
}

// tablePositive leaves the cell empty where the number is not known.
func tablePositive[N int | int64 | uint64 | uint16](r *tableRow, name string, n N) {
	if n > 0 {
		tableNumber(r, name, n)
		return
	}
	r.add(name, "")
}

// took is a duration in milliseconds, empty below 0.
func (r *tableRow) took(name string, d time.Duration) {
	if d < 0 {
		r.add(name, "")
		return
	}
	r.add(name, strconv.FormatFloat(d.Seconds()*1000, 'f', 3, 64))
}

func (e *TableExporter) time(r *tableRow, name string, t decode.Time) {
	if t == 0 {
		r.add(name, "")
		return
	}
	r.add(name, string(e.stamp.append(nil, t)))
}

func (e *TableExporter) row(r *tableRow) error {
	if !e.begun {
		e.begun = true
		if err := e.put(r.names); err != nil {
			return err
		}
	}
	return e.put(r.cells)
}

// Delivery writes a message with what became of it at its subscribers.
func (e *TableExporter) Delivery(d *watch.Delivery) error {
	var r tableRow
	tableNumber(&r, "id", d.ID)
	e.time(&r, "published", d.At)
	r.add("publisher", e.wire(d.Publisher))
	r.add("server", e.wire(d.Server))
	r.add("topic", e.wire(d.Topic))
	tableNumber(&r, "qos", d.QoS)
	tableNumber(&r, "payload_length", d.Payload)
	r.flag("retain", d.Retain)
	r.flag("will", d.Will)
	r.add("verdict", verdictName(d.Verdict))
	r.add("confidence", d.Confidence.String())
	r.add("doubt", d.Doubt.String())
	tableNumber(&r, "expected", d.Expected)
	tableNumber(&r, "forwarded", d.Forwarded)
	tableNumber(&r, "acknowledged", d.Acknowledged)
	r.took("worst_ms", d.Worst)
	e.time(&r, "told", d.Told)
	e.time(&r, "settled", d.Settled)
	copies := make([]string, 0, len(d.Copies)+1)
	for i := range d.Copies {
		copies = append(copies, subscriberOf(&d.Copies[i])+": "+d.Copies[i].Outcome.String())
	}
	if d.More > 0 {
		copies = append(copies, strconv.Itoa(d.More)+" more")
	}
	r.add("copies", e.wire(strings.Join(copies, "; ")))
	return e.row(&r)
}

// Session writes a session with both directions.
func (e *TableExporter) Session(s *watch.SessionRow) error {
	var r tableRow
	id := ""
	if s.ClientKnown {
		id = s.Client
	}
	r.add("client_id", e.wire(id))
	r.add("client", addrText(s.Addr.IsValid(), s.Addr.String()))
	r.add("server", e.wire(s.Server))
	r.add("version", versionText(s.Version))
	r.flag("connected", s.Connected)
	e.time(&r, "since", s.Since)
	tableNumber(&r, "connections", s.Connections)
	tableNumber(&r, "keep_alive_s", s.KeepAlive)
	r.flag("silent", s.Silent)
	tableNumber(&r, "open", s.Open)
	tableNumber(&r, "stuck", s.Stuck)
	tableNumber(&r, "alerts", s.Alerts)
	e.time(&r, "first", s.First)
	e.time(&r, "last", s.Last)
	for side, name := range []string{"to_broker", "from_broker"} {
		f := &s.Flows[side]
		tableNumber(&r, name+"_in_flight", f.InFlight)
		tablePositive(&r, name+"_limit", f.Limit)
		e.time(&r, name+"_oldest", f.Oldest)
		for q, n := range f.Publish {
			tableNumber(&r, name+"_qos"+strconv.Itoa(q), n)
		}
		tableNumber(&r, name+"_answered", f.Answered)
		e.times(&r, name+"_", f.Answered, f.P50, f.P99, f.Max)
		tableNumber(&r, name+"_packets", f.Packets)
		tableNumber(&r, name+"_bytes", f.Bytes)
	}
	return e.row(&r)
}

// times are the quantiles of so many answers.
func (e *TableExporter) times(r *tableRow, name string, answered uint64, p50, p99, most time.Duration) {
	if answered == 0 {
		p50, p99, most = -1, -1, -1
	}
	r.took(name+"p50_ms", p50)
	r.took(name+"p99_ms", p99)
	r.took(name+"max_ms", most)
}

// Topic writes a level of the tree, with all that is below it.
func (e *TableExporter) Topic(t *watch.TopicRow) error {
	var r tableRow
	r.add("topic", e.wire(t.Path))
	r.flag("published", t.Published)
	r.flag("topic_unknown", t.Unknown)
	tableNumber(&r, "levels_below", t.Children)
	for side, name := range []string{"to_broker", "from_broker"} {
		for q, n := range t.Publish[side] {
			tableNumber(&r, name+"_qos"+strconv.Itoa(q), n)
		}
		r.add(name+"_rate", strconv.FormatFloat(t.Rate[side], 'f', 2, 64))
	}
	tableNumber(&r, "bytes", t.Bytes)
	tableNumber(&r, "open", t.Open)
	tableNumber(&r, "stuck", t.Stuck)
	tableNumber(&r, "answered", t.Answered)
	e.times(&r, "", t.Answered, t.P50, t.P99, t.Max)
	e.time(&r, "last", t.Last)
	return e.row(&r)
}

// Packet writes a Control Packet, or bytes that became none.
func (e *TableExporter) Packet(p *watch.PacketRow) error {
	var r tableRow
	tableNumber(&r, "number", p.Number)
	e.time(&r, "time", p.Time)
	id := ""
	if p.ClientKnown {
		id = p.Client
	}
	r.add("client_id", e.wire(id))
	r.add("client", addrText(p.Addr.IsValid(), p.Addr.String()))
	r.add("sender", p.Dir.String())
	typ, lost := p.Type.String(), ""
	if p.Lost {
		typ, lost = "", p.Loss.String()
	}
	r.add("packet", typ)
	r.add("lost", lost)
	tablePositive(&r, "packet_id", p.PacketID)
	qos := ""
	if p.Type == decode.PUBLISH && !p.Lost {
		qos = strconv.Itoa(int(p.QoS))
	}
	r.add("qos", qos)
	r.flag("dup", p.Dup)
	r.flag("retain", p.Retain)
	code, reason := "", ""
	if p.Reason != 0 {
		version := p.Version
		if version == 0 {
			version = decode.V5
		}
		code, reason = strconv.Itoa(int(p.Reason)), p.Reason.Name(p.Type, version)
	}
	r.add("reason_code", code)
	r.add("reason", reason)
	r.add("text", e.wire(p.Text))
	tableNumber(&r, "length", p.Length)
	tableNumber(&r, "payload_length", p.Payload)
	wrong := ""
	if p.Err != nil {
		wrong = p.Err.Error()
	}
	r.add("error", e.wire(wrong))
	return e.row(&r)
}

// Alert writes an alert. Its texts are escaped already, but a spreadsheet may take them for a formula.
func (e *TableExporter) Alert(a *watch.Alert) error {
	var r tableRow
	tableNumber(&r, "id", a.ID)
	r.add("name", string(a.Name))
	r.add("severity", a.Severity.String())
	e.time(&r, "raised", a.Raised)
	e.time(&r, "cleared", a.Cleared)
	e.time(&r, "last", a.Last)
	tableNumber(&r, "count", a.Count)
	r.flag("lasting", a.Lasting)
	tablePositive(&r, "handshake", a.Handshake)
	r.add("client", e.wire(a.Client))
	tablePositive(&r, "packet_id", a.PacketID)
	r.add("text", a.Text)
	r.add("detail", a.Detail)
	return e.row(&r)
}

func addrText(known bool, text string) string {
	if known {
		return text
	}
	return ""
}

func versionText(v decode.Version) string {
	if v == 0 {
		return ""
	}
	return v.String()
}
