package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

// start measures how long it takes until there is something to see.
func (b *bench) start() error {
	var help []usage
	for range 10 * b.runs {
		cmd := exec.Command(b.program, "--help")
		cmd.Env = environment()
		u, err := measure(cmd)
		if err != nil {
			return err
		}
		help = append(help, u)
	}
	fmt.Fprintf(b.out, "\n## Start\n\n")
	table := [][]string{{"what", "wall ms", "CPU ms"}, {"`mqttwatch --help`", digits(1000 * seconds(help, wallOf)), digits(1000 * seconds(help, cpuOf))}}
	b.atMost("`mqttwatch --help`", 20, " ms", 1000*seconds(help, wallOf))
	for _, mb := range []int{1, 4 * b.size} {
		took, err := b.firstFrames(mb)
		if err != nil {
			return err
		}
		if took == 0 {
			break
		}
		table = append(table, []string{fmt.Sprintf("first frame of a replay of %d MB", mb), digits(took), ""})
		b.atMost(fmt.Sprintf("first frame of a replay of %d MB", mb), 100, " ms", took)
	}
	writeTable(b.out, table)
	return nil
}

// firstFrames returns the median of the times to the first frame, in milliseconds; 0 where there is no terminal to be had.
func (b *bench) firstFrames(mb int) (float64, error) {
	if runtime.GOOS != "linux" {
		return 0, nil
	}
	c, err := b.standard(fmt.Sprintf("first-%d.pcap", mb), mb)
	if err != nil {
		return 0, err
	}
	defer b.remove(c)
	var all []float64
	for range b.runs {
		s, err := b.open("replay", c.path)
		if err != nil {
			return 0, err
		}
		took, err := s.firstFrame()
		if err != nil {
			return 0, err
		}
		if _, _, err := s.quit(); err != nil {
			return 0, err
		}
		all = append(all, ms(took))
	}
	return median(all), nil
}

// screen measures what the screen costs: while it loads, while messages come steadily, and at rest.
func (b *bench) screen() error {
	if runtime.GOOS != "linux" {
		fmt.Fprint(b.out, "\nThe screen is measured on Linux.\n")
		return nil
	}
	c, err := b.standard("screen.pcap", 2*b.size)
	if err != nil {
		return err
	}
	defer b.remove(c)
	with, without, err := b.load(&c)
	if err != nil {
		return err
	}
	idle, err := b.idle(&c)
	if err != nil {
		return err
	}
	bytes, cpu, err := b.steady()
	if err != nil {
		return err
	}
	r := results{"with": with, "without": without}
	fmt.Fprintf(b.out, "\n## Screen\n\nOn a terminal of %d × %d; %s, %d runs with the screen and without in turn.\n\n", columns, rows, c.describe(), b.runs)
	writeTable(b.out, [][]string{
		{"what", "wall s", "CPU s", "peak MB"},
		{"loading without the screen", digits(seconds(without, wallOf)), digits(seconds(without, cpuOf)), memory(without)},
		{"loading with the screen", digits(seconds(with, wallOf)), digits(seconds(with, cpuOf)), memory(with)},
	})
	fmt.Fprintf(b.out, "\nAt rest %.2f %% of a core. Under %s messages a second published and forwarded, %.1f kB a second to the terminal and %.1f %% of a core.\n",
		100*idle, thousands(steadyRate), bytes/1000, 100*cpu)
	b.atMost("loading with the screen to without, wall", 1.1, "×", r.ratio("with", "without", wallOf))
	b.atMost("loading with the screen to without, CPU", 1.1, "×", r.ratio("with", "without", cpuOf))
	b.atMost("peak memory with the screen", 128, " MB", peak(with))
	b.atMost("at rest, of a core", 1, " %", 100*idle)
	b.atMost(fmt.Sprintf("to the terminal under %s messages a second", thousands(steadyRate)), 30, " kB/s", bytes/1000)
	return nil
}

// load reads a file with the screen and without, in turn. The time is that until the file is read, the processor time that until the end.
func (b *bench) load(c *capture) (with, without []usage, err error) {
	plain := b.ours(c, c)[4]
	for range b.runs {
		u, err := plain.run(true)
		if err != nil {
			return nil, nil, err
		}
		without = append(without, u)
		s, err := b.open("replay", c.path)
		if err != nil {
			return nil, nil, err
		}
		if err := s.loaded(c); err != nil {
			return nil, nil, err
		}
		loaded := time.Since(s.began)
		u, text, err := s.quit()
		if err != nil {
			return nil, nil, err
		}
		f, err := findingOfText([]byte(text))
		if err == nil {
			err = f.check(c, true)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("with the screen: wrong result: %w", err)
		}
		u.wall = loaded
		with = append(with, u)
	}
	return with, without, nil
}

// idle returns the share of a core that the screen takes at rest, when its file was read.
func (b *bench) idle(c *capture) (float64, error) {
	s, err := b.open("replay", c.path)
	if err != nil {
		return 0, err
	}
	if err := s.loaded(c); err != nil {
		return 0, err
	}
	time.Sleep(time.Second) // the last frames are drawn
	share, _ := s.watch(b.rest)
	_, _, err = s.quit()
	return share, err
}

// watch returns the share of a core and the bytes a second that the screen takes, over a while.
func (s *session) watch(d time.Duration) (share, bytes float64) {
	began, cpu, written := time.Now(), s.cpu(), s.written()
	time.Sleep(d)
	took := time.Since(began)
	return float64(s.cpu()-cpu) / float64(took), float64(s.written()-written) / took.Seconds()
}

// steadyRate is how many messages a second are published, and as many forwarded.
const steadyRate = 5000

// steady returns the bytes a second to the terminal under steady traffic, and the share of a core.
func (b *bench) steady() (bytes, share float64, err error) {
	const settle = 3 * time.Second
	p := traffic.Standard(int(steadyRate * (b.rest + 2*settle).Seconds()))
	p.Seed, p.Rate = b.seed, steadyRate
	c, err := b.generate("steady.pcap", p)
	if err != nil {
		return 0, 0, err
	}
	defer b.remove(c)
	s, err := b.open("replay", "--speed", "1x", c.path)
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(settle)
	share, bytes = s.watch(b.rest)
	_, text, err := s.quit()
	if err != nil {
		return 0, 0, err
	}
	// As much as that must have been seen, if it kept up.
	f, err := findingOfText([]byte(text))
	if least := uint64(2 * steadyRate * b.rest.Seconds()); err == nil && f.packets["PUBLISH"] < least {
		err = fmt.Errorf("%d PUBLISH seen, not %d", f.packets["PUBLISH"], least)
	}
	return bytes, share, err
}
