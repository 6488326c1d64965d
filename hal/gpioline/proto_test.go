package gpioline

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

func TestParseMessage(t *testing.T) {
	cases := map[string]struct {
		line string
		want message
		name string
	}{
		"ok":            {line: "ok", want: message{kind: kindOK}},
		"one level":     {line: "ok 1", want: message{kind: kindOK, n: 1, levels: 1}},
		"four levels":   {line: "ok 0 1 1 0", want: message{kind: kindOK, n: 4, levels: 6}},
		"rising edge":   {line: "edge GPIO17 1 123456789 1", name: "GPIO17", want: message{kind: kindEdge, edge: Edge{Level: gpio.High, At: 123456789, Seq: 1}}},
		"falling edge":  {line: "edge GPIO4 0 0 4294967296", name: "GPIO4", want: message{kind: kindEdge, edge: Edge{Seq: 1 << 32}}},
		"longest clock": {line: "edge A 0 9223372036854775807 1", name: "A", want: message{kind: kindEdge, edge: Edge{At: 1<<63 - 1, Seq: 1}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, pin, err := parseMessage([]byte(c.line))
			if err != nil || m != c.want || string(pin) != c.name {
				t.Fatalf("%q: %+v, pin %q, %v", c.line, m, pin, err)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for line, want := range map[string]error{
		"err busy GPIO17 held by guard": hal.ErrRefused,
		"err unknown GPIO99 no pin":     hal.ErrGone,
		"err bad line":                  hal.ErrRefused,
		"err":                           hal.ErrRefused,
	} {
		m, _, err := parseMessage([]byte(line))
		if err != nil || m.kind != kindErr || !errors.Is(m.err, want) {
			t.Errorf("%q: %+v, %v, want %v", line, m, err, want)
		}
	}
	for _, line := range []string{
		"", " ", "OK", "ok 2", "ok  1", "ok 10", "okay", "ok\r", "edge", "edge GPIO17", "edge GPIO17 1", "edge GPIO17 1 5",
		"edge GPIO17 2 5 1", "edge GPIO17 1 -5 1", "edge GPIO17 1 5 x", "edge  1 5 1", "edge GPIO17 1 9223372036854775808 1",
		"edge GPIO17 1 99999999999999999999 1", "ok" + strings.Repeat(" 1", maxLevels+1),
	} {
		if m, _, err := parseMessage([]byte(line)); !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("%q: %+v, %v, want ErrGarbled", line, m, err)
		}
	}
}

// FuzzParseMessage: no line crashes, and what is understood can be said again.
func FuzzParseMessage(f *testing.F) {
	for _, s := range []string{
		"ok", "ok 1", "ok 0 1 1 0", "err busy GPIO17 guard", "err unknown GPIO1 no", "err bad line", "edge GPIO17 1 123456789 7",
		"edge A 0 9223372036854775807 0", "ok 2", "\x00", "ok " + strings.Repeat("1 ", 70),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, name, err := parseMessage(b)
		if err != nil {
			if !errors.Is(err, hal.ErrGarbled) || len(err.Error()) > 1000 {
				t.Fatalf("%q: %v", b, err)
			}
			return
		}
		if m.kind == kindErr {
			if m.err == nil {
				t.Fatalf("%q: an err without error", b)
			}
			return
		}
		again, nameAgain, err := parseMessage(say(m, name))
		if err != nil || again != m || string(nameAgain) != string(name) {
			t.Fatalf("%q: %+v said again as %+v, %v", b, m, again, err)
		}
	})
}

// say writes m as a server does.
func say(m message, name []byte) []byte {
	if m.kind == kindEdge {
		return fmt.Appendf(nil, "edge %s %d %d %d", name, bit(m.edge.Level), m.edge.At.Nanoseconds(), m.edge.Seq)
	}
	s := []byte("ok")
	for i := range m.n {
		s = fmt.Appendf(s, " %d", m.levels>>i&1)
	}
	return s
}

func TestParseAllocatesNothing(t *testing.T) {
	lines := [][]byte{[]byte("ok"), []byte("ok 1"), []byte("edge GPIO17 1 123456789 7")}
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range lines {
			_, _, _ = parseMessage(b)
		}
	}); n != 0 {
		t.Fatalf("parsing allocates %v times", n)
	}
}

// TestQueueKeepsNewest: a slow reader loses the oldest edges and can see it.
func TestQueueKeepsNewest(t *testing.T) {
	q := newQueue()
	for i := range edgeDepth + 10 {
		q.push(Edge{Seq: uint64(i + 1)})
	}
	if e := <-q.ch; e.Seq != 11 {
		t.Fatalf("oldest edge kept is %d, want 11", e.Seq)
	}
	q.reset()
	for _, wait := range []time.Duration{0, time.Millisecond} {
		if e, ok := q.next(wait); ok {
			t.Fatalf("edge %+v survived reset", e)
		}
	}
}
