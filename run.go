package main

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/capture/demo"
	"github.com/mqttwatch/mqttwatch/tui"
)

func (c *demoCommand) run(ctx context.Context, o *options) error {
	src, err := demo.New(demo.Options{Healthy: c.Healthy})
	if err != nil {
		return err
	}
	o.lasts = c.Duration
	return o.watch(ctx, "demo", src)
}

func (c *replayCommand) run(ctx context.Context, o *options) error {
	speed, err := pace(c.Speed)
	if err != nil {
		return err
	}
	if c.Follow && speed != 0 {
		return usagef("--follow and --speed %s: a file that is still being written has its own pace", c.Speed)
	}
	if slices.Contains(c.Files, "") {
		return errNoName
	}
	if err := misplaced("replay", "file", c.Files); err != nil {
		return err
	}
	src := capture.NewFile(c.Files, capture.FileOptions{Speed: speed, Follow: c.Follow, Ports: c.Port, Stdin: os.Stdin})
	title := "replay " + tui.FilesTitle(c.Files)
	if speed != 0 {
		title += " at " + c.Speed
	}
	return o.watch(ctx, title, src)
}

func (c *brokerCommand) run(ctx context.Context, o *options) error {
	err := misplaced("broker", "URL", c.URL)
	if err != nil {
		return err
	}
	if c.rules, err = o.rules(); err != nil {
		return err
	}
	o.asks = c.newAsks()
	src, err := c.newSource()
	if err != nil {
		return err
	}
	c.hidePassword()
	o.lasts = c.Duration
	return o.watch(ctx, "broker "+src.Stats().Name, src)
}

// limit ends a context after d, if d is given. A screen outlives that: what was seen is to be read.
func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
