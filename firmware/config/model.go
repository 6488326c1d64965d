package config

import (
	"reflect"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Model is a display that no driver was written for, as a technician copied it out
// of its manual into a file of its own. What its keys mean and which values can be
// is the business of its driver, package other; here only the form is read.
type Model struct {
	Name          string   `toml:"name"`
	Transport     string   `toml:"transport"` // "serial" or "tcp"
	Baud          int      `toml:"baud"`
	TCPPort       int      `toml:"tcp_port"`
	Start         string   `toml:"start"`
	End           string   `toml:"end"`
	Checksum      string   `toml:"checksum"`
	ChecksumSkip  int      `toml:"checksum_skip"`
	ChecksumHex   bool     `toml:"checksum_hex"`
	ReplyEnd      string   `toml:"reply_end"`
	ReplyChecksum bool     `toml:"reply_checksum"`
	Timeout       string   `toml:"timeout"`
	Settle        string   `toml:"settle"`
	Refused       []string `toml:"refused"`

	On    ModelAction            `toml:"on"`
	Off   ModelAction            `toml:"off"`
	State ModelQuestion          `toml:"state"`
	Input map[string]ModelAction `toml:"-"` // [input.NAME]

	lines map[string]int
}

// ModelAction is a command of a Model.
type ModelAction struct {
	Send  string   `toml:"send"`
	Reply []string `toml:"reply"`
}

// ModelQuestion asks for the state.
type ModelQuestion struct {
	Send  string        `toml:"send"`
	Reply []ModelAnswer `toml:"reply"`
}

// ModelAnswer is one line of the table of states.
type ModelAnswer struct {
	Match string `toml:"match"`
	State string `toml:"state"`
}

// Line returns the line of a key of the file, such as "state.reply[2].match", or of
// the nearest section around it; 0 when there is none.
func (m *Model) Line(key string) int {
	return (&decoder{lines: m.lines}).at(key)
}

// inputsMost bounds the inputs of a Model.
const inputsMost = 64

// ParseModel reads the file of a model. The Model is to be used only when there are
// no problems.
func ParseModel(data []byte) (*Model, []Problem) {
	ps := &problems{}
	m := &Model{Input: map[string]ModelAction{}, lines: map[string]int{}}
	root, _ := parseTree(data, ps)
	d := &decoder{ps: ps, lines: m.lines}
	if in := root.table["input"]; in != nil {
		root.keys = slices.DeleteFunc(root.keys, func(k string) bool { return k == "input" })
		m.inputs(d, in)
	}
	d.table(reflect.ValueOf(m).Elem(), root, "")
	if m.Transport != "serial" && m.Transport != "tcp" {
		(&checker{decoder: d, used: map[string]bool{}}).choice("transport", m.Transport, "serial", "tcp")
	}
	return m, ps.sorted()
}

func (m *Model) inputs(d *decoder, n *node) {
	m.lines["input"] = n.line
	if n.kind != unstable.Table || len(n.keys) > inputsMost {
		d.ps.add(n.line, "input", say("config.not_table"), say("config.not_table.hint", "key", "input.hdmi1"))
		return
	}
	for _, name := range n.keys {
		var a ModelAction
		m.lines["input."+name] = n.table[name].line
		d.value(reflect.ValueOf(&a).Elem(), n.table[name], "input."+name)
		m.Input[name] = a
	}
}
