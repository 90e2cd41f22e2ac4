// Package handshake concludes what Control Packets mean together: it rebuilds every QoS 1 and QoS 2 delivery,
// SUBSCRIBE and UNSUBSCRIBE from the packets of a connection's two directions, carries them over reconnects of
// the session, says who owes the next packet, and raises alerts for what is stuck or wrong.
//
//	Open, Packet, Loss, Close ──▶ Tracker ──▶ Event (a handshake ended, an alert was raised, …)
//	Advance(now) ───────────────▶
//
// A [Tracker] has one owner and no locks. It reads no clock: time comes with each packet and by Advance, so
// that a capture gives the same events at any speed.
package handshake
