package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// An Exporter writes handshakes that the user chose to a file. Row is only valid during the call; Close writes what is left.
type Exporter interface {
	Row(r *watch.Row) error
	Close() error
}

// NewExporter returns what writes the format json (JSON Lines, as docs/json.md has them), csv, text (a ladder each) or mermaid (one sequence
// diagram) to w. Now is the time of the capture, from which ages are counted.
func NewExporter(format string, w io.Writer, now decode.Time) (Exporter, error) {
	switch format {
	case "json":
		return &jsonExport{NewJSON(w)}, nil
	case "csv":
		return newCSV(w)
	case "text":
		return &textExport{w: w, now: now}, nil
	case "mermaid":
		return &mermaidExport{w: w, names: map[string]string{}}, nil
	}
	return nil, fmt.Errorf("there is no export as %q: there are json, csv, text, mermaid", format)
}

// A DeliveryExporter writes deliveries to a file, as an Exporter does handshakes.
type DeliveryExporter interface {
	Delivery(d *watch.Delivery) error
	Close() error
}

// NewDeliveryExporter returns what writes the format json (JSON Lines, as docs/json.md has them), csv or text to w.
func NewDeliveryExporter(format string, w io.Writer) (DeliveryExporter, error) {
	if format == "json" {
		return &jsonExport{NewJSON(w)}, nil
	}
	return NewTableExporter(format, w)
}

type jsonExport struct{ *JSON }

func (e *jsonExport) Row(r *watch.Row) error {
	e.buf = e.handshake(e.buf, r)
	e.full()
	return nil
}

// Delivery writes a delivery.
func (e *jsonExport) Delivery(d *watch.Delivery) error {
	e.buf = e.delivery(e.buf, d)
	e.full()
	return nil
}

func (e *jsonExport) Close() error { return e.Flush() }

// csvHead are the columns of CSV, in a form that a spreadsheet reads.
var csvHead = []string{"id", "started", "ended", "duration_ms", "client_id", "client", "server", "sender", "kind", "packet_id", "topic", "payload_length",
	"retain", "state", "owes_packet", "owes_by", "reason_code", "reason", "resends", "joined_late", "unsure", "steps"}

type csvExport struct {
	w     *csv.Writer
	stamp stamp
}

func newCSV(w io.Writer) (*csvExport, error) {
	e := &csvExport{w: csv.NewWriter(w)}
	return e, e.w.Write(csvHead)
}

func (e *csvExport) time(t decode.Time) string {
	if t == 0 {
		return ""
	}
	return string(e.stamp.append(nil, t))
}

func (e *csvExport) Row(r *watch.Row) error {
	duration, owes, by, code, reason, client, id := "", "", "", "", "", "", ""
	if r.Ended != 0 && r.Started != 0 {
		duration = strconv.FormatFloat(r.Ended.Sub(r.Started).Seconds()*1000, 'f', 3, 64)
	}
	if r.Owes.Packet != 0 {
		owes, by = r.Owes.Packet.String(), r.Owes.By.String()
	}
	if p, ok := answered(r); ok {
		code, reason = strconv.Itoa(int(r.Reason)), reasonName(r.Reason, p, r.Version)
	}
	if r.Addr.IsValid() {
		client = r.Addr.String()
	}
	if r.ClientKnown {
		id = r.Client
	}
	steps := make([]string, len(r.Steps))
	for i := range r.Steps {
		steps[i] = r.Steps[i].Type.String() + "@" + e.time(r.Steps[i].Time)
	}
	return e.w.Write([]string{
		strconv.FormatUint(r.ID, 10), e.time(r.Started), e.time(r.Ended), duration, csvText(id), client, csvText(r.Server), r.Sender.String(),
		r.Kind.String(), strconv.Itoa(int(r.PacketID)), csvText(r.Topic), strconv.Itoa(r.Payload), strconv.FormatBool(r.Retain), stateName(r.State),
		owes, by, code, reason, strconv.Itoa(r.Resends), strconv.FormatBool(r.JoinedLate), strconv.FormatBool(r.Unsure), strings.Join(steps, " "),
	})
}

func (e *csvExport) Close() error {
	e.w.Flush()
	return e.w.Error()
}

// csvText escapes a text of the wire. A spreadsheet takes what begins with one of =+-@ for a formula: an apostrophe before it keeps it a text.
func csvText(s string) string {
	s = decode.Escape(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

type textExport struct {
	w     io.Writer
	now   decode.Time
	stamp stamp
	begun bool
}

// Row writes, for example,
//
//	2026-11-22T12:01:33.120Z  sensor-7 -> broker 10.0.0.1:1883  QoS 2  id 17  plant/a/temp  23 bytes  complete  43ms
//	    2026-11-22T12:01:33.120Z            client |------------- PUBLISH -------------->| broker
func (e *textExport) Row(r *watch.Row) error {
	var b []byte
	if e.begun {
		b = append(b, '\n')
	}
	e.begun = true
	b = e.stamp.appendMilli(b, r.Started)
	arrow := " -> broker "
	if r.Sender == decode.FromServer {
		arrow = " <- broker "
	}
	b = append(b, "  "+decode.Escape(r.Client)+arrow+decode.Escape(r.Server)+"  "+r.Kind.String()+"  id "+strconv.Itoa(int(r.PacketID))+"  "...)
	b = append(b, decode.Escape(topicOf(r))+"  "+stateName(r.State)...)
	b = append(appendOutcome(b, r, e.now), '\n')
	for i := range r.Steps {
		s := &r.Steps[i]
		delta := ""
		if i > 0 {
			delta = "+" + string(appendDuration(nil, s.Time.Sub(r.Steps[i-1].Time)))
		}
		b = e.stamp.appendMilli(append(b, "    "...), s.Time)
		b = append(b, fmt.Sprintf(" %9s  ", delta)...)
		b = append(b, stepArrow(s.Dir, stepLabel(r, s), "-")...)
	}
	if r.Owes.Packet != 0 {
		b = append(b, fmt.Sprintf("    %24s %9s  ", "", "")...)
		b = append(b, stepArrow(r.Owes.By, r.Owes.Packet.String()+"? owed", ".")...)
	}
	_, err := e.w.Write(b)
	return err
}

func (e *textExport) Close() error { return nil }

func stepArrow(dir decode.Direction, label, line string) string {
	const width = 36
	rest := max(width-len(label)-2, 2)
	shaft := strings.Repeat(line, rest/2) + " " + label + " " + strings.Repeat(line, rest-rest/2)
	if dir == decode.FromClient {
		return "client |" + shaft + ">| broker\n"
	}
	return "client |<" + shaft + "| broker\n"
}

func stepLabel(r *watch.Row, s *handshake.Step) string {
	label := s.Type.String()
	if s.Dup {
		label += " DUP"
	}
	if carriesReason(s.Type) && s.Reason != 0 {
		version := r.Version
		if version == 0 {
			version = decode.V5
		}
		label += " " + s.Reason.Name(s.Type, version)
	}
	return label
}

// A mermaidExport draws all handshakes in one sequence diagram, each below a note that says what it is.
type mermaidExport struct {
	w     io.Writer
	names map[string]string // of participants
	head  bool
}

func (e *mermaidExport) participant(name string) (id, declare string) {
	if id, ok := e.names[name]; ok {
		return id, ""
	}
	id = "P" + strconv.Itoa(len(e.names))
	e.names[name] = id
	return id, "    participant " + id + " as " + mermaidText(name) + "\n"
}

func (e *mermaidExport) Row(r *watch.Row) error {
	out := ""
	if !e.head {
		out, e.head = "sequenceDiagram\n", true
	}
	client, declare := e.participant(r.Client)
	out += declare
	broker, declare := e.participant("broker " + r.Server)
	out += declare
	out += "    Note over " + client + "," + broker + ": " + mermaidText(r.Kind.String()+" id "+strconv.Itoa(int(r.PacketID))+" "+topicOf(r)+", "+stateName(r.State)) + "\n"
	ends := map[decode.Direction][2]string{decode.FromClient: {client, broker}, decode.FromServer: {broker, client}}
	for i := range r.Steps {
		s := &r.Steps[i]
		out += "    " + ends[s.Dir][0] + "->>" + ends[s.Dir][1] + ": " + mermaidText(stepLabel(r, s))
		if i > 0 {
			out += " (+" + string(appendDuration(nil, s.Time.Sub(r.Steps[i-1].Time))) + ")"
		}
		out += "\n"
	}
	if r.Owes.Packet != 0 {
		out += "    " + ends[r.Owes.By][0] + "--x" + ends[r.Owes.By][1] + ": " + r.Owes.Packet.String() + " owed\n"
	}
	_, err := io.WriteString(e.w, out)
	return err
}

func (e *mermaidExport) Close() error {
	if !e.head {
		_, err := io.WriteString(e.w, "sequenceDiagram\n")
		return err
	}
	return nil
}

// mermaidText escapes a text of the wire so that it stays one text in a diagram: letters, digits and what has no meaning there remain, all
// else is written by its number.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range decode.Escape(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" /_.,()?+-", r) {
			b.WriteRune(r)
		} else {
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
		}
	}
	return b.String()
}
