// Package expect holds messages against what the user expects of them: that a request is answered in time, and that a topic is not silent for too long.
//
// "Received" is not "done": an acknowledgement says that a library took a message. Those who depend on a device therefore look at what it publishes
// itself. A [Rule] says what that should be; a request of MQTT 5.0 says it itself (Response Topic and Correlation Data). A [Watcher] observes a
// [handshake.Tracker], which tells it of every PUBLISH; a message counts once, however many copies of it are in sight. It has no clock and keeps no
// payloads, and what it keeps is bounded.
package expect
