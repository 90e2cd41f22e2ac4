package handshake

// identifierEntries are the alerts about Packet Identifiers and acknowledgements that do not fit.
func identifierEntries() []Entry {
	return []Entry{
		{
			Name: PacketIDInUse, Severities: []Severity{Critical}, Subject: AboutHandshake,
			Title: "a Packet Identifier was given twice",
			Means: "A sender gave an identifier to a new message while the earlier one still waits for its acknowledgement; or the receiver says 0x91 (Packet Identifier in use). The next acknowledgement cannot be told apart: one of the two messages may be taken for delivered and lost. PUBLISH, SUBSCRIBE and UNSUBSCRIBE of a client share one space; the broker has its own, and the same number in both directions is normal.",
			Causes: []string{
				"An allocator that counts up and wraps without looking what is in use (esp-mqtt#176, qmqtt#262, wolfMQTT#613, mosquitto#3585).",
				"A SUBSCRIBE that takes the identifier of an unacknowledged PUBLISH (rumqtt#1057).",
				"A client process that restarted with an old session and begins at 1 again.",
				"0x91 on a fresh identifier: the broker has QoS 2 state left over from before (emqx#15055, paho.mqtt.c#1279).",
			},
			Checks: []string{
				"Both packets and the time between them: mqttwatch replay FILE --filter 'id:N client:NAME'.",
				"The library's version. Fewer messages in flight make it rarer, not right.",
				"0x91: let the client end its session once (Clean Start) to clear the broker's state.",
			},
			V311: []string{"2.3.1-2", "2.3.1-4"}, V5: []string{"2.2.1-3", "2.2.1-4", "4.3.2-1", "4.3.3-1"},
		},
		{
			Name: PacketIDZero, Severities: []Severity{Critical}, Subject: AboutHandshake,
			Title: "a packet has Packet Identifier 0",
			Means: "0 is no Packet Identifier. The receiver may close the connection, and an acknowledgement of 0 acknowledges nothing that can be named.",
			Causes: []string{
				"A 16-bit counter that wraps to 0.",
				"A field that was never filled: a packet built by hand, or an acknowledgement of a QoS 0 PUBLISH.",
			},
			Checks: []string{"Who sent it, after how many messages? About 65,536 means that a counter wraps."},
			V311:   []string{"2.3.1-1"}, V5: []string{"2.2.1-3", "2.2.1-4"},
		},
		{
			Name: UnexpectedAck, Severities: []Severity{Info, Warn}, Subject: AboutHandshake,
			Title: "an acknowledgement of nothing that is in flight",
			Means: "PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK or UNSUBACK came for an identifier that no open delivery has. Once is a curiosity; from the third time on it is a warning. Where the capture began in the middle or has a gap nothing is said.",
			Causes: []string{
				"An acknowledgement of the connection before, sent after a reconnect from a queue: only PUBLISH and PUBREL are sent again (paho.golang#179 panics on it; rumqtt#849).",
				"Two programs that share one connection's state, or a receiver that acknowledges late what was abandoned.",
			},
			Checks: []string{
				"Did the client reconnect just before? Does the acknowledged identifier belong to the connection before? The alert says so where it is known.",
				"The library's handling of its outgoing queue on reconnect.",
			},
			V311: []string{"2.3.1-6", "2.3.1-7"}, V5: []string{"2.2.1-5", "2.2.1-6"},
		},
		{
			Name: AckTypeMismatch, Severities: []Severity{Critical}, Subject: AboutHandshake,
			Title: "an acknowledgement of the wrong type",
			Means: "The identifier is in flight, but waits for another packet: PUBACK for QoS 2, PUBREC for QoS 1, PUBCOMP before PUBREL, SUBACK for a PUBLISH. The two ends disagree about the QoS or the state of this delivery.",
			Causes: []string{
				"A receiver that mixes up the identifiers of both directions, or of PUBLISH and SUBSCRIBE.",
				"A receiver that answers with PUBACK whatever the QoS.",
				"An identifier that was given twice just before: look for packet-id-in-use first.",
			},
			Checks: []string{"The ladder of that delivery shows both packets; the one who sent the acknowledgement is wrong."},
			V311:   []string{"3.3.4-1"}, V5: []string{"3.3.4-1"},
		},
		{
			Name: DuplicateAck, Severities: []Severity{Info}, Subject: AboutHandshake,
			Title: "an acknowledgement more than was asked for",
			Means: "PUBACK or PUBCOMP came once more than PUBLISH or PUBREL was sent. One answer for each time is as it should be, and is not counted here. The surplus can be taken for the answer to the next message with that identifier, and can make the sender believe that its window has room.",
			Causes: []string{
				"A broker or client that acknowledges in two places: in the library and in the application.",
				"Several PUBACKs for one message after a storm of resends (esp-mqtt#151).",
			},
			Checks: []string{"Does the application acknowledge by hand while the library does it too?"},
			V5:     []string{"4.3.2-5"},
		},
		{
			Name: AckOutOfOrder, Severities: []Severity{Info, Warn}, Subject: AboutHandshake,
			Title: "an acknowledgement overtook an earlier one",
			Means: "PUBACK or PUBREC came for a later PUBLISH while an earlier one of the same QoS still waits, or PUBREL out of the order of PUBREC. The order binds clients: of a client it is a warning, of a broker information. Different QoS may overtake each other.",
			Causes: []string{
				"A subscriber that acknowledges by hand from several threads (hivemq-mqtt-client#481).",
				"A broker that acknowledges in the order in which its store answers; a client that takes only the next identifier then ignores the rest (espMqttClient#24).",
			},
			Checks: []string{
				"Does the other end suffer? Some gateways abort the connection over it (azure-iot-protocol-gateway PR#85).",
				"Acknowledge in the order of receipt, or have the library queue the acknowledgements.",
			},
			V311: []string{"4.6.0-2", "4.6.0-3", "4.6.0-4"}, V5: []string{"4.6.0-2", "4.6.0-3", "4.6.0-4"},
		},
	}
}

// resendEntries are the alerts about packets that were sent again.
func resendEntries() []Entry {
	return []Entry{
		{
			Name: RetransmitConnected, Severities: []Severity{Info, Warn}, Subject: AboutHandshake,
			Title: "a packet was sent again on the same connection",
			Means: "PUBLISH with DUP, or PUBREL, came again on the connection on which it was sent before. MQTT 5.0 forbids it (warning); 3.1.1 has resends only for the next connection (information); 3.1 allows it, and nothing is said. TCP's own retransmissions are not meant: they are sorted out before.",
			Causes: []string{
				"A resend timer from 3.1 days: VerneMQ 20 s, NanoMQ 10 s, esp-mqtt 1 s.",
				"An acknowledgement that crossed the resend on the way: the delivery is fine (vernemq#298).",
				"A broker that resends inside a connection, at which some clients close it (hivemq-mqtt-client#557).",
			},
			Checks: []string{
				"Who is slow to answer? The resend is mostly the symptom: look at the time between PUBLISH and its acknowledgement.",
				"The sender's timer: NanoMQ's retry_interval, esp-mqtt's message_retransmit_timeout, the retry option of other clients. Set it above the usual answer time, or off.",
				"Both PUBLISH packets are answered: two acknowledgements are right (moquette#583 then over-sends).",
			},
			V311: []string{"4.4.0-1"}, V5: []string{"4.4.0-1"},
		},
		{
			Name: RetransmitStorm, Severities: []Severity{Critical}, Subject: AboutHandshake,
			Title: "packets are sent again and again",
			Means: "One delivery was sent again three times or more on one connection, or more than a fifth of all PUBLISH packets in a minute are resends. Each resend makes the receiver, which is slow already, slower, and QoS 1 messages arrive many times over.",
			Causes: []string{
				"A client that sends again every second while the broker needs four for its PUBACK (esp-mqtt#151, #238, esp-idf#9115, MeshCore PR#23).",
				"A publisher that gets no answer at all, and a library without a limit.",
			},
			Checks: []string{
				"The interval, which the alert gives, is the sender's timer: raise it (esp-mqtt: message_retransmit_timeout) above the broker's answer time.",
				"Why does the answer take so long? Look for puback-overdue and ack-latency-high at the same time.",
			},
			V311: []string{"4.4.0-1"}, V5: []string{"4.4.0-1"},
		},
		{
			Name: RetransmitWithoutDup, Severities: []Severity{Warn}, Subject: AboutHandshake,
			Title: "the same PUBLISH came again without DUP",
			Means: "The same identifier, topic and payload came again while the first is open, and DUP is not set. From the bytes alone it cannot be told whether it is a resend that lacks its flag, or a new message of the same content with an identifier that is in use.",
			Causes: []string{
				"A library that forgets DUP when it sends again (azure-iot-sdk-c#1648, esp-mqtt#151).",
				"AWS IoT, which redelivers with DUP 0.",
				"A sender with one constant message and one constant identifier.",
			},
			Checks: []string{
				"Is the gap a round number of seconds? Then it is a timer, and so a resend.",
				"Does the receiver rely on DUP to drop repetitions? It must not, in QoS 1.",
			},
			V311: []string{"3.3.1-1"}, V5: []string{"3.3.1-1"},
		},
		{
			Name: PublishAfterPubrel, Severities: []Severity{Critical}, Subject: AboutHandshake,
			Title: "PUBLISH again after its PUBREL: exactly once is broken",
			Means: "The sender of a QoS 2 message had released it with PUBREL, and then sent the PUBLISH again. The receiver has forgotten the identifier at PUBREL, so it takes the message for a new one: it is delivered twice.",
			Causes: []string{
				"A client that stores PUBLISH but not that it sent PUBREL, and replays from the start after a reconnect (paho.mqtt.golang#788).",
			},
			Checks: []string{
				"The library's store: is PUBREL written before it is sent, in place of the PUBLISH?",
				"Until it is repaired the application must drop what comes twice.",
			},
			V5: []string{"4.3.3-6"},
		},
	}
}
