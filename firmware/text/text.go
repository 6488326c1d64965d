// Package text is the one catalogue of everything the station says to people:
// each key has a Chinese and an English sentence with named places such as
// {name}. It promises an answer for every key, so that a missing sentence is
// ugly but never a crash; a test holds the tree and the catalogue together.
// It never decides what is said, and errors for code are not in it.
package text

import (
	"embed"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"time"

	"stationbox/firmware"
)

//go:embed catalogue/*.txt
var files embed.FS

// Entry is one key with its sentence in both languages.
type Entry struct {
	Key     string
	Chinese string
	English string
}

// Catalogue speaks one language. The zero Catalogue and a nil one know no key
// and answer with the key itself. A Catalogue never changes and may be shared.
type Catalogue struct {
	lang string
	say  map[string]string
}

// New returns the catalogue in lang: "en" is English, everything else Chinese.
func New(lang string) *Catalogue {
	c := &Catalogue{lang: "zh", say: map[string]string{}}
	if lang == "en" {
		c.lang = "en"
	}
	entries, _ := Entries() // damaged lines are a test's business, the rest is said
	for _, e := range entries {
		c.say[e.Key] = e.Chinese
		if c.lang == "en" {
			c.say[e.Key] = e.English
		}
	}
	return c
}

// Lang returns "zh" or "en".
func (c *Catalogue) Lang() string {
	if c == nil || c.lang == "" {
		return "zh"
	}
	return c.lang
}

// Has reports whether key is in the catalogue.
func (c *Catalogue) Has(key string) bool {
	if c == nil {
		return false
	}
	_, ok := c.say[key]
	return ok
}

// Say returns the sentence of key with its places filled in: args are pairs of
// a name and a value, as in Say("cmd.roll.count", "present", 3). A duration is
// rounded to what people read, a time is written as its clock. An unknown key
// comes back as it is, followed by its values.
func (c *Catalogue) Say(key string, args ...any) string {
	if !c.Has(key) {
		return bare(key, args)
	}
	return fill(c.say[key], args)
}

// Fault returns the sentence that tells people of f and a hint what to do
// next, which is empty when there is none. When f is over the sentence says so.
func (c *Catalogue) Fault(f firmware.Fault) (sentence, hint string) {
	args := make([]any, 0, 2*len(f.Args))
	for _, name := range sortedKeys(f.Args) {
		args = append(args, name, c.named(f.Args[name]))
	}
	sentence = c.Say(f.Code, args...)
	if !f.On && c.Has("text.over") {
		return c.Say("text.over", "what", strings.TrimRight(sentence, "。.")), ""
	}
	if c.Has(f.Code + ".hint") {
		hint = c.Say(f.Code+".hint", args...)
	}
	return sentence, hint
}

// named translates a value that is itself a key, such as a cause, or a word of
// the catalogue, such as the name of a device: "projector" is said by the key
// "name.projector".
func (c *Catalogue) named(value string) string {
	if c.Has(value) {
		return c.Say(value)
	}
	if c.Has("name." + value) {
		return c.Say("name." + value)
	}
	return value
}

// Name returns the sentence of a key, or the word for a thing or a state such
// as "projector" or "cooling", or the given word when the catalogue has none.
func (c *Catalogue) Name(word string) string { return c.named(word) }

// Entries returns the whole catalogue in the order of its keys. The error names
// the first damaged or doubled line; the good entries are returned with it.
func Entries() ([]Entry, error) {
	names, err := fs.Glob(files, "catalogue/*.txt")
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	var all []Entry
	seen := map[string]bool{}
	var first error
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return all, fmt.Errorf("catalogue: %w", err)
		}
		entries, err := parse(name, string(data), seen)
		all = append(all, entries...)
		if err != nil && first == nil {
			first = err
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Key < all[j].Key })
	return all, first
}

// parse reads lines of the form "key | Chinese | English". A "\n" in a
// sentence is a line break; "#" starts a comment line.
func parse(name, data string, seen map[string]bool) ([]Entry, error) {
	var entries []Entry
	var first error
	for i, line := range strings.Split(data, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, " | ")
		if len(parts) != 3 || seen[strings.TrimSpace(parts[0])] {
			if first == nil {
				first = fmt.Errorf("%s:%d: want one new \"key | Chinese | English\": %q", name, i+1, line)
			}
			continue
		}
		e := Entry{strings.TrimSpace(parts[0]), breaks(parts[1]), breaks(parts[2])}
		seen[e.Key] = true
		entries = append(entries, e)
	}
	return entries, first
}

func breaks(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), `\n`, "\n") }

func fill(sentence string, args []any) string {
	if len(args) == 0 || !strings.Contains(sentence, "{") {
		return sentence
	}
	var pairs []string
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", value(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

func value(v any) string {
	switch v := v.(type) {
	case time.Duration:
		return readable(v)
	case time.Time:
		return v.Format("15:04:05")
	case error:
		return v.Error()
	}
	return fmt.Sprint(v)
}

// readable drops the digits nobody reads: "1m30s", "2.5s", "120ms".
func readable(d time.Duration) string {
	switch {
	case d >= 10*time.Second || d <= -10*time.Second:
		d = d.Round(time.Second)
	case d >= time.Second || d <= -time.Second:
		d = d.Round(100 * time.Millisecond)
	default:
		d = d.Round(time.Millisecond)
	}
	return d.String()
}

func bare(key string, args []any) string {
	var b strings.Builder
	b.WriteString(key)
	for i := 0; i+1 < len(args); i += 2 {
		fmt.Fprintf(&b, " %v=%s", args[i], value(args[i+1]))
	}
	return b.String()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
