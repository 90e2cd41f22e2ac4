package handshake

// refusalEntries are the alerts about what an end says by its Reason Codes.
func refusalEntries() []Entry {
	return []Entry{
		{
			Name: PublishRefused, Severities: []Severity{Warn}, Subject: AboutHandshake,
			Title: "a PUBLISH was refused",
			Means: "The receiver ended the delivery by a Reason Code of 0x80 or above in PUBACK or PUBREC (5.0). The message is not delivered, and must not be sent again. One alert for a client, topic and code; it counts. A 3.1.1 broker cannot say this: it acknowledges and drops, or closes the connection.",
			Causes: []string{
				"0x87 Not authorized: the broker's access rules do not let this client publish there.",
				"0x90 Topic Name invalid, 0x99 Payload format invalid, 0x97 Quota exceeded, 0x83 a rule of the broker's own.",
				"A library that reports a refused QoS 2 publish as a success (paho.mqtt.python#895), so that the program never knows.",
			},
			Checks: []string{
				"The broker's access rules for that user and topic, and its log: the Reason String, if there is one, is in the packet's bytes.",
				"Does the program look at the Reason Code of its publish result?",
			},
			V5: []string{"4.4.0-2", "3.4.2-1", "3.5.2-1"},
		},
		{
			Name: PubrelAfterPubrecError, Severities: []Severity{Critical}, Subject: AboutHandshake,
			Title: "PUBREL although PUBREC had refused the message",
			Means: "PUBREC with a Reason Code of 0x80 or above ends the delivery. The sender did not look at it and goes on with PUBREL; the receiver answers, and the sender reports success for a message that was refused. The identifier may belong to a new message already.",
			Causes: []string{
				"A library that takes any PUBREC for good (paho.mqtt.python#895, PR#956; ktor-mqtt PR#31; wolfMQTT PR#224).",
			},
			Checks: []string{"Update the library. Until then its success means nothing: look for publish-refused on the same topic."},
			V5:     []string{"4.3.3-4", "4.3.3-9", "4.4.0-2"},
		},
		{
			Name: PacketIDNotFound, Severities: []Severity{Info, Warn}, Subject: AboutHandshake,
			Title: "the other end does not know the identifier",
			Means: "PUBREL or PUBCOMP carries 0x92 (Packet Identifier not found), or PUBREL completes, right after a resume, what nobody saw begin. During recovery after a resume that is no error, and so information for 10 s; later it is a warning: the two ends disagree about what is in flight.",
			Causes: []string{
				"The state of one end was lost: a broker restarted without persistence, a client process that was killed (paho.mqtt.python#382: PUBCOMP was sent, and the message lost).",
				"PUBCOMP was lost with the connection before, and PUBREL is sent again: all is well (coreMQTT#379).",
			},
			Checks: []string{
				"Was there a reconnect within the last seconds? If not, which end restarted?",
				"Does the client keep its session on disk? If not, ask for a clean start instead of an old session.",
			},
			V5: []string{"3.6.2-1", "3.7.2-1"},
		},
		{
			Name: QuotaExceeded, Severities: []Severity{Warn}, Subject: AboutHandshake,
			Title: "the broker says: Quota exceeded",
			Means: "0x97 in PUBACK, PUBREC, SUBACK or DISCONNECT: a limit of the broker's own was reached, of messages, bytes, subscriptions or rate. It is not Receive Maximum, for which the code is 0x93 and the connection ends.",
			Causes: []string{
				"A rate or volume limit of the account or listener.",
				"A broker that answers 0x97, and keeps the connection, where the sender had exceeded Receive Maximum (mosquitto#3588); others end it with 0x82 (mosquitto#3611).",
			},
			Checks: []string{
				"Is there receive-maximum-exceeded or pubrel-overdue at the same time? Then the client is to blame.",
				"Otherwise the broker's limits and its log for that client.",
			},
			V5: []string{"3.4.2-1", "3.5.2-1"},
		},
		{
			Name: InvalidReasonCode, Severities: []Severity{Warn}, Subject: AboutHandshake,
			Title: "a Reason Code that this packet cannot carry",
			Means: "The standard lists for each packet which Reason Codes it may carry; this one is not among them. The other end may treat it as a Protocol Error and close.",
			Causes: []string{
				"A broker or plug-in that passes on an internal error as a Reason Code.",
				"0x93 (Receive Maximum exceeded), which only DISCONNECT may carry, in PUBREC: EMQX when too many QoS 2 messages wait for their PUBREL (emqx#6981; its limit is max_awaiting_rel).",
			},
			Checks: []string{"Who sent it, and which plug-in decides there? The meaning is mostly clear from the code's name; the packet is wrong."},
			V5:     []string{"3.4.2-1", "3.5.2-1", "3.6.2-1", "3.7.2-1"},
		},
		{
			Name: MalformedPacket, Severities: []Severity{Warn}, Subject: AboutConnection,
			Title: "a packet that the standard does not allow",
			Means: "The packet cannot be parsed as the standard lays it out (a Malformed Packet), or it can and holds what is not allowed there (a Protocol Error). Who receives it must close the connection, which many do without a word; others pass over it, so that the sender never learns of it. The text says which field is wrong and how; the list of packets has it with its bytes. Under a version that is not known for certain, and behind a hole in the capture, nothing is said; nor that a packet comes before CONNECT or CONNACK, unless the connection was seen from its first byte.",
			Causes: []string{
				"A client library of one's own, or an old one: wrong flags in the Fixed Header, properties that the packet cannot carry, a CONNECT that is the second or does not come first, a packet that is the other end's to send.",
				"A program that gives its library a Topic Name, Will Topic or Response Topic with + or # in it, a shared subscription without a filter ($share/group), or text that is no UTF-8.",
				"A client that uses more Topic Aliases than the broker has granted: none unless CONNACK says otherwise.",
				"A sender that writes from two threads at once, so that packets are mixed.",
			},
			Checks: []string{
				"The packet itself: the list of packets with the filter malformed, its details and its bytes.",
				"Does the receiver close right after it? Then that is why the client is gone; with 5.0 its DISCONNECT says 0x81 or 0x82.",
			},
			V311: []string{"4.8.0-1"}, V5: []string{"4.13.1-1"},
		},
		{
			Name: NoMatchingSubscribers, Severities: []Severity{Info}, Subject: AboutHandshake,
			Title: "nobody subscribes to what was published",
			Means: "The broker acknowledged with 0x10 (No matching subscribers): it took the message and had nobody to give it to. Brokers may leave this out, so its absence proves nothing.",
			Causes: []string{
				"A subscriber that is offline with a clean session, or has not subscribed yet.",
				"A topic that is spelled differently at the two ends: case, a leading slash, a prefix.",
			},
			Checks: []string{"mosquitto_sub -v -t '#' (where that is allowed) and compare the topic letter by letter."},
			V5:     []string{"3.4.2-1"},
		},
	}
}

// sessionEntries are the alerts about sessions and their connections.
func sessionEntries() []Entry {
	return []Entry{
		{
			Name: DisconnectWithInflight, Severities: []Severity{Warn}, Subject: AboutConnection,
			Title: "the connection ended with deliveries in flight",
			Means: "DISCONNECT, FIN or RST came while messages were on their way. The alert says who ended it and how many waited for what. If the session goes on they are to be sent again on the next connection; if it ended with the connection they are abandoned, and nobody knows whether they arrived.",
			Causes: []string{
				"A program that publishes and leaves without waiting for the acknowledgement.",
				"A crash, a restart, or the network; RST by the broker: its log knows why.",
				"A client that closes when the broker sends again on the same connection (hivemq-mqtt-client#557).",
			},
			Checks: []string{
				"Does the client wait for its last publishes before it disconnects (paho: wait_for_publish, token.Wait)?",
				"Does it come back with its session (Clean Session 0, or a Session Expiry Interval)? Otherwise these are gone.",
			},
			V311: []string{"3.1.2-4", "4.4.0-1"}, V5: []string{"3.14.4-1", "3.14.4-2"},
		},
		{
			Name: SessionLostInflight, Severities: []Severity{Critical}, Subject: AboutSession,
			Title: "the broker forgot a session that had deliveries in flight",
			Means: "The client asked to go on with its session, deliveries were open, and CONNACK says Session Present 0. Those deliveries are abandoned, and the subscriptions are gone as well: a client that does not subscribe again gets nothing from now on.",
			Causes: []string{
				"A broker restarted without persistence, or moved to another node of a cluster.",
				"The session expired at the broker, or its administrator removed it.",
				"Another connection with the same Client Identifier and a clean session in between.",
			},
			Checks: []string{
				"mosquitto.conf: persistence true; EMQX and others: durable sessions and their expiry.",
				"Does the client look at Session Present, subscribe again and publish again what was open?",
			},
			V311: []string{"3.2.2-3", "3.1.2-4"}, V5: []string{"3.2.2-3"},
		},
		{
			Name: ResumeWithoutRedelivery, Severities: []Severity{Critical}, Subject: AboutConnection, Lasting: true,
			Title: "the session was resumed, and what was open is not sent again",
			Means: "CONNACK said Session Present 1, deliveries were open on the connection before, and their sender has not sent them again for 5 s: PUBLISH with DUP, or PUBREL. They wait for ever, take places of the window, and the messages behind them wait too.",
			Causes: []string{
				"A client that forgets its PUBREL state on reconnect (wolfMQTT#602).",
				"A client whose count of messages in flight is not reset on reconnect, so that it believes its window is full (paho.mqtt.python#24).",
				"A broker that does not send its queue after a reconnect (mosquitto#110).",
				"A client process that restarted and has no store, but asks for the old session.",
			},
			Checks: []string{
				"Who owes it: the alert says publisher or broker. What state: PUBLISH or PUBREL?",
				"Client: does it have a persistent store, and is it opened before connecting? If it has none, let it start clean.",
			},
			V311: []string{"4.4.0-1", "4.6.0-1"}, V5: []string{"4.4.0-1", "4.6.0-1"},
		},
		{
			Name: SessionTakeoverLoop, Severities: []Severity{Warn, Critical}, Subject: AboutSession,
			Title: "two endpoints use one Client Identifier",
			Means: "A connection took the session over while another had it: the broker closes the old one, whose program reconnects and takes it back. Three times in a minute is critical. DISCONNECT 0x8E (Session taken over) once is a warning: it may be a device that came back from another network. The alert lists the addresses.",
			Causes: []string{
				"The same Client Identifier in two devices or processes: a copied configuration, a constant in the code, two replicas of a container (MQTT.js#1585, pubsubclient#129, emqx#151, nanomq#1927, mosquitto#2607).",
				"A program that opens a second client without closing the first.",
			},
			Checks: []string{
				"What runs at the addresses listed? Give each its own Client Identifier: a serial number, a host name, a random suffix.",
				"Behind NAT all have one address: compare the ports, and what they publish.",
			},
			V311: []string{"3.1.4-2"}, V5: []string{"3.1.4-3"},
		},
		{
			Name: ReconnectLoop, Severities: []Severity{Critical}, Subject: AboutSession,
			Title: "a client is cut off and reconnects, again and again",
			Means: "Three CONNECT packets of one client from one place within a minute, where the connection before did not end by the client's own DISCONNECT. The alert gives the last packet before the end, and who ended it: that packet is mostly the reason. A device that connects, publishes and says goodbye is no loop.",
			Causes: []string{
				"The broker closes over a packet it does not accept: a SUBSCRIBE or PUBLISH without permission (3.1.1 has no other way to refuse), one that is too large, or a Protocol Error.",
				"The client crashes on a message that the broker sends again with each new connection.",
				"A Keep Alive that is too short for the path.",
			},
			Checks: []string{
				"The last packet before each end: is it the same? mqttwatch replay FILE --filter 'client=NAME'.",
				"The broker's log at that second; with 5.0 the Reason Code of its DISCONNECT.",
			},
		},
	}
}

// captureEntries are the alerts about the capture itself: what they say limits what can be said at all.
func captureEntries() []Entry {
	return []Entry{
		{
			Name: CaptureGap, Severities: []Severity{Notice}, Subject: AboutCapture,
			Title: "bytes are missing in the capture",
			Means: "TCP shows that bytes were sent and received which the capture does not have. Deliveries whose answer could have been among them become unsure: no verdict is given on them, and none of their alerts is raised. The network may be perfectly well; the capture is not.",
			Causes: []string{
				"tcpdump could not keep up: \"packets dropped by kernel\".",
				"A capture taken on a mirror port that is overloaded, or on one of two paths.",
				"A snap length (-s) that cuts the segments.",
			},
			Checks: []string{"tcpdump -B 65536 -s 0 with a filter on the port; capture on the broker's own machine."},
		},
		{
			Name: JoinedMidStream, Severities: []Severity{Notice}, Subject: AboutCapture,
			Title:  "the capture begins in the middle of a connection",
			Means:  "No CONNECT was seen. The protocol version is inferred and shown as assumed; Keep Alive, Receive Maximum and the Client Identifier are not known; the client is named by its address. Acknowledgements of what was sent before are no surprise.",
			Causes: []string{"The capture was started while the client was connected. That is normal."},
			Checks: []string{"To learn the name, let the client reconnect while the capture runs, or look for its address in the broker's log."},
		},
		{
			Name: UndecodableStream, Severities: []Severity{Notice}, Subject: AboutCapture,
			Title: "bytes that are no MQTT",
			Means: "On a connection that carried MQTT came bytes in which no Control Packet can be found. What follows is looked through for the next plausible packet. Deliveries whose answer could have been there become unsure.",
			Causes: []string{
				"A sender that writes from two threads at once, so that packets are mixed.",
				"A port of MQTT on which TLS or WebSocket is spoken after all, or a proxy's header.",
				"A capture that is damaged.",
			},
			Checks: []string{"The bytes: tshark -r FILE -Y 'tcp.stream eq N' -x. Does the other end close the connection? Then they were really sent."},
		},
	}
}
