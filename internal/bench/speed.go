package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

// speed compares mqttwatch with others on the same file, in turn.
func (b *bench) speed() error {
	c, err := b.standard("traffic.pcap", b.size)
	if err != nil {
		return err
	}
	defer b.remove(c)
	p := traffic.Standard(b.size * 1_000_000 / bytesPerMessage)
	p.Seed, p.Drop = b.seed, 0.001
	damaged, err := b.generate("damaged.pcap", p)
	if err != nil {
		return err
	}
	defer b.remove(damaged)
	subjects := append(others(&c, os.Getenv("PATH")), b.ours(&c, &damaged)...)
	results, err := b.alternate(subjects, b.runs)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\n## Speed\n\n%s, %d runs of each in turn.\n\n", c.describe(), b.runs)
	writeSpeed(b.out, subjects, results)
	b.speedGoals(results)
	return b.tshark(results)
}

// Names of rows that goals speak of.
const (
	rowCat     = "`cat`"
	rowLoop    = "bare loop over the records"
	rowTcpdump = "`tcpdump -r F -w /dev/null`"
	rowOne     = "mqttwatch, summary without deliveries, one core"
	rowOneAll  = "mqttwatch, summary, one core"
	rowOneJSON = "mqttwatch, JSON Lines, one core"
	rowTwo     = "mqttwatch, summary without deliveries, all cores"
	rowTwoAll  = "mqttwatch, summary, all cores"
	rowTwoJSON = "mqttwatch, JSON Lines, all cores"
	rowDamaged = "mqttwatch, summary, one frame in a thousand missing, one core"
	rowTshark  = "`tshark -Y mqtt -T fields -e mqtt.msgtype -e mqtt.msgid`"
)

// others are the programs that do less, as far as they are installed.
func others(c *capture, path string) (all []*subject) {
	self, err := os.Executable()
	add := func(name string, check func([]byte) error, argv ...string) {
		if program, err := find(argv[0], path); err == nil {
			argv[0] = program
			all = append(all, &subject{name: name, argv: argv, file: c, check: check})
		}
	}
	add(rowCat, nil, "cat", c.path)
	if err == nil {
		all = append(all, &subject{name: rowLoop, argv: []string{self, childMark, "loop", c.path}, env: []string{"GOMAXPROCS=1"}, file: c, check: func(text []byte) error {
			if want := fmt.Sprintf("%d\n", c.truth.Frames); string(text) != want {
				return fmt.Errorf("%q records, not %q", text, want)
			}
			return nil
		}})
	}
	add(rowTcpdump, nil, "tcpdump", "-r", c.path, "-w", os.DevNull)
	add("`capinfos -c F`", func(text []byte) error {
		if want := strconv.FormatUint(c.truth.Frames, 10); !bytes.Contains(text, []byte(want)) {
			return fmt.Errorf("%q does not name %s packets", text, want)
		}
		return nil
	}, "capinfos", "-M", "-c", c.path)
	return all
}

// find looks for a program, also where those of administrators are.
func find(name, path string) (string, error) {
	for _, where := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path == "" {
			break
		}
		if found, err := exec.LookPath(where); err == nil {
			return found, nil
		}
	}
	return "", errors.New(name + " is not installed")
}

// ours are the ways in which mqttwatch reads.
func (b *bench) ours(c, damaged *capture) []*subject {
	text := func(c *capture, deliveries bool) func([]byte) error {
		return func(text []byte) error {
			f, err := findingOfText(text)
			if err != nil {
				return err
			}
			return f.check(c, deliveries)
		}
	}
	lines := func(text []byte) error {
		f, err := findingOfJSON(text)
		if err != nil {
			return err
		}
		return f.check(c, true)
	}
	var all []*subject
	add := func(name string, one bool, c *capture, check func([]byte) error, options ...string) {
		s := &subject{name: name, argv: append([]string{b.program, "replay", c.path, "--output"}, options...), file: c, check: check, large: options[0] == "json"}
		if one {
			s.env = []string{"GOMAXPROCS=1"}
		}
		all = append(all, s)
	}
	add(rowOne, true, c, text(c, false), "summary", "--no-deliveries")
	add(rowOneAll, true, c, text(c, true), "summary")
	add(rowOneJSON, true, c, lines, "json")
	add(rowTwo, false, c, text(c, false), "summary", "--no-deliveries")
	add(rowTwoAll, false, c, text(c, true), "summary")
	add(rowTwoJSON, false, c, lines, "json")
	add(rowDamaged, true, damaged, text(damaged, true), "summary")
	return all
}

// results are the runs of subjects by name: the first of one was in the same round as the first of another.
type results map[string][]usage

// alternate runs all subjects once, to check what they find and to warm up, and then in turn.
func (b *bench) alternate(subjects []*subject, runs int) (results, error) {
	r := results{}
	for round := range runs + 1 {
		b.say("round %d of %d", round, runs)
		for _, s := range subjects {
			u, err := s.run(round == 0)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				r[s.name] = append(r[s.name], u)
			}
		}
	}
	return r, nil
}

// tshark compares with tshark, once, on a file of its own.
func (b *bench) tshark(main results) error {
	program, err := find("tshark", os.Getenv("PATH"))
	if err != nil || b.tsharkSize == 0 {
		fmt.Fprintf(b.out, "\ntshark was not run.\n")
		return nil
	}
	c, err := b.standard("small.pcap", b.tsharkSize)
	if err != nil {
		return err
	}
	defer b.remove(c)
	theirs := &subject{name: rowTshark, file: &c, argv: []string{program, "-r", c.path, "-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype", "-e", "mqtt.msgid"}}
	ours := b.ours(&c, &c)[0]
	cat := others(&c, os.Getenv("PATH"))[0]
	r, err := b.alternate([]*subject{cat, ours}, b.runs)
	if err != nil {
		return err
	}
	b.say("tshark")
	u, err := theirs.run(false)
	if err != nil {
		return err
	}
	r[rowTshark] = []usage{u}
	fmt.Fprintf(b.out, "\nAnother file for tshark, %s; tshark ran once. It is no oracle: it loses framing where a segment ends within the Remaining Length.\n\n", c.describe())
	writeSpeed(b.out, []*subject{cat, theirs, ours}, r)
	b.tsharkGoal(&c, r, main)
	return nil
}

// growth reads files of several sizes: time is to grow with the file, memory is not.
func (b *bench) growth() error {
	var all []*subject
	for _, mb := range []int{max(b.size/4, 1), b.size, 4 * b.size} {
		c, err := b.standard(fmt.Sprintf("traffic-%d.pcap", mb), mb)
		if err != nil {
			return err
		}
		defer b.remove(c)
		s := b.ours(&c, &c)[1]
		s.name = fmt.Sprintf("%s, %d MB", s.name, mb)
		all = append(all, s)
	}
	r, err := b.alternate(all, b.runs)
	if err != nil {
		return err
	}
	fmt.Fprint(b.out, "\n## Growth\n\n")
	writeSpeed(b.out, all, r)
	b.growthGoals(all, r)
	return nil
}
