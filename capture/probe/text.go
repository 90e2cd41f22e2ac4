package probe

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// WriteText writes the report as tables, in at most 80 columns unless the handshakes take more. What is wrong has a "!" in front.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, r.Server)
	for i := range r.Versions {
		r.Versions[i].text(out)
	}
	fmt.Fprintln(out)
	for _, n := range r.Notes {
		fmt.Fprintln(out, decode.Escape(n))
	}
	fmt.Fprintln(out, r.Verdict())
	return out.Flush()
}

// Verdict says in one line whether deliveries are as the rule says.
func (r *Report) Verdict() string {
	if r.Exceeded > 0 {
		return "! More was in flight than the Receive Maximum of a subscriber allows. " + r.pairs()
	}
	return r.pairs()
}

func (r *Report) pairs() string {
	switch all := 9 * len(r.Versions); {
	case r.Deviations > 0:
		return fmt.Sprintf("! %d of %d pairs are not delivered with the lesser QoS, once.", r.Deviations, all)
	case r.NotMeasured > 0:
		return fmt.Sprintf("%d pairs could not be measured.", r.NotMeasured)
	case r.NotOffered > 0:
		return fmt.Sprintf("All %d pairs that the broker offers are delivered with the lesser QoS, once.", all-r.NotOffered)
	default:
		return fmt.Sprintf("All %d pairs are delivered with the lesser QoS, once.", all)
	}
}

func (v *Version) text(w io.Writer) {
	fmt.Fprintf(w, "\nMQTT %s", v.Version)
	if v.Version == decode.V5.String() {
		fmt.Fprintf(w, "   announced: Receive Maximum %d, Maximum QoS %d, Topic Alias Maximum %d", v.Announced.ReceiveMaximum, v.Announced.MaximumQoS, v.Announced.TopicAliasMaximum)
	}
	fmt.Fprint(w, "\n\n  PUB SUB  WANT GOT   RECEIVED  ACKNOWL.  PUBLISHER TOLD\n")
	for i := range v.Pairs {
		v.Pairs[i].text(w)
	}
	fmt.Fprint(w, "\n  PUB SUB  STEPS, times from the PUBLISH on; > from a client, < from the broker\n")
	for i := range v.Pairs {
		if p := &v.Pairs[i]; len(p.Publisher) > 0 {
			fmt.Fprintf(w, "  %d   %d    publisher   %s\n           subscriber  %s\n", p.Published, p.Requested, steps(p.Publisher), steps(p.Subscriber))
		}
	}
	v.character(w)
	for _, p := range v.Problems {
		fmt.Fprintf(w, "  ! %s\n", decode.Escape(p))
	}
}

func (p *Pair) text(w io.Writer) {
	mark := " "
	if p.Deviation != "" {
		mark = "!"
	}
	granted := fmt.Sprint(p.Requested)
	if p.Granted != p.Requested {
		granted += fmt.Sprintf(">%d", p.Granted) // granted less than asked for
	}
	got := "-"
	if p.Received != nil {
		got = fmt.Sprint(*p.Received)
	}
	line := fmt.Sprintf("%s %d   %-3s  %d    %-4s %9s %9s  ", mark, p.Published, granted, p.Expected, got, duration(p.ReceivedNS), duration(p.AcknowledgedNS))
	switch {
	case p.NotMeasured != "":
		line += "not measured: " + p.NotMeasured
	case p.ToldNS != nil:
		line += strings.TrimSpace(duration(p.ToldNS) + "  " + strings.ReplaceAll(p.Told, "-", " "))
	}
	if p.Deviation != "" {
		line += "  ! " + p.deviation()
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}

func (p *Pair) deviation() string {
	switch p.Deviation {
	case Nothing:
		return "nothing received (an access control list can do that)"
	case Copies:
		return fmt.Sprintf("%d copies", p.Copies)
	case Unfinished:
		return "the handshake does not end"
	}
	return p.Deviation
}

// character is what is not about single pairs.
func (v *Version) character(w io.Writer) {
	fmt.Fprintln(w)
	row := func(what, text string, against []string) {
		mark := " "
		if len(against) > 0 {
			mark, text = "!", text+"  ! "+strings.Join(against, ", ")
		}
		fmt.Fprintf(w, "%s %-24s %s\n", mark, what, text)
	}
	if v.Release != nil {
		row("QoS 2 is released at", v.Release.At, nil)
	}
	for i := range v.Resumes {
		r := &v.Resumes[i]
		if i == 0 {
			row("publishers wait", map[bool]string{true: "until the subscriber acknowledges", false: "not for subscribers"}[r.PublisherWaits], nil)
		}
		row("resume "+caseName(r.Case), r.String(), r.Against)
	}
	for _, x := range v.Windows {
		row(x.describe(), x.String(), x.Against)
	}
	for _, o := range v.Orders {
		row("order of "+o.Packet, map[bool]string{true: "kept", false: "not kept"}[o.InOrder]+fmt.Sprintf(" (%d at once)", o.Count), o.Against)
	}
	for _, n := range v.Nobody {
		row(fmt.Sprintf("QoS %d to nobody", n.QoS), fmt.Sprintf("%s 0x%02X %s", n.Packet, n.Reason, n.Name), nil)
	}
}

func caseName(c string) string {
	return map[string]string{QoS1Unacknowledged: "before PUBACK", QoS2Unreceived: "before PUBREC", QoS2Received: "after PUBREC"}[c]
}

// String says what came again.
func (r *Resume) String() string {
	present := "Session Present"
	if !r.SessionPresent {
		present = "no Session Present"
	}
	if r.InFlight == 0 {
		return present + ", nothing was in flight"
	}
	if r.Again == 0 {
		return fmt.Sprintf("%s, nothing of %d again", present, r.InFlight)
	}
	s := fmt.Sprintf("%s, %s again for %d of %d", present, strings.Join(r.Packets, " and "), r.Again, r.InFlight)
	if r.Packets[0] == decode.PUBLISH.String() {
		s += map[bool]string{true: ", DUP", false: fmt.Sprintf(", DUP in %d", r.Dup)}[r.Dup == r.Again]
	}
	return s + map[bool]string{true: ", in order", false: ""}[r.InOrder]
}

func (x *Window) describe() string {
	if x.ReceiveMaximum == 0 {
		return "no Receive Maximum"
	}
	return fmt.Sprintf("Receive Maximum %d", x.ReceiveMaximum)
}

// String says how many were sent without an acknowledgement.
func (x *Window) String() string {
	s := fmt.Sprintf("%d of %d in flight", x.InFlight, x.Published)
	if x.InFlight == x.Published {
		s = fmt.Sprintf("all %d in flight", x.Published)
	}
	if x.Arrived < x.Published {
		s += fmt.Sprintf(", %d never came", x.Published-x.Arrived)
	}
	return s
}

func steps(all []Step) string {
	var out []string
	for _, s := range all {
		text := map[string]string{"client": ">", "server": "<"}[s.From] + s.Packet
		if s.Reason != 0 {
			text += fmt.Sprintf(" 0x%02X", s.Reason)
		}
		if s.AtNS != 0 {
			text += " " + duration(&s.AtNS)
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return "-"
	}
	return strings.Join(out, "  ")
}

// duration writes milliseconds with two digits of fraction, "-" where there is none.
func duration(ns *int64) string {
	if ns == nil {
		return "-"
	}
	return fmt.Sprintf("%.2fms", float64(*ns)/float64(time.Millisecond))
}
