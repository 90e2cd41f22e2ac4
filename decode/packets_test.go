package decode_test

import "github.com/mqttwatch/mqttwatch/decode"

var packetCases []struct {
	bytes   []byte
	version decode.Version
}
