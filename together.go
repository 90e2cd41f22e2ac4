package main

import (
	"context"
	"os"
	"strings"

	"github.com/mqttwatch/mqttwatch/capture"
)

func (c *watchCommand) run(ctx context.Context, o *options) error {
	if err := o.check(); err != nil { // before rights are asked for
		return err
	}
	var files, interfaces []string
	brokers := brokerCommand{Topic: c.Topic, QoS: 1, Version: "auto", KeepAlive: 30}
	brokers.rules, _ = o.rules() // checked with the other options
	for _, word := range c.Sources {
		verb, err := guess(word)
		switch {
		case err != nil:
			return err
		case verb == "broker":
			brokers.URL = append(brokers.URL, word)
		case verb == "sniff":
			interfaces = append(interfaces, word)
		default:
			files = append(files, word)
		}
	}
	sources, err := c.clients(&brokers)
	if err != nil {
		return err
	}
	if len(interfaces) > 0 {
		live, err := capture.NewLive(interfaces, capture.LiveOptions{Ports: c.Port})
		if err != nil {
			return sniffError(err)
		}
		defer live.Close() // where it does not come to run
		if err := dropRoot(); err != nil {
			return err
		}
		sources = append(sources, live)
	}
	if len(files) > 0 {
		sources = append(sources, capture.NewFile(files, capture.FileOptions{Ports: c.Port, Stdin: os.Stdin}))
	}
	var names []string
	for _, src := range sources {
		names = append(names, src.Stats().Name)
	}
	o.lasts = c.Duration
	return o.watch(ctx, strings.Join(names, " "), capture.Together(sources...))
}

// clients makes the embedded clients, and takes passwords out of the command line.
func (c *watchCommand) clients(brokers *brokerCommand) ([]capture.Source, error) {
	var clients []capture.Source
	for i := range brokers.URL {
		client, err := brokers.newClient(i)
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	if len(clients) > 0 {
		brokers.hidePassword()
	}
	return clients, nil
}
