package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/internal/config"
	"github.com/mqttwatch/mqttwatch/tui"
)

type configCommand struct {
	Print bool `help:"Print a template of the configuration file, with all keys and their usual values as comments."`
	Path  bool `help:"Print where the configuration file is looked for."`
}

// run prints what is asked for.
func (c *configCommand) run(path string) error {
	out := bufio.NewWriter(os.Stdout)
	switch {
	case c.Print:
		configTemplate(out, newParser(new(cli), everyCommand))
	case path == "":
		return errors.New("no home directory is known: set XDG_CONFIG_HOME, or give --config FILE")
	default:
		fmt.Fprintln(out, path)
		if _, err := os.Stat(path); err != nil && !c.Path {
			fmt.Fprintf(out, "It is not there yet: %s\n", howToMake(path))
		}
	}
	if err := out.Flush(); err != nil {
		return quietPipe(err)
	}
	return nil
}

// howToMake is the command that makes the file, and its directory where that is not there either.
func howToMake(path string) string {
	quoted := func(s string) string {
		if !strings.ContainsAny(s, " '\"$&()\\*?;|<>`") || runtime.GOOS == "windows" {
			return s
		}
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	text := "mqttwatch config --print > " + quoted(path)
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); err != nil && runtime.GOOS != "windows" {
		text = "mkdir -p " + quoted(dir) + " && " + text
	}
	return text
}

// notInFile are options that the file cannot have, and why.
var notInFile = map[string]string{
	"help":     "is for the command line",
	"config":   "is for the command line and the environment",
	"password": "has no place in a file that is shown around: use password-file",
	"list":     "is for the command line",
}

// configFlag is an option as the file has it: in the table of its command, "" for those of every command.
type configFlag struct {
	table string
	*kong.Flag
}

// configFlags lists the options that the file may have, from the same table as the command line.
func configFlags(k *kong.Kong) []configFlag {
	var out []configFlag
	for _, n := range append([]*kong.Node{k.Model.Node}, k.Model.Children...) {
		table := n.Name
		if n == k.Model.Node {
			table = ""
		} else if n.Name == "config" {
			continue
		}
		for _, f := range n.Flags {
			if notInFile[f.Name] == "" {
				out = append(out, configFlag{table, f})
			}
		}
	}
	return out
}

// configPath returns the file that the arguments or the environment name, or the usual one; named says that it was named, so that it
// must be there.
func configPath(args []string) (path string, named bool) {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if file, ok := strings.CutPrefix(arg, "--config="); ok {
			return file, true
		}
		if arg == "--config" && i+1 < len(args) {
			return args[i+1], true
		}
	}
	if file := os.Getenv("MQTTWATCH_CONFIG"); file != "" {
		return file, true
	}
	return config.Path(os.Getenv), false
}

// readConfig reads the configuration file and checks all that it says. A usual file that is not there says nothing.
func readConfig(path string, named bool) (*config.File, error) {
	if path == "" {
		return &config.File{}, nil
	}
	f, err := config.Read(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return &config.File{Path: path}, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("%w: give --config a file that is there; mqttwatch config --print prints a template", ofFile(path, err))
	}
	if err == nil {
		err = checkConfig(f)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// checkConfig names the first key or value that makes no sense, with its line.
func checkConfig(f *config.File) error {
	flags := configFlags(newParser(new(cli), everyCommand))
	trial := newTrial()
	args := []string{"version"}
	for i := range f.Values {
		v := &f.Values[i]
		if slices.Contains(screenTables(), v.Table) {
			if err := checkScreenValue(f, v); err != nil {
				return err
			}
			continue
		}
		flag, err := flagOfValue(f, v, flags)
		if err != nil {
			return err
		}
		if why := badValue(flag.Flag, v.Value); why != "" {
			return f.Errorf(v, "%s", why)
		}
		if v.Table == "" {
			if err := trial.try(append([]string{"version"}, optionArgs(v)...)); err != nil && v.Key != "critical" && v.Key != "warn" {
				return f.Errorf(v, "%w", err)
			}
			args = append(args, optionArgs(v)...)
		}
	}
	if err := trial.try(args); err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	return checkKeys(f)
}

// optionArgs writes a value as it would be on the command line: a list as the option again and again.
func optionArgs(v *config.Value) []string {
	list, isList := v.Value.([]any)
	if !isList {
		list = []any{v.Value}
	}
	var out []string
	for _, one := range list {
		out = append(out, "--"+v.Key+"="+fmt.Sprint(one))
	}
	return out
}

// A trial reads options of every command without doing what they say.
type trial struct {
	c cli
	k *kong.Kong
}

func newTrial() *trial {
	t := new(trial)
	t.k = newParser(&t.c, "version")
	for _, f := range configFlags(t.k) {
		f.Envs, f.Tag.Envs = nil, nil // what the environment says has its own check
	}
	return t
}

// try says what is wrong with options; those of the time before are forgotten.
func (t *trial) try(args []string) error {
	if _, err := t.k.Parse(args); err != nil {
		return err
	}
	if _, err := filter.Parse(t.c.Filter); err != nil {
		return filterError("--filter", t.c.Filter, err)
	}
	return t.c.options.check()
}

func flagOfValue(f *config.File, v *config.Value, flags []configFlag) (configFlag, error) {
	tables := screenTables()
	near := ""
	for _, flag := range flags {
		if flag.table == v.Table && flag.Name == v.Key {
			return flag, nil
		}
		if flag.Name == v.Key {
			near = "; " + v.Key + " belongs " + placeOf(flag.table)
		}
		if !slices.Contains(tables, flag.table) {
			tables = append(tables, flag.table)
		}
	}
	if !slices.Contains(tables, v.Table) {
		return configFlag{}, f.Errorf(v, "there is no table [%s]: there are %s", v.Table, strings.Join(slices.DeleteFunc(tables, func(s string) bool { return s == "" }), ", "))
	}
	if why := notInFile[v.Key]; why != "" {
		return configFlag{}, f.Errorf(v, "%s", why)
	}
	return configFlag{}, f.Errorf(v, "there is no such key%s; mqttwatch config --print shows all", near)
}

func placeOf(table string) string {
	if table == "" {
		return "before the first [table]"
	}
	return "into the table [" + table + "]"
}

// badValue says why a value cannot be that of an option.
func badValue(flag *kong.Flag, value any) string {
	list, isList := value.([]any)
	if flag.IsSlice() {
		if !isList {
			list = []any{value}
		}
		for _, one := range list {
			if why := badOne(flag, flag.Target.Type().Elem().Kind().String(), one); why != "" {
				return why
			}
		}
		return ""
	}
	if isList {
		return "takes one value, not a list"
	}
	kind := flag.Target.Kind().String()
	if _, ok := flag.Target.Interface().(time.Duration); ok {
		kind = "duration"
	}
	return badOne(flag, kind, value)
}

func badOne(flag *kong.Flag, kind string, value any) string {
	text, isText := value.(string)
	_, isBool := value.(bool)
	n, isInt := value.(int64)
	switch {
	case kind == "bool" && !isBool:
		return "takes true or false"
	case kind == "string" && !isText:
		return "takes a text in quotes"
	case kind == "duration":
		if _, err := time.ParseDuration(text); !isText || err != nil {
			return `takes a time in quotes, such as "5s" or "1m30s"`
		}
	case strings.HasPrefix(kind, "int") || strings.HasPrefix(kind, "uint"):
		bits, _ := strconv.Atoi(strings.TrimLeft(kind, "uint"))
		if !isInt || kind[0] == 'u' && (n < 0 || bits > 0 && bits < 64 && n >= 1<<bits) {
			return "takes a whole number" + map[bool]string{true: " from 0 on that is not so large"}[isInt]
		}
	}
	if flag.Enum != "" && !flag.EnumMap()[fmt.Sprint(value)] {
		return fmt.Sprintf("is %v: there are %s", value, strings.Join(flag.EnumSlice(), ", "))
	}
	return ""
}

// checkScreenValue checks what is the screen's own, but for the keys together.
func checkScreenValue(f *config.File, v *config.Value) error {
	texts, ok := textsOf(v.Value)
	switch {
	case filterTable(v.Table) != nil:
		return checkFilter(f, v)
	case v.Table == "keys" || columnSet(v.Key) != nil:
		if !ok {
			return f.Errorf(v, "takes a list of texts")
		}
		if v.Table == "screen" {
			if why := columnSet(v.Key).Check(texts); why != "" {
				return f.Errorf(v, "%s", why)
			}
		}
		return nil
	}
	var names []string
	for _, c := range tui.ColumnSets() {
		names = append(names, c.Key)
	}
	for _, s := range tui.ScreenSettings() {
		if names = append(names, s.Key); s.Key == v.Key {
			if !slices.Contains(s.Values, settingText(v.Value)) {
				return f.Errorf(v, "is %v: there are %s", v.Value, strings.Join(s.Values, ", "))
			}
			return nil
		}
	}
	return f.Errorf(v, "there is no such key: there are %s", strings.Join(names, ", "))
}

// screenTables are the tables that are the screen's own.
func screenTables() []string {
	tables := []string{"keys", "screen"}
	for _, t := range tui.FilterTables() {
		tables = append(tables, t.Table)
	}
	return tables
}

// filterTable returns which saved filters a table has, or nil.
func filterTable(name string) *tui.FilterTable {
	for _, t := range tui.FilterTables() {
		if t.Table == name {
			return &t
		}
	}
	return nil
}

// checkFilter checks a saved filter in the language of its list.
func checkFilter(f *config.File, v *config.Value) error {
	text, isText := v.Value.(string)
	if !isText {
		return f.Errorf(v, "takes a text in quotes")
	}
	if err := filterTable(v.Table).Check(text); err != nil {
		return f.Errorf(v, "is no filter of %s: %w", filterTable(v.Table).Title, err)
	}
	return nil
}

// columnSet returns the columns that a key of the table [screen] chooses from, or nil.
func columnSet(key string) *tui.ColumnSet {
	for _, c := range tui.ColumnSets() {
		if c.Key == key {
			return &c
		}
	}
	return nil
}

// settingText is a value as the screen knows it: true is on.
func settingText(value any) string {
	if b, ok := value.(bool); ok {
		return map[bool]string{true: "on", false: "off"}[b]
	}
	return fmt.Sprint(value)
}

// textsOf returns the texts of a list; one text is a list, too.
func textsOf(value any) ([]string, bool) {
	if s, ok := value.(string); ok {
		return []string{s}, true
	}
	list, ok := value.([]any)
	out := []string{}
	for _, one := range list {
		s, isText := one.(string)
		ok = ok && isText
		out = append(out, s)
	}
	return out, ok
}

// checkKeys checks the keys of all commands together.
func checkKeys(f *config.File) error {
	err := tui.CheckKeys(keysOf(f))
	var at *tui.KeyError
	if errors.As(err, &at) {
		if v := f.Get("keys", at.Command); v != nil {
			return f.Errorf(v, "%s", at.Reason)
		}
	}
	return err
}

func keysOf(f *config.File) map[string][]string {
	out := map[string][]string{}
	for _, v := range f.Table("keys") {
		out[v.Key], _ = textsOf(v.Value)
	}
	return out
}

// A fileResolver gives kong the values of the file for options that neither the command line nor the environment has.
type fileResolver struct {
	file   *config.File
	tables map[*kong.Flag]string
}

// use makes f the file.
func (r *fileResolver) use(k *kong.Kong, f *config.File) {
	r.file, r.tables = f, map[*kong.Flag]string{}
	for _, flag := range configFlags(k) {
		r.tables[flag.Flag] = flag.table
	}
}

// Validate is of kong.Resolver; checkConfig has done that.
func (r *fileResolver) Validate(*kong.Application) error { return nil }

// Resolve is of kong.Resolver.
func (r *fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	table, ok := r.tables[flag]
	if !ok {
		return nil, nil
	}
	v := r.file.Get(table, flag.Name)
	if v == nil {
		return nil, nil
	}
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil
		}
	}
	switch value := v.Value.(type) {
	case []any:
		return value, nil
	default:
		if flag.IsSlice() {
			return []any{value}, nil
		}
		return fmt.Sprint(value), nil
	}
}
