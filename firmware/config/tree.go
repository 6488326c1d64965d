package config

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// maxSyntax bounds how many lines that are not TOML are reported: one broken
// bracket can make many more.
const maxSyntax = 5

// node is a value of the file together with its line, so that every later
// check can name the place.
type node struct {
	line   int
	kind   unstable.Kind // Table, ArrayTable, Array, String, Bool, Integer, Float …
	text   string        // of a scalar, decoded
	keys   []string      // of a table, in order
	table  map[string]*node
	list   []*node
	header bool // a table that was opened by its own [header]
}

func newTable(line int) *node {
	return &node{line: line, kind: unstable.Table, table: map[string]*node{}}
}

func (n *node) put(key string, child *node) {
	n.keys = append(n.keys, key)
	n.table[key] = child
}

// got is the value as it is shown in a message.
func (n *node) got() string {
	switch n.kind {
	case unstable.String:
		return strconv.Quote(n.text)
	case unstable.Array, unstable.ArrayTable:
		return "[…]"
	case unstable.Table, unstable.InlineTable:
		return "{…}"
	}
	return n.text
}

// parseTree reads data and reports every line that is no TOML. Such a line is
// blanked and the rest is read again, so that one slip does not hide the others.
// The lines that could not be read are returned with it.
func parseTree(data []byte, ps *problems) (root *node, broken []string) {
	data = append([]byte(nil), data...)
	for range maxSyntax {
		b := &builder{ps: &problems{}, root: newTable(0)}
		b.current = b.root
		line, why := b.read(data)
		if line == 0 {
			ps.list = append(ps.list, b.ps.list...)
			return b.root, broken
		}
		ps.add(line, "", say("config.syntax", "why", why), say("config.syntax.hint"))
		broken = append(broken, blank(data, line))
	}
	return newTable(0), append(broken, string(data))
}

// blank overwrites a line with spaces and returns what stood there; the count
// of lines stays.
func blank(data []byte, line int) string {
	var was []byte
	for i, n := 0, 1; i < len(data) && n <= line; i++ {
		switch {
		case data[i] == '\n':
			n++
		case n == line:
			was = append(was, data[i])
			data[i] = ' '
		}
	}
	return string(was)
}

// builder makes the tree out of the expressions of the parser.
type builder struct {
	ps      *problems
	p       unstable.Parser
	root    *node
	current *node
	path    string
}

// read returns the line and reason of the first syntax error, or 0.
func (b *builder) read(data []byte) (int, string) {
	b.p.Reset(data)
	for b.p.NextExpression() {
		b.expression(b.p.Expression())
	}
	err := b.p.Error()
	if err == nil {
		return 0, ""
	}
	var pe *unstable.ParserError
	if errors.As(err, &pe) && len(pe.Highlight) > 0 {
		return b.p.Shape(b.p.Range(pe.Highlight)).Start.Line, pe.Message
	}
	return 1 + strings.Count(strings.TrimRight(string(data), " \t\r\n"), "\n"), strings.TrimPrefix(err.Error(), "toml: ")
}

func (b *builder) line(n *unstable.Node) int { return b.p.Shape(n.Raw).Start.Line }

func (b *builder) expression(e *unstable.Node) {
	switch e.Kind {
	case unstable.Table:
		b.header(e, false)
	case unstable.ArrayTable:
		b.header(e, true)
	case unstable.KeyValue:
		b.keyValue(b.current, b.path, e)
	}
}

func (b *builder) keyPath(e *unstable.Node) (parts []string, line int) {
	it := e.Key()
	for it.Next() {
		if line == 0 {
			line = b.line(it.Node())
		}
		parts = append(parts, string(it.Node().Data))
	}
	return parts, line
}

// header opens [a.b] or [[a.b]]; what stands in the way is reported and the
// keys below it go to a table nobody reads.
func (b *builder) header(e *unstable.Node, list bool) {
	parts, line := b.keyPath(e)
	path := strings.Join(parts, ".")
	b.path, b.current = path, newTable(line)
	parent := b.root
	for i, part := range parts[:len(parts)-1] {
		next := parent.table[part]
		if next == nil {
			next = newTable(line)
			parent.put(part, next)
		}
		if next.kind == unstable.ArrayTable {
			next = next.list[len(next.list)-1]
		}
		if next.kind != unstable.Table {
			key := strings.Join(parts[:i+1], ".")
			b.ps.add(next.line, key, say("config.not_table"), say("config.not_table.hint", "key", key))
			return
		}
		parent = next
	}
	b.open(parent, parts[len(parts)-1], path, line, list)
}

func (b *builder) open(parent *node, name, path string, line int, list bool) {
	old := parent.table[name]
	switch {
	case list && old == nil:
		parent.put(name, &node{line: line, kind: unstable.ArrayTable, list: []*node{b.current}})
	case list && old.kind == unstable.ArrayTable:
		old.list = append(old.list, b.current)
	case old == nil:
		b.current.header = true
		parent.put(name, b.current)
	case !list && old.kind == unstable.Table && !old.header:
		old.header, old.line, b.current = true, line, old
	default:
		b.ps.add(line, path, say("config.twice", "line", old.line), say("config.twice.hint"))
	}
}

func (b *builder) keyValue(into *node, path string, e *unstable.Node) {
	parts, line := b.keyPath(e)
	for _, part := range parts[:len(parts)-1] {
		next := into.table[part]
		if next == nil {
			next = newTable(line)
			into.put(part, next)
		}
		if next.kind != unstable.Table {
			b.ps.add(line, join(path, part), say("config.twice", "line", next.line), say("config.twice.hint"))
			return
		}
		into, path = next, join(path, part)
	}
	name := parts[len(parts)-1]
	if old := into.table[name]; old != nil {
		b.ps.add(line, join(path, name), say("config.twice", "line", old.line), say("config.twice.hint"))
		return
	}
	into.put(name, b.value(e.Value(), line, join(path, name)))
}

func (b *builder) value(v *unstable.Node, line int, path string) *node {
	n := &node{line: line, kind: v.Kind, text: string(v.Data)}
	it := v.Children()
	switch v.Kind {
	case unstable.Array:
		for it.Next() {
			if it.Node().Kind != unstable.Comment {
				n.list = append(n.list, b.value(it.Node(), line, path))
			}
		}
	case unstable.InlineTable:
		n = newTable(line)
		for it.Next() {
			if it.Node().Kind == unstable.KeyValue {
				b.keyValue(n, path, it.Node())
			}
		}
	}
	return n
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
