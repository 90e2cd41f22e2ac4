package tui_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// TestOtherDays has what began on the day before: where it stands beside what is of today, its day is to be seen.
func TestOtherDays(t *testing.T) {
	f := numbered(3)
	began := at(-24 * time.Hour)
	f.base.Rows[0].Started = began
	f.base.Alerts = []watch.Alert{{ID: 1, Name: "puback-overdue", Severity: handshake.Warn, Raised: began, Lasting: true, Handshake: f.base.Rows[0].ID, Text: "long ago"}}
	d := newDriver(t, f, 160, 40, theme.Options{})
	d.keys("g").has(began.Std().UTC().Format(" 02 15:04 client"), began.Std().UTC().Format("│ 2006-01-02"))
	d.keys("5").has(began.Std().UTC().Format("! warn     02 15:04 "))
	wide := newDriver(t, f, 120, 40, theme.Options{})
	wide.keys("d", "g").has(began.Std().UTC().Format(" 02 15:04:05 "))
	wide.has(at(2 * time.Second).Std().UTC().Format(" 15:04:05.000 "))
}

// TestOtherDaysEverywhere has deliveries and packets of the day before, too.
func TestOtherDaysEverywhere(t *testing.T) {
	f := surveyOf(-1)
	began := at(-24 * time.Hour)
	f.base.Deliveries.Rows[0].At, f.base.Packets.Rows[0].Time = began, began
	d := newDriver(t, f, 160, 40, theme.Options{})
	d.keys("2", "g").has(began.Std().UTC().Format(" 02 15:04:05 "), at(6*time.Second).Std().UTC().Format(" 15:04:")).hasNot(began.Std().UTC().Format("15:04:05.000"))
	d.keys("7", "g").has(began.Std().UTC().Format(" 02 15:04:05 ")).hasNot(began.Std().UTC().Format("02 15:04:05.000"))
}

// TestDayOfDelivery looks for the date above the times of a whole delivery.
func TestDayOfDelivery(t *testing.T) {
	d := newDriver(t, surveyOf(-1), 160, 40, theme.Options{})
	d.keys("2", "g", "enter").has(" " + start.Std().UTC().Format(time.DateOnly))
}
