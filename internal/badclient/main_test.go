package badclient_test

import (
	"flag"
	"os"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	client = decode.FromClient
	server = decode.FromServer
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "64"); err != nil { // these tests wait, they do not compute
		panic(err)
	}
	os.Exit(m.Run())
}
