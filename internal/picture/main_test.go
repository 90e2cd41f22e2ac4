package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestDraw(t *testing.T) {
	const pane = "plain \x1b[1;31mred & bold\x1b[0m \x1b[7mreverse\x1b[27m 漢字<x>\n\x1b[94mnext"
	var out strings.Builder
	if err := draw(&out, strings.NewReader(pane)); err != nil {
		t.Fatal(err)
	}
	svg := out.String()
	for _, want := range []string{
		"red\u00a0&amp;\u00a0bold", `font-weight="bold"`, palette[1], palette[12], "漢字&lt;x&gt;", `fill="` + foreground + `"/>`, // the reversed cells
		`height="56"`, // two lines
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("picture lacks %q:\n%s", want, svg)
		}
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("picture is no XML: %v", err)
		}
	}
}
