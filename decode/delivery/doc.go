// Package delivery follows Application Messages end to end: from the publisher into the broker, and out of it to every subscriber.
//
//	handshake.Tracker ──▶ Correlator ──▶ Recorder (a message is settled)
//	                          │
//	                          └──▶ alerts, raised through the Tracker
//
// MQTT's QoS is per hop: an acknowledgement tells a publisher that the broker took the message, never who got it. A [Correlator] that sees all
// connections of a broker matches every PUBLISH that leaves it with one that entered it, by topic, payload and the properties that a broker must
// not change, and compares who got it with who was subscribed. Where it cannot know it says so: see [Doubt].
package delivery
