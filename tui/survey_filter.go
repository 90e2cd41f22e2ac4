package tui

import (
	"strings"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

func quoted(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }

func sessionFilter(r *watch.SessionRow) string {
	switch {
	case r.ClientKnown:
		return "client=" + quoted(r.Client)
	case r.Addr.IsValid():
		return "host:" + r.Addr.String()
	}
	return ""
}

// topicFilter chooses the handshakes of a topic, and of all below where it has more levels.
func topicFilter(r *watch.TopicRow) string {
	if r.Children == 0 {
		return "topic=" + quoted(r.Path)
	}
	if strings.ContainsAny(r.Path, "+#") {
		return "topic:" + quoted(r.Path+"/")
	}
	return "topic:" + quoted(r.Path+"/#")
}
