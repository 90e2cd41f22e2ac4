package tui

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// reasonName returns the name of a Reason Code in a packet of type t.
func reasonName(c decode.ReasonCode, t decode.Type, v decode.Version) string { return c.Name(t, v) }

// dissect cuts a packet into its fields.
func dissect(raw watch.Raw) []decode.Field { return decode.Dissect(raw.Bytes, raw.Version) }
