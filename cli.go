package main

import (
	"time"

	"github.com/alecthomas/kong"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/internal/config"
)

const description = `Shows MQTT delivery handshakes: who sent what, who owes the next packet, and since when.

A capture file, "-", an interface or a broker's URL may stand without its command:
"mqttwatch eth0.pcap", "tcpdump -U -w - | mqttwatch -", "mqttwatch mqtt://host -t '#'",
"mqttwatch eth0 mqtt://host -t '#'".
Every option is also read from the environment, --fail-on from MQTTWATCH_FAIL_ON, and from the
configuration file ("mqttwatch config --print" prints a template of it).`

// options are the options of every command.
type options struct {
	Config string        `help:"Read this configuration file instead of the usual one (mqttwatch config --path)." placeholder:"FILE" group:"output"`
	file   *config.File  // what the configuration file says
	lasts  time.Duration // how long the source is watched; 0 for as long as it goes on
	asks   *asks         // what is published once, and waited for; nil where the run does not end with it

	recordFlags

	Output     string        `help:"What to show: auto, text, json or summary. auto is the screen on a terminal, else text." enum:"auto,text,json,summary" default:"auto" placeholder:"FORM" group:"output"`
	Filter     string        `help:"Show only the handshakes that EXPR chooses, such as 'state:stuck qos:2' (docs/filter.md)." placeholder:"EXPR" group:"output"`
	Deliveries string        `help:"Write the deliveries that EXPR chooses, and no others, such as 'undelivered' or 'subscriber:pump-7 latency>1s' (docs/filter.md). Without it text has those with a problem, json all." placeholder:"EXPR" group:"output"`
	FailOn     string        `help:"End with status 3 if an alert of this severity or worse was raised: warn or critical." placeholder:"SEVERITY" group:"output"`
	Color      string        `help:"Use colors: auto, always or never." enum:"auto,always,never" default:"auto" placeholder:"WHEN" group:"output"`
	Theme      string        `help:"Colors: dark, light, contrast or mono." enum:"dark,light,contrast,mono" default:"dark" placeholder:"NAME" group:"output"`
	ASCII      bool          `name:"ascii" help:"Draw with ASCII only." group:"output"`
	NoMouse    bool          `help:"Leave the mouse to the terminal." group:"output"`
	Mute       []string      `help:"Do not tell of this alert, such as ack-latency-high; none tells of all. May be repeated (mqttwatch explain lists them)." default:"qos-downgraded" placeholder:"NAME" group:"watch"`
	Learn      bool          `help:"Let what a peer usually takes decide when its packet is overdue: eight times its 95th percentile, at least 2s." group:"watch"`
	Warn       time.Duration `help:"A packet owed for this long is overdue." default:"5s" group:"watch"`
	Critical   time.Duration `help:"A packet owed for this long is critical." default:"30s" group:"watch"`
	Expect     []string      `help:"Expect what RULE says: 'cmd/{id}/set -> stat/{id}/# within 1s' or 'sensors/+/status every 60s'. Status 3 if it does not come (repeatable)." sep:"none" placeholder:"RULE" group:"watch"`
	Server     []string      `help:"These addresses are one broker, say the nodes of a cluster; without a port every port of an address (repeatable)." sep:"none" placeholder:"NAME=ADDR[:PORT],…" group:"watch"`
	NoDelivery bool          `name:"no-deliveries" help:"Do not follow messages from their publisher to every subscriber: handshakes alone take less time and memory." group:"watch"`
	Keep       int           `help:"Keep this many finished handshakes to look at on the screen; open ones always stay." default:"100000" placeholder:"N" group:"watch"`
}

// cli is the whole command line.
type cli struct {
	options

	Demo    demoCommand
	Replay  replayCommand
	Sniff   sniffCommand
	Proxy   proxyCommand
	Broker  brokerCommand
	Probe   probeCommand
	Watch   watchCommand
	Config  configCommand
	Explain explainCommand
	Version versionCommand
}

// A command is a word that says what to do; its options are a struct that kong reads.
type command struct {
	name, help string
	options    any
}

// commands lists what kong is to know besides the options of every command, in the order of the help.
func (c *cli) commands() []command {
	return []command{
		{"demo", "Watch a broker in this process and devices that misbehave on purpose.", &c.Demo},
		{"replay", "Read capture files (pcap, pcapng, perhaps packed with gzip or zstd), or - for standard input.", &c.Replay},
		{"sniff", "Capture on network interfaces (any: on all of them); --list names them.", &c.Sniff},
		{"proxy", "Stand between clients and a broker, and watch what passes.", &c.Proxy},
		{"broker", "Connect to a broker, subscribe and publish, and watch that connection.", &c.Broker},
		{"probe", "Measure how a broker delivers: the QoS pairs, the steps, when publishers are told, resumed sessions.", &c.Probe},
		{"watch", "Watch sources of several kinds at once: files, interfaces, brokers.", &c.Watch},
		{"config", "Show where the configuration file is; --print prints a template of it.", &c.Config},
		{"explain", "Say what an alert means, what usually causes it, and what to check next.", &c.Explain},
		{"version", "Say which version this is.", &c.Version},
	}
}

type demoCommand struct {
	Healthy  bool          `help:"Leave out the devices that misbehave."`
	Duration time.Duration `help:"Watch for this long. Without a screen the run ends with that; a screen stays, as after the end of a file." placeholder:"TIME"`
}

type replayCommand struct {
	Files  []string `arg:"" name:"file" help:"Capture files, directories of them or patterns in quotes, merged by time; - is standard input."`
	Speed  string   `help:"max, or a multiple of the original pace: 1x, 10x, 0.5x." default:"max" placeholder:"SPEED"`
	Follow bool     `short:"f" help:"At the end of the last file wait for more, as tail -F does; in a directory or pattern go on to each file that comes."`
	Port   []uint16 `help:"Take TCP on this port for MQTT, besides what is recognised by itself (repeatable)." placeholder:"PORT"`
}

// watchCommand is what stands behind words of several kinds.
type watchCommand struct {
	Sources  []string      `arg:"" name:"source" help:"Capture files, interfaces and brokers' URLs."`
	Port     []uint16      `help:"In files take TCP on this port for MQTT; on interfaces take only this port (repeatable)." placeholder:"PORT"`
	Topic    []string      `short:"t" help:"Subscribe to this Topic Filter (repeatable)." sep:"none" placeholder:"FILTER"`
	Duration time.Duration `help:"Watch for this long. Without a screen the run ends with that; a screen stays, as after the end of a file." placeholder:"TIME"`
}

type brokerCommand struct {
	URL          []string      `arg:"" help:"mqtt://host[:port], mqtts://, ws://, wss://host[:port][/path] or unix:///path, perhaps with user and password; several brokers are watched at once."`
	Topic        []string      `short:"t" help:"Subscribe to this Topic Filter (repeatable)." sep:"none" placeholder:"FILTER"`
	QoS          byte          `name:"qos" short:"q" help:"QoS of subscriptions and of what is published." enum:"0,1,2" default:"1" placeholder:"0|1|2"`
	User         string        `short:"u" help:"User name."`
	Password     string        `short:"P" env:"-" help:"Password; better from --password-file or MQTTWATCH_PASSWORD, so that no history keeps it."`
	PasswordFile string        `help:"File with the password in its first line." placeholder:"FILE"`
	Version      string        `name:"mqtt-version" help:"Version of MQTT to speak: 5, 3.1.1, or auto: 5, and 3.1.1 with a broker that refuses it." enum:"auto,5,3.1.1" default:"auto" placeholder:"VERSION"`
	ClientID     string        `name:"client-id" aliases:"id" short:"i" help:"Client Identifier; made up where not given." placeholder:"ID"`
	Resume       bool          `help:"Ask for the Session that the broker has for the Client Identifier, and leave it there at the end."`
	KeepAlive    uint16        `name:"keepalive" short:"k" help:"Keep Alive in seconds." default:"30" placeholder:"SECONDS"`
	CAFile       string        `name:"cafile" help:"PEM file of the certificates to trust, instead of the system's." placeholder:"FILE"`
	Cert         string        `help:"PEM file of the client's certificate." placeholder:"FILE"`
	Key          string        `help:"PEM file of the client's key." placeholder:"FILE"`
	ServerName   string        `help:"Name that the broker's certificate must have; the URL's host where not given." placeholder:"NAME"`
	Insecure     bool          `help:"Do not check the broker's certificate."`
	MaxPacket    string        `help:"Take no packet from the broker that is larger, such as 64MB; it ends the connection." default:"16MiB" placeholder:"SIZE"`
	Publish      []string      `help:"Publish PAYLOAD to TOPIC (repeatable)." sep:"none" placeholder:"TOPIC=PAYLOAD"`
	Retain       bool          `help:"Publish with the RETAIN flag."`
	Every        time.Duration `help:"Publish again and again, this far apart." placeholder:"TIME"`
	Count        int           `help:"Publish so many times; 0 is without end." placeholder:"N"`
	Duration     time.Duration `help:"Watch for this long. Without a screen the run ends with that; a screen stays, as after the end of a file." placeholder:"TIME"`

	rules []*expect.Rule // whose topics are subscribed to, too
}

type versionCommand struct{}

// check refuses what makes no sense together.
func (o *options) check() error {
	if _, err := o.rules(); err != nil {
		return err
	}
	if _, err := o.servers(); err != nil {
		return err
	}
	switch {
	case o.FailOn != "" && o.FailOn != "warn" && o.FailOn != "critical":
		return usagef("--fail-on %s: give warn or critical", o.FailOn)
	case o.NoDelivery && o.Deliveries != "":
		return usagef("--deliveries %s and --no-deliveries: which?", o.Deliveries)
	case o.Keep < 1:
		return usagef("--keep %d: give at least 1", o.Keep)
	case o.Warn <= 0:
		return usagef("--warn %s: give more than 0", o.Warn)
	case o.Critical < o.Warn:
		return usagef("--critical %s is less than --warn %s", o.Critical, o.Warn)
	}
	_, err := o.muted()
	return err
}

// servers reads --server.
func (o *options) servers() (servers handshake.Servers, err error) {
	for _, text := range o.Server {
		if err := servers.Add(text); err != nil {
			return servers, usagef("--server %s: %w", decode.Escape(text), err)
		}
	}
	return servers, nil
}

// muted returns the alerts that are not to be told of.
func (o *options) muted() ([]handshake.AlertName, error) {
	var names []handshake.AlertName
	for _, name := range o.Mute {
		if name == "none" {
			return nil, nil
		}
		if _, ok := handshake.Explain(handshake.AlertName(name)); !ok {
			return nil, usagef("--mute %s: no such alert; mqttwatch explain lists all", name)
		}
		names = append(names, handshake.AlertName(name))
	}
	return names, nil
}

// everyCommand is what newParser is asked for where the options of all are needed.
const everyCommand = ""

// newParser returns the parser of the command line into c. All commands are known to it, but the options only of the one that is named: making those of the others
// would take most of the time of a start.
func newParser(c *cli, named string, more ...kong.Option) *kong.Kong {
	for _, cmd := range c.commands() {
		if named != everyCommand && named != cmd.name {
			cmd.options = new(struct{})
		}
		more = append(more, kong.DynamicCommand(cmd.name, cmd.help, "", cmd.options))
	}
	return kong.Must(&c.options, append(more,
		kong.Name("mqttwatch"),
		kong.Description(description),
		kong.DefaultEnvars("MQTTWATCH"),
		kong.ValueFormatter(func(v *kong.Value) string { return v.Help }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, FlagsLast: true}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "output", Title: "Output:"},
			{Key: "watch", Title: "Watching:"},
			{Key: "record", Title: "Recording:"},
		}),
	)...)
}
