package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/capture/probe"
	"github.com/mqttwatch/mqttwatch/decode"
)

type probeCommand struct {
	URL          string        `arg:"" help:"mqtt://host[:port], mqtts://, ws://, wss://host[:port][/path] or unix:///path, perhaps with user and password."`
	Timeout      time.Duration `help:"End after this long, with what was measured by then." default:"20s"`
	Prefix       string        `help:"Beginning of the first level of all topics; a random part follows." default:"mqttwatch-probe" placeholder:"TOPIC"`
	User         string        `short:"u" help:"User name."`
	Password     string        `short:"P" env:"-" help:"Password; better from --password-file or MQTTWATCH_PASSWORD, so that no history keeps it."`
	PasswordFile string        `help:"File with the password in its first line." placeholder:"FILE"`
	Version      string        `name:"mqtt-version" help:"Version of MQTT to measure: 5, 3.1.1, or auto: both, as far as the broker speaks them." enum:"auto,5,3.1.1" default:"auto" placeholder:"VERSION"`
	CAFile       string        `name:"cafile" help:"PEM file of the certificates to trust, instead of the system's." placeholder:"FILE"`
	Cert         string        `help:"PEM file of the client's certificate." placeholder:"FILE"`
	Key          string        `help:"PEM file of the client's key." placeholder:"FILE"`
	ServerName   string        `help:"Name that the broker's certificate must have; the URL's host where not given." placeholder:"NAME"`
	Insecure     bool          `help:"Do not check the broker's certificate."`
}

// errDeviation ends a probe that found a pair not to be as the rule says. The output tells which.
var errDeviation = fmt.Errorf("a delivery is not as the rule says: %w", errAlert)

// run measures a broker and writes what was found.
func (c *probeCommand) run(ctx context.Context, o *options) error {
	if o.Output == "summary" {
		return usagef("--output summary: a probe writes text or json")
	}
	if c.Timeout <= 0 {
		return usagef("--timeout %s: give more than 0", c.Timeout)
	}
	login := brokerCommand{URL: []string{c.URL}, Password: c.Password, PasswordFile: c.PasswordFile}
	password, has, err := login.password(0)
	if err != nil {
		return err
	}
	dialer, err := capture.NewDialer(capture.ClientOptions{
		URL: c.URL, User: c.User, Password: password, HasPassword: has, Timeout: min(c.Timeout, 10*time.Second),
		CAFile: c.CAFile, Cert: c.Cert, Key: c.Key, ServerName: c.ServerName, Insecure: c.Insecure,
	})
	if err != nil {
		return setupError(err)
	}
	opts := probe.Options{Prefix: c.Prefix, Timeout: c.Timeout}
	if err := opts.Check(); err != nil {
		return usagef("--prefix: %w", err)
	}
	switch c.Version {
	case "5":
		opts.Versions = []decode.Version{decode.V5}
	case "3.1.1":
		opts.Versions = []decode.Version{decode.V311}
	}
	login.hidePassword()
	report, err := probe.Run(ctx, dialer, opts)
	if signal := signalled(ctx); signal != nil {
		return signal
	}
	if err != nil {
		return fmt.Errorf("%s: %w", dialer, err)
	}
	return writeProbe(report, o.Output)
}

func writeProbe(report *probe.Report, form string) error {
	var err error
	if form == "json" {
		err = json.NewEncoder(os.Stdout).Encode(report)
	} else {
		err = report.WriteText(os.Stdout)
	}
	switch {
	case err != nil:
		return quietPipe(err)
	case report.Deviations > 0:
		return errDeviation
	case report.NotMeasured > 0:
		return errors.New("not all pairs could be measured")
	}
	return nil
}
