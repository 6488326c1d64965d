package other_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"stationbox/hal"
	"stationbox/hal/tv/other"
)

func TestMistakes(t *testing.T) {
	long := strings.Repeat("x", 300)
	many := map[string]other.Action{}
	for i := range 40 {
		many[fmt.Sprint(i)] = other.Action{Send: "x"}
	}
	for _, c := range []struct {
		key string
		set func(*other.Model)
	}{
		{"name", func(m *other.Model) { m.Name = "" }},
		{"transport", func(m *other.Model) { m.Transport = "usb" }},
		{"baud", func(m *other.Model) { m.Baud = 3 }},
		{"tcp_port", func(m *other.Model) { m.TCPPort = 1515 }},
		{"tcp_port", func(m *other.Model) { m.Transport = "tcp" }},
		{"baud", func(m *other.Model) { m.Transport, m.TCPPort, m.Baud = "tcp", 1515, 9600 }},
		{"start", func(m *other.Model) { m.Start = `\q` }},
		{"start", func(m *other.Model) { m.Start = `\` }},
		{"start", func(m *other.Model) { m.Start = `\x4` }},
		{"start", func(m *other.Model) { m.Start = `\xgg` }},
		{"end", func(m *other.Model) { m.End = "hex: A" }},
		{"end", func(m *other.Model) { m.End = "hex: ??" }},
		{"end", func(m *other.Model) { m.End = "hex:" }},
		{"reply_end", func(m *other.Model) { m.ReplyEnd = "hex: zz" }},
		{"checksum", func(m *other.Model) { m.Checksum = "crc32" }},
		{"checksum", func(m *other.Model) { m.Checksum, m.ReplyChecksum, m.ChecksumSkip = "", false, 1 }},
		{"checksum_skip", func(m *other.Model) { m.ChecksumSkip = -1 }},
		{"reply_checksum", func(m *other.Model) { m.ChecksumHex = true }},
		{"timeout", func(m *other.Model) { m.Timeout = "soon" }},
		{"timeout", func(m *other.Model) { m.Timeout = "1ms" }},
		{"settle", func(m *other.Model) { m.Settle = "1m" }},
		{"refused[1]", func(m *other.Model) { m.Refused = []string{"ERR"} }}, // text, but checksums are wanted
		{"refused[2]", func(m *other.Model) { m.Refused = append(m.Refused, m.Refused[0]) }},
		{"refused", func(m *other.Model) { m.Refused = slices.Repeat([]string{"hex: 01"}, 40) }},
		{"on.send", func(m *other.Model) { m.On.Send = "" }},
		{"on.send", func(m *other.Model) { m.On.Send = long }},
		{"on.send", func(m *other.Model) { m.On.Send = strings.Repeat(long, 5) }},
		{"on.send", func(m *other.Model) { m.ChecksumSkip, m.On.Send = 4, "hex: 01" }},
		{"off.reply[1]", func(m *other.Model) { m.Off.Reply = []string{"re:("} }},
		{"off.reply[1]", func(m *other.Model) { m.Off.Reply = []string{"re:.*"} }},
		{"off.reply[1]", func(m *other.Model) { m.Off.Reply = []string{"re:"} }},
		{"off.reply[1]", func(m *other.Model) { m.Off.Reply = []string{` \r`} }},
		{"state.send", func(m *other.Model) { m.State.Send = "" }},
		{"state.reply[1].state", func(m *other.Model) { m.State.Reply[0].State = "asleep" }},
		{"state.reply[1].state", func(m *other.Model) { m.State.Reply[0].State = "off" }},
		{"state.reply[1].state", func(m *other.Model) { m.State.Reply[0].State = "unknown" }},
		{"state.reply[2]", func(m *other.Model) { m.State.Reply[1].Match = m.State.Reply[0].Match }},
		{"state.reply", func(m *other.Model) { m.State.Reply = m.State.Reply[:1] }},
		{"input.hdmi1.send", func(m *other.Model) { m.Input["hdmi1"] = other.Action{} }},
		{"input", func(m *other.Model) { m.Input = many }},
	} {
		t.Run(c.key, func(t *testing.T) {
			m := mdc()
			c.set(&m)
			p, err := other.Compile(m)
			var all other.Mistakes
			if p != nil || !errors.As(err, &all) {
				t.Fatalf("%v, %v", p, err)
			}
			if !slices.ContainsFunc(all, func(one other.Mistake) bool { return one.Key == c.key && one.Text != "" }) {
				t.Errorf("no mistake at %s in:\n%v", c.key, err)
			}
			if len(all) > 4 {
				t.Errorf("%d mistakes out of one:\n%v", len(all), err)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := other.Compile(other.Model{Timeout: "x", Input: map[string]other.Action{"b": {}, "a": {}}})
	want := []string{"name: ", "transport: ", "timeout: ", "on.send: ", "off.send: ", "input.a.send: ", "input.b.send: "}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines:\n%v", len(lines), err)
	}
	for i, l := range lines {
		if !strings.HasPrefix(l, want[i]) {
			t.Errorf("line %q, want %q", l, want[i])
		}
	}
}

// FuzzModel reads a file as a technician may write it: it must be refused or work.
func FuzzModel(f *testing.F) {
	for _, file := range []string{"testdata/sharp-aquos.toml", "testdata/benq-lan.toml"} {
		b, err := toml.Marshal(model(f, file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "P1\r")
	}
	b, err := toml.Marshal(mdc())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, unhex(f, "AAFF0003411101"))
	f.Fuzz(func(t *testing.T, file []byte, answer string) {
		var m other.Model
		if toml.NewDecoder(bytes.NewReader(file)).DisallowUnknownFields().Decode(&m) != nil {
			return
		}
		p, err := other.Compile(m)
		if err != nil {
			return
		}
		d := other.New(&told{answer: answer[:min(len(answer), 64)]}, p)
		got, err := d.State(t.Context())
		if (err != nil) != (got == hal.DisplayUnknown) {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

// FuzzAnswer gives any bytes to good models.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"1\r", "0\r", "ERR\r", ">*pow=?#*POW=ON#", "*Block item#", "\r\r", "\xaa\xff\x00\x03A\x11\x01U", "\xaa\xff\x00\x03N\x11\x01b"} {
		f.Add(s)
	}
	plans := []*other.Plan{
		compiled(f, model(f, "testdata/sharp-aquos.toml")), compiled(f, model(f, "testdata/benq-lan.toml")), compiled(f, mdc()),
	}
	proof := map[hal.DisplayState][]string{hal.DisplayOn: {"1", "POW=ON", "\xaa\xff\x00\x03A\x11\x01U"}, hal.DisplayStandby: {"0", "POW=OFF", "\xaa\xff\x00\x03A\x11\x00T"}}
	f.Fuzz(func(t *testing.T, answer string) {
		answer = answer[:min(len(answer), 200)]
		for i, p := range plans {
			got, err := other.New(&told{answer: answer}, p).State(t.Context())
			if (err != nil) != (got == hal.DisplayUnknown) {
				t.Fatalf("model %d: %v, %v", i, got, err)
			}
			if err == nil && !strings.Contains(answer, proof[got][i]) {
				t.Fatalf("model %d: %v out of %q", i, got, answer)
			}
		}
	})
}
