package probe_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/capture/probe"
	"github.com/mqttwatch/mqttwatch/decode"
)

var only5 = probe.Options{Versions: []decode.Version{decode.V5}}

// TestDeviations lets a broker deliver the pairs wrongly: every pair that is wrong is named, and no other.
func TestDeviations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		deliver func(published, granted uint8) []uint8
		want    string // pairs as published-granted
		what    string
	}{
		{"upgrades to what was granted", func(_, granted uint8) []uint8 { return []uint8{granted} }, "0-1 0-2 1-2", probe.Upgraded},
		{"delivers with what was published", func(published, _ uint8) []uint8 { return []uint8{published} }, "1-0 2-0 2-1", probe.Upgraded},
		{"knows no QoS 2", func(p, g uint8) []uint8 { return []uint8{min(p, g, 1)} }, "2-2", probe.Downgraded},
		{"sends QoS 1 twice", func(p, g uint8) []uint8 {
			if q := min(p, g); q == 1 {
				return []uint8{1, 1}
			}
			return lesser(p, g)
		}, "1-1 1-2 2-1", probe.Copies},
		{"drops QoS 0", func(p, g uint8) []uint8 {
			if min(p, g) == 0 {
				return nil
			}
			return lesser(p, g)
		}, "0-0 0-1 0-2 1-0 2-0", probe.Nothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, (&wrongBroker{deliver: test.deliver}).start(t), only5)
			var got []string
			for _, p := range r.Versions[0].Pairs {
				if p.Deviation == "" {
					continue
				}
				got = append(got, fmt.Sprintf("%d-%d", p.Published, p.Granted))
				if p.Deviation != test.what {
					t.Errorf("%d to %d is %q, want %q", p.Published, p.Granted, p.Deviation, test.what)
				}
			}
			if s := strings.Join(got, " "); s != test.want || r.Deviations != len(got) || r.NotMeasured != 0 {
				t.Errorf("deviations %q, counted %d, not measured %d; want %q", s, r.Deviations, r.NotMeasured, test.want)
			}
			if !strings.HasPrefix(r.Verdict(), "!") {
				t.Errorf("the verdict is %q", r.Verdict())
			}
		})
	}
}

// TestCharacter checks what is not about pairs, with a broker that has all of it wrong.
func TestCharacter(t *testing.T) {
	t.Parallel()
	v := run(t, (&wrongBroker{deliver: lesser, patient: true, reversed: true}).start(t), only5).Versions[0]
	if len(v.Windows) != 0 || len(v.Problems) != 1 || !strings.Contains(v.Problems[0], "tells publishers only after") {
		t.Errorf("windows: %+v, problems %q", v.Windows, v.Problems)
	}
	if len(v.Resumes) == 0 || !v.Resumes[0].PublisherWaits || v.Resumes[0].Dup != 0 || v.Resumes[0].InOrder || v.Resumes[0].Again != 3 ||
		!slices.Equal(v.Resumes[0].Against, []string{"DUP not set", "another order"}) {
		t.Errorf("resume: %+v", v.Resumes)
	}
	if o := v.Orders; len(o) != 3 || o[0].InOrder || len(o[0].Against) != 1 || !o[1].InOrder || !o[2].InOrder {
		t.Errorf("orders: %+v", o)
	}
	if v.Release == nil || v.Release.At != "PUBLISH" {
		t.Errorf("release: %+v", v.Release)
	}
	v = run(t, (&wrongBroker{deliver: lesser, forgets: true}).start(t), only5).Versions[0]
	for _, x := range v.Resumes {
		if x.Again != 0 || x.InFlight != 3 || !slices.Equal(x.Against, []string{"3 of 3 not sent again"}) || x.PublisherWaits {
			t.Errorf("resume: %+v", x)
		}
	}
	if w := v.Windows; len(v.Resumes) != 3 || len(w) != 2 || w[0].InFlight != 8 || len(w[0].Against) != 1 || w[1].InFlight != 200 || len(w[1].Against) != 0 {
		t.Errorf("windows: %+v", w)
	}
}

// TestForgottenReceiveMaximum has a broker that keeps to the Receive Maximum of a subscriber only until its first acknowledgement.
func TestForgottenReceiveMaximum(t *testing.T) {
	t.Parallel()
	r := run(t, (&wrongBroker{deliver: lesser, forgetful: true}).start(t), probe.Options{Versions: []decode.Version{decode.V5}})
	w := r.Versions[0].Windows[0]
	if w.ReceiveMaximum != 3 || w.InFlight != 5 || w.Arrived != 8 || len(w.Against) != 1 || r.Exceeded != 1 || r.Deviations != 0 {
		t.Errorf("Receive Maximum 3: %+v, %d exceeded, %d deviations", w, r.Exceeded, r.Deviations)
	}
	if want := "! More was in flight than the Receive Maximum of a subscriber allows. All 9 pairs"; !strings.HasPrefix(r.Verdict(), want) {
		t.Errorf("verdict %q, want %q", r.Verdict(), want)
	}
}

// TestVersions leaves out what the broker does not speak, and says so; asked for by name it is an error.
func TestVersions(t *testing.T) {
	t.Parallel()
	for refused, spoken := range map[decode.Version]decode.Version{decode.V5: decode.V311, decode.V311: decode.V5} {
		b := &wrongBroker{deliver: lesser, refused: refused}
		addr := b.start(t)
		r := run(t, addr, probe.Options{})
		if len(r.Versions) != 1 || r.Versions[0].Version != spoken.String() || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "does not speak MQTT "+refused.String()) || r.NotMeasured != 0 {
			t.Errorf("%s refused: %d versions, notes %q, %d not measured", refused, len(r.Versions), r.Notes, r.NotMeasured)
		}
		_, err := probe.Run(t.Context(), dialer(t, capture.ClientOptions{URL: "mqtt://" + addr}), probe.Options{Versions: []decode.Version{refused}})
		if err == nil || !strings.Contains(err.Error(), "does not speak MQTT "+refused.String()) {
			t.Errorf("%s refused: %v", refused, err)
		}
	}
}

// TestRefused gives the subscription or the message no permission: such pairs are not deviations, but not measured.
func TestRefused(t *testing.T) {
	t.Parallel()
	acl := t.TempDir() + "/acl"
	writeFile(t, acl, "topic read #\n")
	r := run(t, startMosquitto(t, "allow_anonymous true\nacl_file "+acl), only5)
	if r.NotMeasured != 9 || r.Deviations != 0 || len(r.Versions[0].Problems) != 1 { // of QoS 0 nobody says that it was refused
		t.Errorf("%d not measured, %d deviations", r.NotMeasured, r.Deviations)
	}
	for _, p := range r.Versions[0].Pairs {
		if !strings.Contains(p.NotMeasured, "publishing refused: Not authorized (0x87)") {
			t.Errorf("%d to %d: %q", p.Published, p.Requested, p.NotMeasured)
		}
	}
}

// TestMaximumQoS leaves out what the broker says that it cannot do.
func TestMaximumQoS(t *testing.T) {
	t.Parallel()
	r := run(t, startMosquitto(t, "allow_anonymous true\nmax_qos 1"), probe.Options{})
	if r.NotMeasured != 0 || r.NotOffered != 6 || len(r.Versions) != 2 || r.Deviations != 0 || r.Versions[0].Announced.MaximumQoS != 1 {
		t.Errorf("%d not measured, %d deviations, %+v", r.NotMeasured, r.Deviations, r.Versions[0].Announced)
	}
	if v := r.Versions[1]; v.Release != nil || len(v.Resumes) != 1 || len(v.Orders) != 1 || len(v.Problems) != 0 {
		t.Errorf("QoS 2 was tried: %+v", v)
	}
}
