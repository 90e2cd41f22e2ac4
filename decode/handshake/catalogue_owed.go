package handshake

// owedEntries are the alerts about a packet that is owed for too long.
func owedEntries() []Entry {
	late := []Severity{Warn, Critical}
	return []Entry{
		{
			Name: PubackOverdue, Severities: late, Subject: AboutHandshake, Lasting: true,
			Title: "a QoS 1 PUBLISH has no PUBACK",
			Means: "The receiver has had the PUBLISH for 5 s (--warn) and sent no PUBACK; after 30 s (--critical) it is critical. The sender must keep the message, and its Packet Identifier and one place of the in-flight window stay taken. Other deliveries go on while there are places left.",
			Causes: []string{
				"A subscriber whose message callback blocks or never returns, or that acknowledges by hand and forgot to (mosquitto#897).",
				"A subscriber that has no handler for the topic, so that nothing acknowledges (paho.mqtt.golang#637).",
				"A broker that is overloaded, or whose plug-in or database holds the message (home-assistant/core#76252: \"No ACK from MQTT server\").",
				"A sink behind the broker that never answers: the client sent the same message again after 61 s (azure-iot-sdk-c#1648).",
			},
			Sides: "ccbb",
			Checks: []string{
				"Who owes: the client or the broker? The alert says so. If PINGRESP or other packets still come from there, the link is fine and the program is stuck.",
				"Client: is the callback returning? Does it acknowledge by hand (paho: manual_ack, SetAutoAckDisabled)? Take a stack dump of the process.",
				"Broker: its log for that Client Identifier, its CPU, its disk, its authorisation hooks.",
				"mqttwatch replay FILE --filter 'owes:PUBACK age>5s' lists all of them: one client, one topic, or everybody?",
			},
			V5: []string{"4.3.2-3", "4.3.2-4"},
		},
		{
			Name: PubrecOverdue, Severities: late, Subject: AboutHandshake, Lasting: true,
			Title: "a QoS 2 PUBLISH has no PUBREC",
			Means: "The receiver has had the PUBLISH and sent no PUBREC, the first of the two answers of QoS 2. The message is not taken over yet; its Packet Identifier and its place in the window stay taken.",
			Causes: []string{
				"A broker whose own in-flight limit is 1 and that never comes to this message (mosquitto#1332).",
				"A broker that waits for its store or an authorisation hook before PUBREC.",
				"A client library without QoS 2 for what it receives.",
			},
			Sides: "bbc",
			Checks: []string{
				"Does the link live? If PINGRESP comes, the receiver is there and owes PUBREC.",
				"mosquitto.conf: max_inflight_messages; try without it.",
				"Does QoS 1 on the same topic work? Then it is the QoS 2 state of the receiver.",
			},
			V5: []string{"4.3.3-3", "4.3.3-8"},
		},
		{
			Name: PubrelOverdue, Severities: []Severity{Critical}, Subject: AboutHandshake, Lasting: true,
			Title: "the sender of a QoS 2 message sends no PUBREL after PUBREC",
			Means: "The receiver has answered with PUBREC and now waits for PUBREL. Nothing but the sender's own doing stands between the two, so this is critical at once. Many brokers deliver a QoS 2 message only after PUBREL: then nothing arrives, though publishing seemed to work.",
			Causes: []string{
				"A client library that does not finish QoS 2: it reports success at PUBREC (mongoose-os#269) or dies there (paho.mqtt.embedded-c#200).",
				"A sender whose state was lost between PUBREC and PUBREL: a bridge right after it had sent its backlog again (mosquitto#3275).",
				"A broker that queues PUBREL behind PUBLISH packets for which the window is full; PUBREL must not wait for that.",
			},
			Sides: "c-b",
			Checks: []string{
				"The version of the sender's library, and whether it has QoS 2 at all. QoS 1 is a way around.",
				"Does it happen to each QoS 2 message of this client, or only after a reconnect? mqttwatch replay FILE --filter 'type:PUBREC client:NAME'.",
				"Does the sender's program read from its socket? A library that is only called to publish never sees PUBREC.",
			},
			V5: []string{"4.3.3-4", "3.3.4-8", "3.3.4-10"},
		},
		{
			Name: PubcompOverdue, Severities: late, Subject: AboutHandshake, Lasting: true,
			Title: "a PUBREL has no PUBCOMP",
			Means: "The sender has released the QoS 2 message with PUBREL, and the receiver has not said PUBCOMP. The message itself has arrived; but the Packet Identifier and its place in the window stay taken. Enough of these, and delivery to that client stops.",
			Causes: []string{
				"A subscriber's library that never sends PUBCOMP (paho.mqtt.embedded-c#21, #89).",
				"A receiver that forgot the message in between, and ignores the PUBREL where it must answer it.",
			},
			Sides: "c-",
			Checks: []string{
				"How full is the window? The details say it: n/20 and rising means that delivery will stop.",
				"The library's version; QoS 1 for this subscription until it is repaired.",
			},
			V5: []string{"4.3.3-5", "4.3.3-11"},
		},
		{
			Name: SubackOverdue, Severities: []Severity{Warn}, Subject: AboutHandshake, Lasting: true,
			Title: "SUBSCRIBE or UNSUBSCRIBE has no answer",
			Means: "The broker owes SUBACK or UNSUBACK. Libraries report this as \"no ACK for mid N\" without saying that N was a SUBSCRIBE.",
			Causes: []string{
				"A broker that is busy sending retained messages for a wide filter such as # before it answers.",
				"An authorisation hook that does not answer.",
				"A client that waits only 10 s and then gives up on a slow broker (home-assistant/core#48040, #45036, #87207).",
			},
			Checks: []string{
				"Which Topic Filter? The alert names it. mosquitto_sub -d -t FILTER against the same broker shows whether it is slow for everybody.",
				"The broker's log and CPU at that time.",
			},
			V311: []string{"3.8.4-1"}, V5: []string{"3.8.4-1", "3.10.4-4"},
		},
		{
			Name: ConnackOverdue, Severities: []Severity{Warn}, Subject: AboutConnection, Lasting: true,
			Title: "CONNECT has no CONNACK",
			Means: "The broker has taken the connection and the CONNECT, and says nothing. While client and broker exchange AUTH packets (5.0) nothing is held against either.",
			Causes: []string{
				"An authentication back end (LDAP, HTTP, database) that does not answer.",
				"A broker under a storm of connections, or a proxy in front of it whose back end is away.",
			},
			Checks: []string{
				"Do other clients get CONNACK? If nobody does, look at the broker; if only this one, at how it authenticates.",
				"mqttwatch mqtt://HOST from the same network: how long does its own CONNACK take?",
			},
			V311: []string{"3.2.0-1"}, V5: []string{"3.2.0-1"},
		},
		{
			Name: PingrespOverdue, Severities: []Severity{Critical}, Subject: AboutConnection, Lasting: true,
			Title: "PINGREQ has no PINGRESP",
			Means: "The client asked whether the broker is there, and for 5 s (or the Keep Alive, if that is less) nothing came. The client will close the connection and reconnect.",
			Causes: []string{
				"The network path is gone while TCP has not noticed: a NAT or firewall that forgot the connection.",
				"A broker that hangs, or that reads nothing from this client because what it sends to it is stuck.",
				"A client that does not close although PINGRESP fails (mosquitto#2124, paho.mqtt.c#570), or closes too early (MQTT.js#1861).",
			},
			Checks: []string{
				"Does TCP acknowledge? tcpdump host CLIENT: retransmissions mean that the path is gone, acknowledgements that the broker hangs.",
				"Do other clients of that broker have the same? A Keep Alive below the NAT's idle time helps.",
			},
			V311: []string{"3.12.4-1"}, V5: []string{"3.12.4-1"},
		},
		{
			Name: KeepaliveOverdue, Severities: []Severity{Warn}, Subject: AboutConnection, Lasting: true,
			Title: "the client has been silent for more than one and a half times its Keep Alive",
			Means: "The client promised a packet every Keep Alive seconds (the broker's Server Keep Alive, where given), and sent none for one and a half times that. The broker is to close the connection and publish the Will Message.",
			Causes: []string{
				"A library that counts received packets as activity and so sends no PINGREQ (paho.mqtt.javascript#46).",
				"A program that blocks the thread or event loop that sends PINGREQ, or a browser tab or device that sleeps.",
				"The link is gone and TCP has not noticed.",
			},
			Checks: []string{
				"What did the client do before it fell silent? The alert names its last packet.",
				"Is the library's loop running (paho python: loop_start or loop_forever)?",
			},
			V311: []string{"3.1.2-23", "3.1.2-24"},
		},
	}
}
