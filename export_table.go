package main

import (
	"bufio"
	"errors"
	"os"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
	"github.com/mqttwatch/mqttwatch/tui"
)

// everyRow is more than any list that is copied whole has rows: sessions, topics and packets have bounds of their own.
const everyRow = 1 << 20

// exportTable writes the rows of a list that is not that of handshakes.
func (w *watching) exportTable(file *os.File, job *tui.ExportJob) (n int, err error) {
	out := bufio.NewWriter(file)
	if job.List == tui.ExportDeliveries {
		e, err := report.NewDeliveryExporter(job.Format, out)
		if err != nil {
			return 0, err
		}
		n, err = w.deliveriesOf(job, e.Delivery)
		return n, errors.Join(err, e.Close(), out.Flush())
	}
	e, err := report.NewTableExporter(job.Format, out)
	if err != nil {
		return 0, err
	}
	switch window := (watch.Window{Limit: everyRow}); job.List {
	case tui.ExportSessions:
		l := w.engine.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: window, Filter: job.Sessions}}).Sessions
		n, err = exportEach(job, l.Rows, func(r *watch.SessionRow) uint64 { return r.ID }, e.Session)
	case tui.ExportTopics:
		l := w.engine.Snapshot(watch.Query{Topics: &watch.TopicQuery{Window: window, Filter: job.Topics, Whole: true}}).Topics
		n, err = exportEach(job, l.Rows, func(r *watch.TopicRow) uint64 { return r.ID }, e.Topic)
	case tui.ExportPackets:
		n, err = exportEach(job, w.packetsOf(job), func(r *watch.PacketRow) uint64 { return r.Number }, e.Packet)
	case tui.ExportAlerts:
		n, err = exportEach(job, job.Alerts, func(a *watch.Alert) uint64 { return a.ID }, e.Alert)
	}
	return n, errors.Join(err, e.Close(), out.Flush())
}

// exportEach writes rows: those of the job's IDs, or all.
func exportEach[R any](job *tui.ExportJob, rows []R, id func(*R) uint64, write func(*R) error) (n int, err error) {
	for i := range rows {
		if _, ok := slices.BinarySearch(job.IDs, id(&rows[i])); job.IDs != nil && !ok {
			continue
		}
		if err := write(&rows[i]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// packetsOf are the packets that a job's filter chooses.
func (w *watching) packetsOf(job *tui.ExportJob) []watch.PacketRow {
	return w.engine.Snapshot(watch.Query{Packets: &watch.PacketQuery{Window: watch.Window{Limit: everyRow}, Filter: job.Packets}}).Packets.Rows
}

// deliveriesOf calls f for each delivery of a job that is still kept, in windows: there may be many, with many copies.
func (w *watching) deliveriesOf(job *tui.ExportJob, f func(d *watch.Delivery) error) (n int, err error) {
	for last := uint64(0); ; {
		q := watch.DeliveryQuery{Filter: job.Deliveries, Limit: exportWindow, Around: last}
		rows := w.engine.Snapshot(watch.Query{Deliveries: q}).Deliveries.Rows
		before := last
		for i := range rows {
			d := &rows[i]
			if d.ID <= before {
				continue // seen
			}
			last = d.ID
			if _, ok := slices.BinarySearch(job.IDs, d.ID); job.IDs != nil && !ok {
				continue
			}
			if err := f(d); err != nil {
				return n, err
			}
			n++
		}
		if last == before {
			return n, nil
		}
	}
}

// legsOf are the handshakes of the deliveries of a job: those of their publishers, and those of all subscribers.
func (w *watching) legsOf(job *tui.ExportJob) []uint64 {
	var out []uint64
	_, _ = w.deliveriesOf(job, func(d *watch.Delivery) error {
		ids := []uint64{d.Handshake}
		if d.More > 0 { // a list leaves copies out
			if l := w.engine.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Ladder: d.ID}}).Deliveries.Ladder; l != nil {
				d = &l.Delivery
			}
		}
		for i := range d.Copies {
			ids = append(ids, d.Copies[i].Handshake)
		}
		for _, id := range ids {
			if id != 0 {
				out = append(out, id)
			}
		}
		return nil
	})
	return out
}

// ofPackets returns the packets of the list of packets.
func (s *packetSource) ofPackets(job *tui.ExportJob) ([]decode.Segment, error) {
	var all []decode.Segment
	greeted := map[*decode.Conn]bool{}
	_, err := exportEach(job, s.w.packetsOf(job), func(r *watch.PacketRow) uint64 { return r.Number }, func(r *watch.PacketRow) error {
		d := s.w.engine.Snapshot(watch.Query{Packets: &watch.PacketQuery{Detail: r.Number}}).Packets.Detail
		if d == nil || d.Raw.Bytes == nil || int64(len(d.Raw.Bytes)) < d.Raw.Length {
			return nil // no longer kept, or not whole
		}
		c := s.connOf(packetKey{conn: r.Conn}, decode.ConnInfo{Client: r.Addr, Server: r.Server})
		if greeted[c] = greeted[c] || r.Type == decode.CONNECT; r.Version == decode.V5 && !greeted[c] {
			greeted[c] = true
			l := &watch.Ladder{Row: watch.Row{Client: r.Client, ClientKnown: r.ClientKnown}}
			s.connects[c] = makeUp(l)
		}
		all = append(all, decode.Segment{Kind: decode.Data, Conn: c, Dir: r.Dir, Time: r.Time, Data: d.Raw.Bytes})
		return nil
	})
	s.n = len(all)
	return all, err
}
