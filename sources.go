package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/capture"
)

// newSource makes the embedded clients that the command line asks for: one for each broker.
func (c *brokerCommand) newSource() (capture.Source, error) {
	var clients []capture.Source
	for i := range c.URL {
		client, err := c.newClient(i)
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	if len(clients) == 1 {
		return clients[0], nil
	}
	return capture.Together(clients...), nil
}

// newClient makes the client of the broker number i.
func (c *brokerCommand) newClient(i int) (*capture.Client, error) {
	password, has, err := c.password(i)
	if err != nil {
		return nil, err
	}
	most, err := byteSize(c.MaxPacket)
	if err == nil && most > capture.MaxPacketBound {
		err = fmt.Errorf("MQTT has no larger packets than 256MiB")
	}
	if err != nil {
		return nil, usagef("--max-packet %s: %w", c.MaxPacket, err)
	}
	opts := capture.ClientOptions{
		MaxPacket: most,
		URL:       c.URL[i], User: c.User, Password: password, HasPassword: has,
		CAFile: c.CAFile, Cert: c.Cert, Key: c.Key, ServerName: c.ServerName, Insecure: c.Insecure,
		ClientID: c.ClientID, KeepAlive: c.KeepAlive, Resume: c.Resume, Version: c.Version,
		Every: c.Every, Count: c.Count, FailFast: len(c.URL) == 1,
	}
	if opts.Every == 0 && opts.Count > 1 {
		return nil, usagef("--count %d needs --every: how far apart?", opts.Count)
	}
	for _, filter := range c.Topic {
		opts.Subscriptions = append(opts.Subscriptions, capture.Subscription{Filter: filter, QoS: c.QoS})
	}
	for _, filter := range c.expected() {
		opts.Subscriptions = append(opts.Subscriptions, capture.Subscription{Filter: filter, QoS: c.QoS})
	}
	for _, s := range c.Publish {
		topic, payload, ok := strings.Cut(s, "=")
		if !ok {
			return nil, usagef("--publish %s: give TOPIC=PAYLOAD; the payload may be empty", s)
		}
		opts.Publishes = append(opts.Publishes, capture.Publish{
			Topic: topic, Payload: []byte(payload), QoS: c.QoS, Retain: c.Retain,
		})
	}
	client, err := capture.NewClient(opts)
	if err != nil {
		return nil, setupError(err)
	}
	return client, nil
}

// password takes the password for the broker number i from its option, its file, the URL (where the client finds it by itself), or the
// environment.
func (c *brokerCommand) password(i int) (password string, has bool, err error) {
	if c.PasswordFile == "" {
		if c.Password != "" {
			return c.Password, true, nil
		}
		if url, err := capture.ParseURL(c.URL[i]); err == nil && url.HasPassword {
			return "", false, nil
		}
		if password, has = os.LookupEnv(passwordEnvOf(i)); !has {
			password, has = os.LookupEnv(passwordEnv)
		}
		return password, has, nil
	}
	if c.Password != "" {
		return "", false, usagef("--password and --password-file are both given: one is enough")
	}
	f, err := os.Open(c.PasswordFile)
	if err != nil {
		return "", false, fmt.Errorf("--password-file: %w", err)
	}
	defer f.Close()
	const most = 64 << 10 // what a CONNECT can carry
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", false, fmt.Errorf("--password-file: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), true, nil
}

// pace reads --speed: 0 is as fast as possible.
func pace(speed string) (float64, error) {
	if speed == "max" {
		return 0, nil
	}
	x, err := strconv.ParseFloat(strings.TrimSuffix(speed, "x"), 64)
	if err != nil || !(x > 0) || x > 1e6 {
		return 0, usagef("--speed %s: give max, or a multiple of the original pace such as 1x, 10x, 0.5x", speed)
	}
	return x, nil
}

// oneLine returns what err says on one line.
func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(withoutOperation(err), "\n", "; ")), " ")
}
