package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
)

type proxyCommand struct {
	URL        string        `arg:"" help:"The broker: mqtt://host[:port], mqtts://, ws://, wss:// or unix:///path, without user and password."`
	Listen     []string      `short:"l" required:"" help:"Where clients connect: :PORT or HOST:PORT (repeatable)." placeholder:"ADDRESS"`
	TLSCert    string        `name:"tls-cert" help:"PEM file of the certificate to show to clients, which then speak TLS." placeholder:"FILE"`
	TLSKey     string        `name:"tls-key" help:"PEM file of its key." placeholder:"FILE"`
	CAFile     string        `name:"cafile" help:"PEM file of the certificates to trust in a broker, instead of the system's." placeholder:"FILE"`
	Cert       string        `help:"PEM file of the certificate to show to the broker." placeholder:"FILE"`
	Key        string        `help:"PEM file of its key." placeholder:"FILE"`
	ServerName string        `help:"Name that the broker's certificate must have; the URL's host where not given." placeholder:"NAME"`
	Insecure   bool          `help:"Do not check the broker's certificate."`
	Duration   time.Duration `help:"Watch for this long. Without a screen the run ends with that; a screen stays, as after the end of a file." placeholder:"TIME"`
}

func (c *proxyCommand) run(ctx context.Context, o *options) error {
	if err := o.check(); err != nil {
		return err
	}
	src, err := capture.NewProxy(capture.ProxyOptions{
		Listen: c.Listen, Upstream: c.URL, TLSCert: c.TLSCert, TLSKey: c.TLSKey,
		CAFile: c.CAFile, Cert: c.Cert, Key: c.Key, ServerName: c.ServerName, Insecure: c.Insecure,
	})
	var listen *capture.ListenError
	switch {
	case errors.As(err, &listen):
		return err
	case err != nil:
		return setupError(err)
	}
	defer src.Close() // where it does not come to run
	var at []string
	for _, a := range src.Addrs() {
		at = append(at, a.String())
	}
	title := fmt.Sprintf("proxy %s → %s", strings.Join(at, " "), src.Stats().Name)
	if !o.onScreen() {
		fmt.Fprintf(os.Stderr, "mqttwatch: %s\n", title)
	}
	o.lasts = c.Duration
	if err := o.watch(ctx, title, src); err != nil {
		return err
	}
	if n := src.Unreached(); n > 0 {
		return fmt.Errorf("%s could not be reached for any client, of which there were %d", src.Stats().Name, n)
	}
	return nil
}
