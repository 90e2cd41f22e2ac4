package watch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// fieldFailures are failures reported from the field: the scenario that shows each, the alert that must tell it, and what its sentence and details
// must say. The titles of the scenarios name the reports.
var fieldFailures = []struct {
	report   string
	scenario string
	alert    handshake.AlertName
	says     []string
}{
	{"mosquitto#1332", "pubrec-overdue", handshake.PubrecOverdue, []string{"broker has owed PUBREC", "Link alive: PINGRESP from broker"}},
	{"home-assistant/core#48040", "suback-overdue", handshake.SubackOverdue, []string{"broker has owed SUBACK", "id 3 (SUBSCRIBE,"}},
	{"home-assistant/core#76252", "puback-overdue", handshake.PubackOverdue, []string{"broker has owed PUBACK", "id 9 (QoS 1,"}},
	{"azure-iot-sdk-c#1648", "retransmit-without-dup", handshake.PubackOverdue, []string{"broker has owed PUBACK"}},
	{"azure-iot-sdk-c#1648", "retransmit-without-dup", handshake.RetransmitWithoutDup, []string{"azure sent the same PUBLISH again without DUP"}},
	{"mongoose-os#269", "pubrel-overdue", handshake.PubrelOverdue, []string{"publisher mcu has owed PUBREL"}},
	{"paho.mqtt.embedded-c#200", "pubrel-overdue", handshake.PubrelOverdue, []string{"publisher mcu has owed PUBREL"}},
	{"mosquitto#3275", "bridge-pubrel-missing", handshake.PubrelOverdue, []string{"publisher bridge has owed PUBREL", "id 22833"}},
	{"paho.mqtt.golang#788", "publish-after-pubrel", handshake.PublishAfterPubrel, []string{"pahogo sent PUBLISH again after its PUBREL", "delivered twice"}},
	{"wolfMQTT#602", "resume-without-redelivery", handshake.ResumeWithoutRedelivery, []string{"publisher wolf has not sent 1 delivery again", "PUBREL of id 3"}},
	{"paho.mqtt.embedded-c#21, #89", "pubcomp-missing-fills-window", handshake.PubcompOverdue, []string{"subscriber valve has owed PUBCOMP"}},
	{"paho.mqtt.embedded-c#21, #89", "pubcomp-missing-fills-window", handshake.InflightWindowFull, []string{"window of broker to valve is full, 20/20", "subscriber valve owes PUBCOMP"}},
	{"mosquitto#897", "window-one", handshake.PubackOverdue, []string{"subscriber serial-2 has owed PUBACK", "id 2", "Link alive: PINGREQ", "Window 1/1: nothing new can be sent to serial-2"}},
	{"mosquitto#897", "window-one", handshake.InflightWindowFull, []string{"is full, 1/1", "oldest: id 2, subscriber serial-2 owes PUBACK"}},
	{"mosquitto#897", "window-one-learned", handshake.InflightWindowFull, []string{"1/1 (learned)", "oldest: id 9"}},
	{"paho.mqtt.golang#637", "session-messages-before-subscribe", handshake.InflightWindowFull, []string{"window of broker to gosub is full, 10/10", "subscriber gosub owes PUBACK"}},
	{"vernemq#734", "sender-stalled-broker", handshake.SenderStalled, []string{"broker has published nothing to display"}},
	{"mosquitto#110", "resume-without-redelivery-broker", handshake.ResumeWithoutRedelivery, []string{"broker has not sent 1 delivery again", "PUBLISH of id 3"}},
	{"paho.mqtt.python#24", "resume-without-redelivery-publish", handshake.ResumeWithoutRedelivery, []string{"publisher py has not sent 3 deliveries again", "PUBLISH of id 1"}},
	{"paho.mqtt.java#551", "publishes-in-progress", handshake.InflightWindowFull, []string{"window of java to broker is full, 10/10", "broker owes PUBACK"}},
	{"paho.golang#179", "unexpected-ack-previous-connection", handshake.UnexpectedAck, []string{"PUBACK for id 3 of the previous connection"}},
	{"rumqtt#849", "isolated-puback-after-clean", handshake.UnexpectedAck, []string{"dev sent PUBACK for id 3"}},
	{"rumqtt#1057", "packet-id-in-use-subscribe", handshake.PacketIDInUse, []string{"rumqtt gave id 1 to a new SUBSCRIBE", "has waited for PUBACK"}},
	{"rumqtt#1057", "packet-id-in-use-subscribe-twice", handshake.PacketIDInUse, []string{"rumqtt gave id 1 to a new SUBSCRIBE", "has waited for SUBACK"}},
	{"paho.mqtt.python#382", "resume-unseen-session", handshake.PacketIDNotFound, []string{"id 72 after the resume, of which no PUBLISH was seen"}},
	{"paho.mqtt.python PR#956", "pubrel-after-pubrec-error", handshake.PubrelAfterPubrecError, []string{"py sent PUBREL for id 5, which PUBREC had refused"}},
	{"paho.mqtt.python PR#956", "pubrel-after-pubrec-error", handshake.PublishRefused, []string{"Not authorized"}},
	{"mosquitto#3588", "quota-exceeded-link-kept", handshake.QuotaExceeded, []string{"broker says PUBREC: Quota exceeded for id 2"}},
	{"mosquitto#3588", "quota-exceeded-link-kept", handshake.ReceiveMaximumExceeded, []string{"pub has 2 in flight, Receive Maximum of broker is 1", "DISCONNECT 0x93"}},
	{"mosquitto#3611, #3587, #2876", "quota-overrun-protocol-error", handshake.ReceiveMaximumExceeded, []string{"broker has 2 in flight, Receive Maximum of sub is 1", "DISCONNECT 0x93"}},
	{"mosquitto#1822", "receive-maximum-exceeded-resume", handshake.ReceiveMaximumExceeded, []string{"bridge has 12 in flight, Receive Maximum of broker is 10"}},
	{"emqx#15055", "packet-id-in-use-peer", handshake.PacketIDInUse, []string{"broker says that id 889 is in use", "state of an earlier delivery"}},
	{"esp-mqtt#176", "packet-id-in-use", handshake.PacketIDInUse, []string{"esp gave id 5 to a new PUBLISH", "for 200ms", "acknowledgement of this id is ambiguous"}},
	{"mosquitto#3585", "packet-id-in-use-both-acked", handshake.PacketIDInUse, []string{"esp gave id 5 to a new PUBLISH"}},
	{"esp-mqtt#151", "retransmit-storm", handshake.RetransmitStorm, []string{"esp sends PUBLISH again and again, every 1.0s"}},
	{"esp-mqtt#151", "retransmit-storm", handshake.RetransmitWithoutDup, []string{"without DUP"}},
	{"esp-mqtt#151", "retransmit-storm", handshake.DuplicateAck, []string{"broker sent PUBACK for id 1 once more"}},
	{"esp-idf#9115", "resend-with-answers-late", handshake.RetransmitStorm, []string{"every 1.0s"}},
	{"vernemq#298", "crossing-resend", handshake.RetransmitConnected, []string{"broker sent PUBLISH again on the same connection"}},
	{"hivemq-mqtt-client#557", "retransmit-while-connected-5", handshake.RetransmitConnected, []string{"broker sent PUBLISH again on the same connection"}},
	{"hivemq-mqtt-client#557", "retransmit-while-connected-5", handshake.DisconnectWithInflight, []string{"hive closed the connection with 1 delivery in flight"}},
	{"espMqttClient#24", "ack-out-of-order-broker", handshake.AckOutOfOrder, []string{"broker sent PUBACK for id 6 while it owes 2 earlier ones"}},
	{"hivemq-mqtt-client#481", "ack-out-of-order-client", handshake.AckOutOfOrder, []string{"sub sent PUBACK for id 3 while it owes 2 earlier ones; first is id 1"}},
	{"moquette#583", "dup-acked-twice", handshake.RetransmitConnected, []string{"dev sent PUBLISH again on the same connection"}},
	{"MQTT.js#1585", "session-takeover-loop", handshake.SessionTakeoverLoop, []string{"Client Identifier X is used by several", "10.0.0.10:4001, 10.0.0.20:4001"}},
	{"MQTT.js#1585, emqx#151 (5.0)", "session-takeover-loop-5", handshake.SessionTakeoverLoop, []string{"10.0.0.10:4001, 10.0.0.20:4001"}},
	{"paho.mqtt.javascript#46", "keepalive-overdue", handshake.KeepaliveOverdue, []string{"web has sent nothing for", "Keep Alive is 10s"}},
	{"mosquitto#2124", "pingresp-overdue-clears", handshake.PingrespOverdue, []string{"broker has owed PINGRESP to a"}},
}

func TestFieldFailures(t *testing.T) {
	all := loadScenarios(t)
	for _, f := range fieldFailures {
		s := all[f.scenario]
		if s == nil {
			t.Errorf("%s: no scenario is called %s", f.report, f.scenario)
			continue
		}
		if !strings.Contains(s.Title, f.report) {
			t.Errorf("%s: the title of %s does not name it: %q", f.report, f.scenario, s.Title)
		}
		var said []string
		cfg := watch.Config{OnEvent: func(e *watch.Event) {
			if e.Alert != nil && e.Alert.Name == f.alert {
				said = append(said, e.Alert.Text+". "+e.Alert.Detail)
			}
		}}
		e := watch.New(cfg)
		e.Feed(s.Segments())
		for _, a := range e.Snapshot(watch.Query{AlertLimit: 100}).Alerts {
			if a.Name == f.alert {
				said = append(said, a.Text+". "+a.Detail)
			}
		}
		if !slices.ContainsFunc(said, func(text string) bool { return containsAll(text, f.says) }) {
			t.Errorf("%s (%s): want %s to say %q, got\n  %s", f.report, f.scenario, f.alert, f.says, strings.Join(said, "\n  "))
		}
	}
}

func containsAll(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

// silent are the scenarios in which all is well, or as well as can be told: twins of failures, and traps. No alert may be raised in them but notices
// about the capture and those named.
var silent = map[string][]handshake.AlertName{
	"ack-order-across-qos": nil, "auth-between": nil, "capture-gap-connack": nil, "capture-gap-hides-publish": nil, "capture-gap-id-reused": nil,
	"capture-gap-answer-later": nil, "capture-gap-keepalive": nil, "capture-gap-order": nil, "capture-gap-pingresp": nil, "capture-gap-qos2": nil,
	"capture-gap-window": nil, "clean-qos1-qos2": nil, "connack-auth": nil, "crossing-resend-qos1": nil, "disconnect-crossing-ack": nil, "duty-cycle": nil,
	"ids-of-subscribe-and-server": nil, "joined-mid-stream-suback": nil, "joined-mid-stream-first-lost": nil, "joined-mid-stream-qos2-id-freed": nil, "keepalive-in-time": nil, "keepalive-off": nil, "keepalive-server": nil, "made-up-connect": nil, "malformed-packet-silent": nil, "malformed-packet-first-silent": nil,
	"nat-many-clients": nil, "reauthentication": nil, "refused-login-keeps-session": nil, "resume-id-used-again": nil, "same-message-again": nil,
	"sender-burst-idle": nil, "session-takeover-once": nil, "session-with-everything": nil, "slow-ack-by-design": nil, "suback-refuses-one": nil,
	"subscribe-sent-again": nil, "timed-pubrel-3.1": nil, "window-full-for-a-moment": nil,
	"delivery-read-late": nil, "delivery-will-delay-back": nil, "delivery-will-early-again": nil, "delivery-gap-granted": nil, "delivery-no-local-overlap": nil, "delivery-gap-stranger": nil, "delivery-will-delay-session-over": nil, "pubrel-repeats-many": nil,
	"expect-answered": nil, "expect-answered-twice": nil, "expect-gap": nil, "expect-heartbeat-gap": nil, "expect-heartbeat-learned-few": nil, "expect-heartbeat-learned-groups": nil, "expect-heartbeat-not-armed": nil,
	"expect-no-request": nil, "expect-properties-left": nil, "expect-slow-broker": nil,
	"resume-redelivers":                {handshake.DisconnectWithInflight},
	"resume-same-id-both-ways":         {handshake.DisconnectWithInflight},
	"receive-maximum-respected-resume": {handshake.DisconnectWithInflight},
	"pubrel-resent-after-resume":       {handshake.DisconnectWithInflight},
	"pubrel-repeats-after-resume":      {handshake.PacketIDNotFound},
	"capture-gap-resume":               {handshake.DisconnectWithInflight},
	"reuse-after-refusal":              {handshake.PublishRefused},
	"publish-refused-qos2-reuse":       {handshake.PublishRefused},
	"delivery-window-overtaken":        {handshake.PubackOverdue, handshake.DeliveryIncomplete, handshake.InflightWindowFull},
	"window-not-full":                  {handshake.PublishRefused, handshake.QuotaExceeded},
}

func TestSilence(t *testing.T) {
	all := loadScenarios(t)
	for name, allowed := range silent {
		s := all[name]
		if s == nil {
			t.Errorf("no scenario is called %s", name)
			continue
		}
		e := watch.New(watch.Config{Rules: rulesOf(s), Servers: serversOf(s), Responses: true, OnEvent: func(e *watch.Event) {
			if a := e.Alert; a != nil && a.Severity > handshake.Notice && !slices.Contains(allowed, a.Name) {
				t.Errorf("%s (%s): false alarm: %s: %s", name, s.Title, a.Name, a.Text)
			}
		}})
		e.Feed(s.Segments())
		e.Finish()
	}
}
