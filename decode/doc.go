// Package decode turns bytes into MQTT Control Packets, as the OASIS standards for MQTT 5.0 and 3.1.1
// and IBM's specification of MQTT 3.1 lay them out on the wire.
//
// The way in is a [Conn]: a source of bytes makes one for every Network Connection that it sees and hands
// it on with each [Segment]; [Conn.Feed] cuts the bytes of either direction into Control Packets, whatever
// the sizes in which they come, and calls a [Handler] for every one.
//
// The package knows no clock, does no I/O, and believes no length that the wire claims: what it keeps of
// a Control Packet is bounded by [Options]. Nothing here concludes what packets mean together; that is
// decode/handshake's.
package decode
