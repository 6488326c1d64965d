package ical_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"stationbox/firmware/schedule/internal/ical"
	"stationbox/hal"
)

func TestParse(t *testing.T) {
	file := "\ufeffBEGIN:VCALENDAR\r\n" +
		"begin:vevent\n" +
		"Attendee;CN=\"Wang; Li: ,\";role=CHAIR,\"X\":mailto:a@b\r\n" +
		"SUMMARY:one\\, two\\n\r\n  three\\\\\r\n" +
		"END:VEVENT\r\n\r\nX-WR-CALNAME:\xe6\x9d\r\n \x91\r\nEND:VCALENDAR\r\nnonsense"
	c, err := ical.Parse([]byte(file))
	if err != nil || c.Name != "VCALENDAR" || len(c.Children) != 1 || c.Text("X-WR-CALNAME") != "村" {
		t.Fatalf("%+v %v", c, err)
	}
	e := c.Children[0]
	p := e.Find("ATTENDEE")
	if e.Name != "VEVENT" || e.Line != 2 || len(p) != 1 || p[0].Params["CN"] != "Wang; Li: ," || p[0].Params["ROLE"] != "CHAIR,X" || p[0].Value != "mailto:a@b" || p[0].Line != 3 {
		t.Errorf("%+v", e)
	}
	if got := e.Text("SUMMARY"); got != "one, two\n three\\" {
		t.Errorf("summary %q", got)
	}
	if e.Text("NONE") != "" {
		t.Error("text out of nothing")
	}
}

func TestBrokenLines(t *testing.T) {
	for _, line := range []string{"X", "X;A=b", "X;A", "X;=b:c", ":v", "X;A=\"b:c", "X Y:v", ";A=b:c", "SUMMARY:\xff"} {
		c, err := ical.Parse([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n" + line + "\nEND:VEVENT\nEND:VCALENDAR"))
		if err != nil || c.Broken != 0 || c.Children[0].Broken != 4 {
			t.Errorf("%q: %+v %v", line, c, err)
		}
	}
}

func TestBrokenFrame(t *testing.T) {
	many := "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\nEND:VEVENT\n", ical.MaxComponents) + "END:VCALENDAR"
	for name, file := range map[string]string{
		"empty": "", "no calendar": "BEGIN:VCARD\nEND:VCARD", "crossed": "BEGIN:VCALENDAR\nBEGIN:A\nEND:VCALENDAR\nEND:A", "no end": "BEGIN:VCALENDAR\nA:b",
		"deep": "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:A\n", 9), "many": many, "large": strings.Repeat(" ", ical.MaxBytes+1),
	} {
		if c, err := ical.Parse([]byte(file)); !errors.Is(err, hal.ErrGarbled) || c != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Any text comes back as it was, in lines of at most 75 bytes that are UTF-8
// each for itself.
func TestWriteParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab 村党课，；;:,\\\"\n\t😀")), -1, 200, -1).Draw(t, "text")
		text = strings.Repeat(text, rapid.IntRange(1, 30).Draw(t, "times"))
		w := &ical.Writer{}
		w.Line("BEGIN", "VCALENDAR")
		w.Line("SUMMARY", ical.Escape(text))
		w.Line("END", "VCALENDAR")
		for line := range strings.SplitSeq(string(w.Bytes()), "\r\n") {
			if len(line) > 75 || !utf8.ValidString(line) {
				t.Fatalf("line %q", line)
			}
		}
		c, err := ical.Parse(w.Bytes())
		if want := strings.ReplaceAll(text, "\t", ""); err != nil || c.Text("SUMMARY") != want {
			t.Fatalf("got %q, want %q, %v", c.Text("SUMMARY"), want, err)
		}
	})
}

// Whatever the bytes: no panic; what was read is written and read again alike.
func FuzzParse(f *testing.F) {
	f.Add([]byte("BEGIN:VCALENDAR\r\nX;A=\"b;c\",d;E=:v\\n\r\n w\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	f.Add([]byte("BEGIN:VCALENDAR\nATTENDEE;X=abc\nEND:VCALENDAR"))
	f.Add([]byte("begin:vcalendar\n\n \n\tx\nend:VCALENDAR"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ical.Parse(data)
		if err != nil {
			if !errors.Is(err, hal.ErrGarbled) {
				t.Errorf("error %v", err)
			}
			return
		}
		w := &ical.Writer{}
		w.Line("BEGIN", c.Name)
		for _, p := range c.Properties {
			w.Line(p.Name, p.Value)
		}
		w.Line("END", c.Name)
		again, err := ical.Parse(w.Bytes())
		if err != nil || len(again.Properties) != len(c.Properties) {
			t.Fatalf("%q: %v", w.Bytes(), err)
		}
		for i, p := range c.Properties {
			if q := again.Properties[i]; q.Name != p.Name || q.Value != p.Value {
				t.Errorf("%s, was %s", fmt.Sprint(q), fmt.Sprint(p))
			}
		}
	})
}
