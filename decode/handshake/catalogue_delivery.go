package handshake

// deliveryEntries are the alerts about a message on its way from its publisher through the broker to each subscriber.
func deliveryEntries() []Entry {
	return []Entry{
		{
			Name: NotForwarded, Severities: []Severity{Warn, Critical}, Subject: AboutMessage,
			Title: "the broker took a message and did not send it to a subscriber",
			Means: "The broker accepted the message from its publisher, a subscriber with a matching filter was connected and its window was not full, and no PUBLISH to it was seen in time. The subscriber owes nothing. Where other listeners or cluster nodes make it uncertain, nothing is said. Of QoS 0, which a broker may drop, and of equal messages, of which only the number that is missing is known, it is told as a warning.",
			Causes: []string{
				"A broker that lost track of a subscriber while SUBACK and PINGRESP go on working (vernemq#734).",
				"Access rules that let a client subscribe but not receive, a queue that overflowed, or a message larger than the subscriber's Maximum Packet Size, which a broker drops without a word.",
			},
			Checks: []string{
				"Does the subscriber get other messages on that topic? Publish one by hand: mosquitto_pub -t TOPIC -m test -q 1.",
				"The broker's log and its count of dropped messages for that client. Reconnecting the subscriber often helps, and hides the cause.",
			},
			V311: []string{"4.5.0-1"}, V5: []string{"4.5.0-1"},
		},
		{
			Name: DeliveryIncomplete, Severities: []Severity{Warn}, Subject: AboutMessage,
			Title:  "a message was sent to a subscriber, and its delivery did not end",
			Means:  "The publisher has its acknowledgement, and the broker sent the message on; but the handshake with this subscriber is overdue or was broken off. The publisher cannot know: the broker's acknowledgement to it does not wait for subscribers.",
			Causes: []string{"Whatever made the subscriber's handshake stuck: see the alert on that handshake, puback-overdue and its like."},
			Checks: []string{"The handshake between the broker and that subscriber: who owes what?"},
		},
		{
			Name: DeliveryLatencyHigh, Severities: []Severity{Info}, Subject: AboutMessage,
			Title: "messages take long from the publisher to the subscriber's acknowledgement",
			Means: "The time from the publisher's PUBLISH to the acknowledgement by the subscriber is above the limit. The details split it: inside the broker (\"internal\"), and the subscriber's own answer (\"response\").",
			Causes: []string{
				"A subscriber that answers slowly, so that its window is full and messages wait in the broker.",
				"A broker under load, or one that waits for its disk.",
			},
			Checks: []string{"Which of the two parts is long? \"Response\": look at the subscriber. \"Internal\": is its window full? If not, look at the broker."},
		},
		{
			Name: QoSDowngraded, Severities: []Severity{Info}, Subject: AboutMessage,
			Title:  "a message reached a subscriber with a lower QoS than it was published with",
			Means:  "A subscriber receives with the lower of the two: the QoS of the PUBLISH and that granted to its subscription. This is as it should be, but surprises those who rely on QoS 2 from end to end. Said once for a topic and subscriber.",
			Causes: []string{"A subscription with QoS 0 or 1, often a library's default; or a broker that granted less than was asked for."},
			Checks: []string{"The QoS that the client asks for in SUBSCRIBE, and the one that SUBACK grants."},
			V311:   []string{"3.8.4-6"}, V5: []string{"3.8.4-8"},
		},
		{
			Name: QoSNotMinimum, Severities: []Severity{Warn}, Subject: AboutMessage,
			Title: "a message reached a subscriber with a QoS that is not the lower of the two",
			Means: "A subscriber is to receive with the lower of the QoS of the PUBLISH and the QoS granted to it. The broker used another.",
			Causes: []string{
				"A broker set to raise the QoS to that of the subscription.",
				"Several overlapping subscriptions of one client with different QoS.",
			},
			Checks: []string{"The broker's setting, and the subscriptions of that client: do two filters match this topic?"},
			V311:   []string{"3.8.4-6"}, V5: []string{"3.8.4-8"},
		},
		{
			Name: DuplicateDelivery, Severities: []Severity{Info, Critical}, Subject: AboutMessage,
			Title: "one message was delivered twice to one subscriber",
			Means: "One PUBLISH of the publisher became two deliveries, with two identifiers, to one subscriber. In QoS 1 that may happen; in QoS 2, exactly once, it must not.",
			Causes: []string{
				"A QoS 2 PUBLISH sent again after its PUBREL, which the broker takes for a new message (paho.mqtt.golang#788).",
				"Overlapping subscriptions, for each of which the broker sends a copy: allowed, and not meant by this alert where it is known.",
			},
			Checks: []string{"Look for publish-after-pubrel on the publisher's side; and for two filters of the subscriber that match the topic."},
			V5:     []string{"4.3.3-10"},
		},
	}
}
