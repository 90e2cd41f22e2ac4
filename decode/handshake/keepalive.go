package handshake

// KeepAlive returns the Keep Alive that holds on the connection, in seconds, 0 where it is off or not known, and whether the client has been silent for
// more than one and a half times as long (5.0 §3.1.2.10).
func (l *Link) KeepAlive() (seconds uint16, overdue bool) {
	return l.keepAlive, l.alert(linkAlive) != nil
}

// Clean reports whether CONNECT asked for a clean start: Clean Start of 5.0, Clean Session before.
func (l *Link) Clean() bool { return l.clean }
