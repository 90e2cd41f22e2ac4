package main

import (
	"fmt"
	"time"
)

// A goal is something that mqttwatch is to reach.
type goal struct {
	what     string
	want     string
	measured string
	met      bool
}

// atMost notes a goal that is an upper bound; nothing where it could not be measured.
func (b *bench) atMost(what string, bound float64, unit string, measured float64) {
	if measured > 0 {
		b.goals = append(b.goals, goal{what, "≤ " + plain(bound) + unit, digits(measured) + unit, measured <= bound})
	}
}

// atLeast notes a goal that is a lower bound.
func (b *bench) atLeast(what string, bound float64, unit string, measured float64) {
	if measured > 0 {
		b.goals = append(b.goals, goal{what, "≥ " + plain(bound) + unit, digits(measured) + unit, measured >= bound})
	}
}

func plain(x float64) string { return fmt.Sprintf("%v", x) }

// printGoals tells which goals are met.
func (b *bench) printGoals() {
	if len(b.goals) == 0 {
		return
	}
	table := [][]string{{"goal", "wanted", "measured", "met"}}
	for _, g := range b.goals {
		met := "no"
		if g.met {
			met = "yes"
		}
		table = append(table, []string{g.what, g.want, g.measured, met})
	}
	fmt.Fprint(b.out, "\n## Goals\n\n")
	writeTable(b.out, table)
}

func (b *bench) speedGoals(r results) {
	b.atMost("summary without deliveries, one core, CPU to `cat`", 6, "×", r.ratio(rowOne, rowCat, cpuOf))
	b.atMost("the same, CPU to `tcpdump -w /dev/null`", 1, "×", r.ratio(rowOne, rowTcpdump, cpuOf))
	b.atMost("with deliveries, CPU to without", 2, "×", r.ratio(rowOneAll, rowOne, cpuOf))
	b.atMost("JSON Lines, one core, CPU to `cat`", 15, "×", r.ratio(rowOneJSON, rowCat, cpuOf))
	b.atMost("all cores, wall to one core, without deliveries", 0.7, "×", r.ratio(rowTwo, rowOne, wallOf))
	b.atMost("all cores, wall to one core, with deliveries", 0.7, "×", r.ratio(rowTwoAll, rowOneAll, wallOf))
	b.atMost("peak memory, summary", 64, " MB", max(peak(r[rowOneAll]), peak(r[rowTwoAll])))
	b.atMost("peak memory, JSON Lines", 64, " MB", max(peak(r[rowOneJSON]), peak(r[rowTwoJSON])))
}

// tsharkGoal compares speeds, each by its own file: the start of a process would count too much in the small one.
func (b *bench) tsharkGoal(c *capture, small, main results) {
	theirs := seconds(small[rowTshark], cpuOf) / c.mb()
	ours := seconds(main[rowOne], cpuOf) / float64(b.size)
	if ours > 0 {
		b.atLeast("faster than tshark, by CPU for each MB", 300, "×", theirs/ours)
	}
}

// growthGoals compares the largest file with the one before: that in which the start of the process counts less.
func (b *bench) growthGoals(all []*subject, r results) {
	last, before := all[len(all)-1], all[len(all)-2]
	size := last.file.mb() / before.file.mb()
	b.atMost(fmt.Sprintf("CPU for each MB of a file %.1f times as long", size), 1.15, "×", r.ratio(last.name, before.name, cpuOf)/size)
	b.atMost("its peak memory", 1.15, "×", peak(r[last.name])/max(peak(r[before.name]), 1))
	b.atMost("its peak memory", 64, " MB", peak(r[last.name]))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
