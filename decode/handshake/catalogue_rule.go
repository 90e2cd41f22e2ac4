package handshake

// ruleEntries are the alerts about what the user expects of messages, or MQTT 5.0 itself: an answer to each request, and signs of life.
func ruleEntries() []Entry {
	return []Entry{
		{
			Name: ResponseOverdue, Severities: []Severity{Warn}, Subject: AboutRule, Lasting: true,
			Title: "a request was not answered in time",
			Means: "An acknowledgement says that the broker, or a client's library, has the message; it does not say that the device did what it was told. A rule of --expect names the topic on which the device answers, and by when; a request of MQTT 5.0 names it itself, in Response Topic and Correlation Data, and has 5 seconds. The time runs from when the broker took the request. Retained messages, copies with DUP and what was sent before the request do not count as answers. The alert says how far the request got, as far as that is in sight, and clears when the answer comes after all, or when nobody waits for it any more.",
			Causes: []string{
				"The device has the request, and its application failed or is busy.",
				"The device is offline, is not subscribed to the topic, or does not acknowledge: look for puback-overdue of its connection.",
				"The device answers on another topic than the rule says, or with a retained message that was there before.",
			},
			Checks: []string{
				"How far did it get? The text says: not acknowledged by the broker, not forwarded, owes PUBACK, or acknowledged but not answered.",
				"Watch the topics of the rule while the request is repeated: mqttwatch broker URL --publish TOPIC=PAYLOAD --expect RULE.",
			},
		},
		{
			Name: HeartbeatOverdue, Severities: []Severity{Warn}, Subject: AboutRule, Lasting: true,
			Title: "a topic has been silent for longer than its rule allows",
			Means: "A rule of --expect says how often something is published on a topic, or that this is to be learned: from the last 32 gaps between messages, at least five of them, their median or the second longest, whichever is more, and messages within a second counting as one. The time runs from the last message on the topic itself, or from the start where the rule has no wildcard; retained messages and copies with DUP are no signs of life. The text says whether the device is connected but silent, offline by its Will, or has disconnected, where its connection is in sight. Where bytes are missing from the capture nothing is said.",
			Causes: []string{
				"The device is off, out of reach, or its application hangs while its MQTT library goes on answering pings.",
				"The rule asks for more than the device does: give it a longer time, or more grace.",
			},
			Checks: []string{"Is the device connected? The list of sessions shows when it last sent something, and what."},
		},
	}
}
