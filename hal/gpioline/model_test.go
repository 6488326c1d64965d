package gpioline

import (
	"slices"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// model is a set of lines as a technician with a scope sees them: the far side of
// the fake kernel and of the test server.
type model struct {
	mu    sync.Mutex
	lines map[string]*modelLine
}

type modelLine struct {
	name   string
	holder any // handle or connection, nil when free
	output bool
	level  gpio.Level // driven by the holder when output
	pulled gpio.Level // from outside
	config inConfig
	seq    uint32
	seen   []string // every state of the line, in order
	notify func(level gpio.Level, at time.Duration, seq uint32)
}

func newModel(names ...string) *model {
	m := &model{lines: make(map[string]*modelLine)}
	for _, n := range names {
		m.lines[n] = &modelLine{name: n}
	}
	return m
}

// note records the state of l. Called with mu held, as the others below.
func (l *modelLine) note() {
	s := "in"
	if l.output {
		s = "out" + map[gpio.Level]string{gpio.Low: "0", gpio.High: "1"}[l.level]
	}
	l.seen = append(l.seen, s)
}

func (l *modelLine) drive(holder any, level gpio.Level) {
	l.holder, l.output, l.level, l.notify = holder, true, level, nil
	l.note()
}

func (l *modelLine) listen(holder any, c inConfig, notify func(gpio.Level, time.Duration, uint32)) {
	l.holder, l.output, l.config, l.notify, l.seq = holder, false, c, notify, 0
	l.note()
}

func (l *modelLine) release() {
	l.holder, l.output, l.notify = nil, false, nil
	l.note()
}

func (l *modelLine) read() gpio.Level {
	if l.output {
		return l.level
	}
	return l.pulled
}

// pull sets the level that the world gives an input.
func (m *model) pull(name string, level gpio.Level) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lines[name]
	if l.pulled == level {
		return
	}
	l.pulled = level
	want := gpio.FallingEdge
	if level {
		want = gpio.RisingEdge
	}
	if l.output || l.notify == nil || l.config.edge&want == 0 {
		return
	}
	l.seq++
	l.notify(level, Monotonic(), l.seq)
}

func (m *model) history(name string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.lines[name].seen)
}

func (m *model) state(name string) (output bool, level gpio.Level) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lines[name]
	return l.output, l.read()
}

// hold makes a stranger hold the line.
func (m *model) hold(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines[name].holder = "a stranger"
}

// patience bounds every wait of these tests; a machine under load needs it.
const patience = 10 * time.Second

// eventually waits until what holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %v: %s", patience, what)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
