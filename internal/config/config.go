// Package config reads the configuration file, with the line of every value, and changes single values in it without touching the rest.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A Value is one key of the file.
type Value struct {
	// Table is the name in [brackets] above it, "" for none.
	Table, Key string
	Line       int
	// Value is a string, bool, int64, float64, or a []any of these.
	Value any
}

// Name is the key as messages call it: broker.topic.
func (v *Value) Name() string {
	if v.Table == "" {
		return v.Key
	}
	return v.Table + "." + v.Key
}

// A File is what a configuration file says. The zero File says nothing.
type File struct {
	Path   string
	Values []Value
}

// Get returns the value of a key, or nil.
func (f *File) Get(table, key string) *Value {
	for i := range f.Values {
		if v := &f.Values[i]; v.Table == table && v.Key == key {
			return v
		}
	}
	return nil
}

// Table returns the values of a table, in the order of the file.
func (f *File) Table(table string) []Value {
	var out []Value
	for _, v := range f.Values {
		if v.Table == table {
			out = append(out, v)
		}
	}
	return out
}

// Errorf returns an error that names the file and the line of v.
func (f *File) Errorf(v *Value, format string, args ...any) error {
	return fmt.Errorf("%s, line %d: %s: %w", f.Path, v.Line, v.Name(), fmt.Errorf(format, args...))
}

// Path is where the configuration file is looked for: $XDG_CONFIG_HOME/mqttwatch/config.toml, below ~/.config where that is not set, and below
// %AppData% on Windows. Getenv is os.Getenv, or a test's. It is "" where no home is known.
func Path(getenv func(string) string) string {
	dir := getenv("XDG_CONFIG_HOME")
	switch {
	case filepath.IsAbs(dir): // others are to be ignored, says the XDG Base Directory Specification
	case runtime.GOOS == "windows" && getenv("AppData") != "":
		dir = getenv("AppData")
	case getenv("HOME") != "":
		dir = filepath.Join(getenv("HOME"), ".config")
	default:
		return ""
	}
	return filepath.Join(dir, "mqttwatch", "config.toml")
}

// maxSize bounds the file: it is the user's own, but may be anything by mistake.
const maxSize = 1 << 20

// Read parses the file at path. A file that is not there is an fs.ErrNotExist.
func Read(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSize {
		return nil, fmt.Errorf("%s: has %d bytes: no configuration file is so large", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// Parse reads the text of a file, whose path is for messages only.
func Parse(path string, text []byte) (*File, error) {
	f := &File{Path: path}
	if err := toml.Unmarshal(text, &map[string]any{}); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, column := at.Position()
			return nil, fmt.Errorf("%s, line %d, column %d: %s", path, line, column, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var p unstable.Parser
	p.Reset(text)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			parts, line := keyOf(&p, e)
			if e.Kind == unstable.ArrayTable || len(parts) != 1 {
				return nil, fmt.Errorf("%s, line %d: there is no table of that kind: write [name]", path, line)
			}
			table = parts[0]
		case unstable.KeyValue:
			if err := f.add(&p, e, table); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

func (f *File) add(p *unstable.Parser, e *unstable.Node, table string) error {
	parts, line := keyOf(p, e)
	v := Value{Table: table, Key: parts[0], Line: line}
	if len(parts) == 2 && table == "" {
		v.Table, v.Key = parts[0], parts[1]
	} else if len(parts) != 1 {
		return fmt.Errorf("%s, line %d: %s: there is no key of so many parts", f.Path, line, strings.Join(parts, "."))
	}
	var ok bool
	if v.Value, ok = valueOf(e.Value()); !ok {
		return f.Errorf(&v, "is neither a text, a number, true or false, nor a list of these")
	}
	f.Values = append(f.Values, v)
	return nil
}

func keyOf(p *unstable.Parser, e *unstable.Node) (parts []string, line int) {
	for it := e.Key(); it.Next(); {
		if parts == nil {
			line = p.Shape(it.Node().Raw).Start.Line
		}
		parts = append(parts, string(it.Node().Data))
	}
	return parts, line
}

func valueOf(n *unstable.Node) (any, bool) {
	switch n.Kind {
	case unstable.String:
		return string(n.Data), true
	case unstable.Bool:
		return string(n.Data) == "true", true
	case unstable.Integer:
		i, err := strconv.ParseInt(string(n.Data), 0, 64)
		return i, err == nil
	case unstable.Float:
		x, err := strconv.ParseFloat(strings.ReplaceAll(string(n.Data), "_", ""), 64)
		return x, err == nil
	case unstable.Array:
		list := []any{}
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.Comment {
				continue
			}
			v, ok := valueOf(it.Node())
			if _, nested := v.([]any); !ok || nested {
				return nil, false
			}
			list = append(list, v)
		}
		return list, true
	}
	return nil, false
}

// Set returns text with a key of a table set to value, a string, bool, int64 or []string, or taken out where it is nil. All else stays as it is,
// comments too; but a table whose only key is taken out goes as Set made it.
func Set(text []byte, table, key string, value any) ([]byte, error) {
	f, err := Parse("the configuration file", text)
	if err != nil {
		return nil, err
	}
	line := []byte{}
	if value != nil {
		if line, err = toml.Marshal(map[string]any{key: value}); err != nil {
			return nil, err
		}
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if n := len(lines); n > 0 && len(lines[n-1]) > 0 {
		lines[n-1] = append(bytes.Clone(lines[n-1]), '\n')
	}
	if v := f.Get(table, key); v != nil {
		from := v.Line - 1
		rest := slices.Concat(lines[:from], [][]byte{line}, lines[valueEnd(lines, from):])
		if value == nil {
			rest = withoutEmpty(rest, table)
		}
		return bytes.Join(rest, nil), nil
	}
	if value == nil {
		return text, nil
	}
	at := tableEnd(lines, table)
	if at < 0 {
		head := []byte("\n[" + table + "]\n")
		return join(lines, append(head, line...), nil), nil
	}
	return join(lines[:at], line, lines[at:]), nil
}

func join(before [][]byte, line []byte, after [][]byte) []byte {
	out := bytes.Join(before, nil)
	out = append(out, line...)
	return append(out, bytes.Join(after, nil)...)
}

// withoutEmpty takes out a table in which nothing is left, as Set makes one: a blank line and the bare head. With a remark it is the user's own.
func withoutEmpty(lines [][]byte, table string) [][]byte {
	at := tableEnd(lines, table)
	if at < 2 || !blank(lines[at-2]) || string(bytes.TrimSpace(lines[at-1])) != "["+table+"]" {
		return lines
	}
	for _, l := range lines[at:] {
		if bytes.HasPrefix(bytes.TrimSpace(l), []byte("[")) {
			break
		}
		if !blank(l) {
			return lines
		}
	}
	return slices.Delete(lines, at-2, at)
}

func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// valueEnd returns the place after the last line of the key that begins at line from: a list may have several.
func valueEnd(lines [][]byte, from int) int {
	for to := from + 1; to <= len(lines); to++ {
		if toml.Unmarshal(bytes.Join(lines[from:to], nil), &map[string]any{}) == nil {
			return to
		}
	}
	return from + 1
}

// tableEnd returns the place after the line with the head of a table, -1 where there is none; for "" that is the first line.
func tableEnd(lines [][]byte, table string) int {
	if table == "" {
		return 0
	}
	for i, l := range lines {
		head, _, _ := bytes.Cut(bytes.TrimSpace(l), []byte("#"))
		if string(bytes.TrimSpace(head)) == "["+table+"]" {
			return i + 1
		}
	}
	return -1
}

// Save sets a key in the file at path, which is made where it is not there. It is written beside and renamed, so that it is whole at any time.
func Save(path, table, key string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if text, err = Set(text, table, key, value); err != nil {
		return err
	}
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to // a link to a file elsewhere stays one
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	beside, err := os.CreateTemp(filepath.Dir(path), ".config-*")
	if err != nil {
		return err
	}
	defer os.Remove(beside.Name())
	_, err = beside.Write(text)
	if err = errors.Join(err, beside.Close()); err != nil {
		return err
	}
	return os.Rename(beside.Name(), path)
}
