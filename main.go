// Command mqttwatch shows MQTT delivery handshakes: live from a broker, or from capture files.
//
// This package joins the command line to a source of bytes (package capture), the engine (decode/watch) and a front end
// (tui or report). What packets mean is not its business.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"github.com/alecthomas/kong"
)

func main() { os.Exit(exitStatus(run(os.Args[1:]))) }

// run does what the command line says.
func run(args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, shortUsage)
		return errUsageShown
	}
	args = askedFor(args)
	var c cli
	var fromFile fileResolver
	args, err := withVerb(args)
	if err != nil {
		return err
	}
	k := newParser(&c, namedIn(args), kong.Resolvers(&fromFile))
	path, named := configPath(args)
	if args[0] != "config" && !slices.Contains(args, "--help") && !slices.Contains(args, "-h") { // these are to help where the file has a mistake
		if c.file, err = readConfig(path, named); err != nil {
			return err
		}
		fromFile.use(k, c.file)
	}
	command, err := k.Parse(args)
	if err != nil {
		return parseError(err)
	}
	if err := checkTimes(command.Flags()); err != nil {
		return err
	}
	if err := checkPorts(command.Flags()); err != nil {
		return err
	}
	warnOfEnvironment(os.Stderr, os.Environ())
	ctx, stop := withSignals(context.Background())
	defer stop()
	switch command.Selected().Name {
	case "demo":
		return c.Demo.run(ctx, &c.options)
	case "replay":
		return c.Replay.run(ctx, &c.options)
	case "sniff":
		return c.Sniff.run(ctx, &c.options)
	case "proxy":
		return c.Proxy.run(ctx, &c.options)
	case "broker":
		return c.Broker.run(ctx, &c.options)
	case "probe":
		return c.Probe.run(ctx, &c.options)
	case "watch":
		return c.Watch.run(ctx, &c.options)
	case "config":
		return c.Config.run(path)
	case "explain":
		return c.Explain.run()
	}
	return printVersion()
}

const shortUsage = `mqttwatch shows MQTT delivery handshakes: who sent what, who owes the next packet. Try

  mqttwatch demo                  a broker in this process, and devices that misbehave
  mqttwatch replay FILE.pcap      a capture file; - reads what tcpdump -U -w - writes
  mqttwatch sniff IFACE           an interface of this machine; any is all of them
  mqttwatch broker mqtt://HOST -t '#'
                                  a broker, through a connection of its own that subscribes to everything
  mqttwatch proxy --listen :1884 mqtt://HOST
                                  in the path between clients and a broker

mqttwatch help lists everything, mqttwatch help COMMAND the options of a command.
`

// printVersion writes the version that the Go toolchain put into the program.
func printVersion() error {
	version, revision := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value
			}
		}
	}
	_, err := fmt.Printf("mqttwatch %s%s\n", version, revision)
	return err
}
