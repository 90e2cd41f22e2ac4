package decode

// classifyMQTT recognises a CONNECT; other packets are still to come.
func classifyMQTT(data []byte) Guess {
	if len(data) < 10 {
		return Guess{Kind: GuessNeedMore, FromClient: true, FromServer: true}
	}
	if data[0] == 0x10 {
		for i := 2; i <= 5; i++ {
			s := string(data[i:min(len(data), i+8)])
			if len(s) > 6 && (s[:6] == "\x00\x04MQTT" || s == "\x00\x06MQIsdp") {
				return Guess{Kind: GuessConnect, Bits: 64, FromClient: true}
			}
		}
	}
	return Guess{Kind: GuessOther}
}
