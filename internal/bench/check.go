package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A finding is what a run of mqttwatch says of a capture.
type finding struct {
	frames   uint64
	packets  map[string]uint64    // by type
	ended    [2]map[string]uint64 // handshakes of QoS 1 and 2: "complete", "open" …
	messages map[string]uint64    // "messages", "complete" …; nil where deliveries were not followed
	alerts   map[string]uint64
	gaps     uint64
	// kernelDrops is how many frames the kernel lost.
	kernelDrops uint64
	lines       map[string]uint64 // JSON Lines by kind; nil for a summary
}

// findingOfText reads the summary that mqttwatch writes as text, and leaves on the terminal when the screen closes.
func findingOfText(text []byte) (f finding, err error) {
	lines := map[string]map[string]uint64{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if label, rest, ok := cutLabel(line); ok {
			lines[label] = amounts(rest)
		} else if i := strings.LastIndex(line, ": "); i >= 0 && strings.Contains(line[i:], " frame") {
			frames := amounts(line[i+2:])
			f.frames = frames["frames"] + frames["frame"]
		}
	}
	if lines["packets"] == nil {
		return f, errors.New("there is no summary")
	}
	f.packets, f.alerts, f.messages, f.gaps = lines["packets"], lines["alerts"], lines["deliveries"], lines["not seen"]["gaps in TCP"]+lines["not seen"]["gap in TCP"]
	f.kernelDrops = lines["not seen"]["dropped by the kernel"]
	f.ended = [2]map[string]uint64{lines["QoS 1"], lines["QoS 2"]}
	return f, nil
}

// labels begin the lines of a summary.
var labels = []string{"packets", "connections", "PUBLISH", "QoS 1", "QoS 2", "deliveries", "alerts", "not seen"}

func cutLabel(line string) (label, rest string, ok bool) {
	for _, label := range labels {
		if rest, ok := strings.CutPrefix(line, label+"  "); ok {
			return label, strings.TrimSpace(rest), true
		}
	}
	return "", "", false
}

// amounts reads "12 messages: 3 open, 9 complete" into numbers by name.
func amounts(text string) map[string]uint64 {
	out := map[string]uint64{}
	for part := range strings.SplitSeq(strings.ReplaceAll(text, ": ", ", "), ", ") {
		number, name, _ := strings.Cut(part, " ")
		if n, err := strconv.ParseUint(number, 10, 64); err == nil && name != "" {
			out[name] += n
		}
	}
	return out
}

// findingOfJSON reads JSON Lines.
func findingOfJSON(text []byte) (f finding, err error) {
	f.lines = map[string]uint64{}
	var last []byte
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte(`{"kind":"`))
		kind, _, ends := bytes.Cut(rest, []byte(`"`))
		if !ok || !ends || !bytes.HasSuffix(line, []byte("}\n")) {
			return f, fmt.Errorf("this is no line: %.80q", line)
		}
		f.lines[string(kind)]++
		last = line
	}
	var s struct {
		Kind       string
		Packets    map[string]uint64
		Handshakes struct{ Qos1, Qos2 map[string]uint64 }
		Deliveries map[string]uint64
		Alerts     map[string]uint64
		Capture    struct {
			Frames uint64
			Gaps   uint64 `json:"tcp_gaps"`
		}
	}
	if err := json.Unmarshal(last, &s); err != nil || s.Kind != "summary" {
		return f, fmt.Errorf("the last line is no summary: %.80q", last)
	}
	f.frames, f.packets, f.messages, f.alerts, f.gaps = s.Capture.Frames, s.Packets, s.Deliveries, s.Alerts, s.Capture.Gaps
	f.ended = [2]map[string]uint64{s.Handshakes.Qos1, s.Handshakes.Qos2}
	return f, nil
}

// check refuses a finding that is not the truth about c.
func (f *finding) check(c *capture, deliveries bool) error {
	if f.frames != c.truth.Frames {
		return fmt.Errorf("%d frames, not %d", f.frames, c.truth.Frames)
	}
	if (f.messages != nil) != deliveries {
		return fmt.Errorf("deliveries followed: %v, not %v", f.messages != nil, deliveries)
	}
	if !c.exact {
		return f.checkDamaged(c)
	}
	for p, want := range c.truth.Packets {
		if name := decode.Type(p).String(); f.packets[name] != want {
			return fmt.Errorf("%d %s, not %d", f.packets[name], name, want)
		}
	}
	for i, ended := range f.ended {
		want := map[string]uint64{"complete": c.truth.Complete[i], "open": c.truth.Open[i], "abandoned": c.truth.Abandoned[i]}
		for _, how := range []string{"complete", "open", "abandoned", "refused", "unknown", "joined late", "joined_late"} {
			if ended[how] != want[how] {
				return fmt.Errorf("QoS %d: %d handshakes %s, not %d", i+1, ended[how], how, want[how])
			}
		}
	}
	if whole := c.truth.Open == [2]uint64{} && c.truth.Abandoned == [2]uint64{}; whole {
		if n := c.truth.Messages; deliveries && (f.messages["messages"] != n || f.messages["complete"] != n) {
			return fmt.Errorf("deliveries %v, not %d complete", f.messages, n)
		}
		if len(f.alerts) > 0 {
			return fmt.Errorf("alerts where nothing is wrong: %v", f.alerts)
		}
	}
	if want := c.handshakes(); f.lines != nil && f.lines["handshake"] != want {
		return fmt.Errorf("%d lines of handshakes, not %d", f.lines["handshake"], want)
	}
	return nil
}

// checkDamaged refuses what cannot be said of a capture from which frames are missing: on the wire all went well, and most can still be seen.
func (f *finding) checkDamaged(c *capture) error {
	if f.gaps == 0 {
		return fmt.Errorf("no gaps, with %d frames missing", c.truth.Dropped)
	}
	for i, ended := range f.ended {
		if want := c.truth.Complete[i]; ended["complete"] > want || ended["complete"] < want*9/10 || ended["open"] > 0 || ended["abandoned"] > 0 {
			return fmt.Errorf("QoS %d: %v, with %d complete on the wire", i+1, ended, want)
		}
	}
	if names := slices.DeleteFunc(slices.Collect(maps.Keys(f.alerts)), func(name string) bool { return name == "capture-gap" }); len(names) > 0 {
		return fmt.Errorf("alerts where nothing was wrong on the wire: %v", f.alerts)
	}
	return nil
}
