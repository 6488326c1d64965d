package text_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/text"
)

func entries(t *testing.T) map[string]text.Entry {
	t.Helper()
	list, err := text.Entries()
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[string]text.Entry{}
	for _, e := range list {
		byKey[e.Key] = e
	}
	return byKey
}

func places(s string) []string {
	list := regexp.MustCompile(`\{[a-z_]+\}`).FindAllString(s, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for _, e := range entries(t) {
		if e.Chinese == "" || e.English == "" {
			t.Errorf("%s is not in both languages", e.Key)
		}
		if !slices.Equal(places(e.Chinese), places(e.English)) {
			t.Errorf("%s: the places differ: %v %v", e.Key, places(e.Chinese), places(e.English))
		}
		if han.MatchString(e.English) {
			t.Errorf("%s: Chinese in the English sentence", e.Key)
		}
		if !regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)+$`).MatchString(e.Key) {
			t.Errorf("%q is no key", e.Key)
		}
	}
}

func TestEveryFaultHasAHint(t *testing.T) {
	all := entries(t)
	for key := range all {
		if !strings.HasPrefix(key, "fault.") || strings.HasSuffix(key, ".hint") {
			continue
		}
		if _, ok := all[key+".hint"]; !ok {
			t.Errorf("%s has no hint what to do", key)
		}
	}
}

// Every literal of the tree that looks like a key is one; a literal that ends
// with a dot or an underscore is the beginning of keys.
func TestEveryKeyInTheTree(t *testing.T) {
	all := entries(t)
	settings := configKeys(reflect.TypeFor[config.Config](), "")
	look := regexp.MustCompile(`^(fault|guard|lesson|cmd|ready|screen|phase|name|day|record|attendance|roster|config|console|sound)\.[a-z0-9_.]*$`)
	file := regexp.MustCompile(`\.(sock|lock|toml|txt|json|log|go|mp4|wav|csv|html|js|css|jpg|png|svg)$`)
	found := 0
	literals(t, "../..", func(place, s string) {
		if !look.MatchString(s) || file.MatchString(s) || settings[s] {
			return
		}
		found++
		if _, ok := all[s]; ok {
			return
		}
		for key := range all {
			if (strings.HasSuffix(s, ".") || strings.HasSuffix(s, "_")) && strings.HasPrefix(key, s) {
				return
			}
		}
		t.Errorf("%s: %q is not in the catalogue", place, s)
	})
	if found < 50 {
		t.Errorf("only %d keys found in the tree: the test looks in the wrong place", found)
	}
}

// literals calls fn with every string literal of the program, tests left out.
func literals(t *testing.T, root string, fn func(place, s string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil // the compiler says it better
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					fn(set.Position(lit.Pos()).String(), s)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// configKeys lists the keys of station.toml, which look like keys of ours.
func configKeys(typ reflect.Type, path string) map[string]bool {
	keys := map[string]bool{}
	for i := range typ.NumField() {
		tag, ft := typ.Field(i).Tag.Get("toml"), typ.Field(i).Type
		if tag == "" || tag == "-" {
			continue
		}
		keys[path+tag] = true
		if ft.Kind() == reflect.Slice {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct {
			for k := range configKeys(ft, path+tag+".") {
				keys[k] = true
			}
		}
	}
	return keys
}

func TestSay(t *testing.T) {
	zh, en := text.New("zh"), text.New("en")
	tests := []struct{ got, want string }{
		{en.Say("cmd.roll.count", "present", 3, "members", 30), "3 present of 30"},
		{zh.Say("cmd.roll.count", "present", 3, "members", 30), "实到 3 人，名册 30 人"},
		{en.Say("no.such.key", "a", 1), "no.such.key a=1"},
		{en.Say("config.range", "got", 1500*time.Millisecond, "low", time.Duration(0), "high", 90*time.Second), "1.5s is not between 0s and 1m30s"},
		{text.New("").Lang() + text.New("fr").Lang() + en.Lang(), "zhzhen"},
		{(*text.Catalogue)(nil).Say("x"), "x"},
		{en.Name("projector") + en.Name("cow") + en.Name("guard.cause.outage"), "projectorcowmains outage"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestFault(t *testing.T) {
	f := firmware.Fault{Code: "fault.display.silent", Args: map[string]string{"name": "projector"}, On: true}
	say, hint := text.New("zh").Fault(f)
	if say != "投影机没有应答" || hint == "" {
		t.Errorf("got %q, hint %q", say, hint)
	}
	f.On = false
	if say, hint := text.New("en").Fault(f); say != "over: The projector does not answer" || hint != "" {
		t.Errorf("got %q, hint %q", say, hint)
	}
	if say, _ := text.New("en").Fault(firmware.Fault{Code: "fault.new", On: true, Args: map[string]string{"a": "b"}}); say != "fault.new a=b" {
		t.Errorf("unknown fault: %q", say)
	}
}
