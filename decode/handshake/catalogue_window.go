package handshake

// windowEntries are the alerts about how much a sender has in flight, and how fast it is answered.
func windowEntries() []Entry {
	return []Entry{
		{
			Name: InflightWindowFull, Severities: []Severity{Critical}, Subject: AboutConnection, Lasting: true,
			Title: "nothing new can be sent: the in-flight window is full",
			Means: "The sender has as many QoS 1 and 2 messages in flight as it may (Receive Maximum in 5.0), for 5 s. Until one of them is answered, no QoS 1 or 2 message is sent on this connection; they queue up, and are dropped when the queue is full. The alert names the oldest blocker: that is where to look. 3.1.1 announces no limit: \"(learned)\" means that it was seen from what the sender does, \"(a usual limit)\" that the sender stopped at a number at which brokers and clients usually do.",
			Causes: []string{
				"A subscriber that withholds acknowledgements; with a window of 1 one of them is enough (mosquitto#897).",
				"A persistent session that brings messages before the client has a handler for them (paho.mqtt.golang#637).",
				"A subscriber that never sends PUBCOMP (paho.mqtt.embedded-c#21).",
				"A publisher faster than the broker acknowledges: paho-java says \"Too many publishes in progress (32202)\" (paho.mqtt.java#551, #993, #398).",
			},
			Checks: []string{
				"The oldest blocker, and who owes: mqttwatch replay FILE --filter 'client=NAME state:stuck'.",
				"The limits: mosquitto max_inflight_messages (20; 10 in 1.6), EMQX max_inflight (32), the client's Receive Maximum or maxInflight.",
				"A larger window only delays it, if acknowledgements never come. Restarting the client frees it until the next time.",
				"The broker's queue for that client: mosquitto max_queued_messages, EMQX max_mqueue_len: is it dropping?",
			},
			V5: []string{"4.9.0-2", "3.3.4-7", "3.3.4-9"},
		},
		{
			Name: ReceiveMaximumExceeded, Severities: []Severity{Critical}, Subject: AboutConnection,
			Title: "more in flight than Receive Maximum allows",
			Means: "A sender has more QoS 1 and 2 messages unanswered than the other end announced in CONNECT or CONNACK (5.0), or the other end says so by DISCONNECT 0x93. That is a Protocol Error; the connection is to be closed with 0x93, and often is, again and again after each reconnect.",
			Causes: []string{
				"A client that sends all that is unacknowledged at once after a reconnect, without looking at the new Receive Maximum (mosquitto#1822, paho.mqtt.python#492).",
				"A sender that frees its quota too early: at PUBREC instead of at PUBCOMP.",
				"A resend that is counted as a second place, or an answer that frees two.",
			},
			Checks: []string{
				"Did it begin right after a resume (CONNACK with Session Present)?",
				"The library's limit: set it to the broker's Receive Maximum or below (paho python: max_inflight_messages_set).",
			},
			V5: []string{"3.3.4-7", "3.3.4-9", "4.9.0-1"},
		},
		{
			Name: SenderStalled, Severities: []Severity{Info}, Subject: AboutConnection, Lasting: true,
			Title: "a sender that published like clockwork has stopped",
			Means: "At least 20 deliveries came at a steady pace, all were answered, and then nothing for ten times the usual gap (30 s at least), while the connection lives. The receiver owes nothing. It may have nothing to say: this is a hint, not a proof.",
			Causes: []string{
				"A broker that lost track of a subscriber: publishers publish, SUBACK and PINGRESP work, and nothing is sent to it (vernemq#734).",
				"The program behind a device hangs while its MQTT library goes on sending PINGREQ.",
				"The source of the data is switched off, and all is well.",
			},
			Checks: []string{
				"From a broker: publish to the topic by hand (mosquitto_pub -t TOPIC -m test -q 1) and see whether it is forwarded. If not, reconnect the subscriber and keep the broker's log.",
				"From a device: is its program alive?",
			},
		},
		{
			Name: AckLatencyHigh, Severities: []Severity{Info}, Subject: AboutConnection, Lasting: true,
			Title: "acknowledgements come slowly",
			Means: "Of the last deliveries (at least 20) the slowest twentieth took more than 2 s from PUBLISH to PUBACK or PUBCOMP. Nothing is broken; but the sender can have only a window of messages in flight, so its rate is at most window size divided by this time.",
			Causes: []string{
				"A subscriber that acknowledges after processing, which may be by design.",
				"A broker that waits for its disk or a cluster before it acknowledges.",
				"A long or congested path.",
			},
			Checks: []string{
				"Is the window full as well? Only then messages pile up.",
				"mqttwatch replay FILE --filter 'rtt>2s': which topics?",
			},
		},
	}
}
