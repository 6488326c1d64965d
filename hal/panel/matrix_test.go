package panel

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// matrix is a keypad without diodes behind eight pins: current flows through
// every closed contact, also backwards, so it has real ghosts.
type matrix struct {
	mu      sync.Mutex
	closed  uint16
	cols    [4]gpio.Level
	shorted uint8            // rows wired to ground
	slow    int              // reads until a row has risen
	rise    [4]int           // reads left
	wake    [4]chan struct{} // one edge of each row that nobody has heard of yet
	err     error
	reads   int
	edges   [4]chan edge  // of stamped rows, nil if there are none
	wait    time.Duration // a read has no turn for so long
	skip    int           // after so many others
}

// stall keeps the panel from its pins for some time, from its next read but skip.
func (m *matrix) stall(d time.Duration, skip int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wait, m.skip = d, skip
}

// open makes the wake channels, inside the bubble that uses them.
func (m *matrix) open() {
	for i := range m.wake {
		m.wake[i] = make(chan struct{}, 1)
	}
}

// lowRows follows the current. Called with mu held.
func (m *matrix) lowRows() uint8 {
	var lowCols uint8
	for c, l := range m.cols {
		if l == gpio.Low {
			lowCols |= 1 << c
		}
	}
	rows := m.shorted
	for range 8 {
		for i := range 16 {
			if m.closed&(1<<i) == 0 {
				continue
			}
			if r, c := uint8(1)<<(i/4), uint8(1)<<(i%4); lowCols&c != 0 || rows&r != 0 {
				rows |= r
				lowCols |= c
			}
		}
	}
	return rows
}

// change does something to the matrix and reports edges.
func (m *matrix) change(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.lowRows()
	do()
	after := m.lowRows()
	for r := range 4 {
		if after&^before&(1<<r) != 0 {
			select {
			case m.wake[r] <- struct{}{}:
			default:
			}
		}
		if before&^after&(1<<r) != 0 {
			m.rise[r] = m.slow
		}
		if (before^after)&(1<<r) != 0 && m.edges[r] != nil {
			m.edges[r] <- edge{after&(1<<r) == 0, stamp()}
		}
	}
}

func (m *matrix) press(cells ...int) { m.change(func() { m.closed |= uint16(key(cells...)) }) }

func (m *matrix) let(cells ...int) { m.change(func() { m.closed &^= uint16(key(cells...)) }) }

func (m *matrix) fail(err error) { m.change(func() { m.err = err }) }

type row struct {
	gpio.PinIO
	m *matrix
	n int
}

func (r row) In(gpio.Pull, gpio.Edge) error {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.m.err
}

func (r row) Level() (gpio.Level, error) {
	r.m.mu.Lock()
	wait := r.m.wait
	if r.m.skip > 0 {
		r.m.skip--
		wait = 0
	} else {
		r.m.wait = 0
	}
	r.m.mu.Unlock()
	time.Sleep(wait)
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.m.reads++
	if r.m.rise[r.n] > 0 {
		r.m.rise[r.n]--
		return gpio.Low, r.m.err
	}
	return r.m.lowRows()&(1<<r.n) == 0, r.m.err
}

func (r row) WaitForEdge(timeout time.Duration) bool {
	select {
	case <-r.m.wake[r.n]:
		return true
	case <-time.After(timeout):
		return false
	}
}

type col struct {
	gpio.PinIO
	m *matrix
	n int
}

func (c col) Out(l gpio.Level) error {
	c.m.change(func() { c.m.cols[c.n] = l })
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	return c.m.err
}

func (m *matrix) pins() (rows [4]gpio.PinIn, cols [4]gpio.PinOut) {
	for i := range 4 {
		rows[i], cols[i] = row{m: m, n: i}, col{m: m, n: i}
	}
	return rows, cols
}

// typing runs a panel on m in a bubble of virtual time.
func typing(t *testing.T, m *matrix, script func(p *Matrix)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m.open()
		rows, cols := m.pins()
		p, err := NewMatrix(rows, cols, Opts{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		time.Sleep(200 * time.Millisecond)
		script(p)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}

// heard returns the keys said so far: presses as they are, releases after a /, and a
// ! where some may have been missed.
func heard(p *Matrix) string {
	var s strings.Builder
	for {
		select {
		case k := <-p.Keys():
			if k.Missed {
				s.WriteByte('!')
			}
			if k.Rune == 0 {
				continue
			}
			if !k.Down {
				s.WriteByte('/')
			}
			s.WriteRune(k.Rune)
		default:
			return s.String()
		}
	}
}

func TestPanelTypes(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(p *Matrix) {
		for i := range 16 {
			m.press(i)
			time.Sleep(80 * time.Millisecond)
			m.let(i)
			time.Sleep(80 * time.Millisecond)
		}
		if got, want := heard(p), "1/12/23/3A/A4/45/56/6B/B7/78/89/9C/C*/*0/0#/#D/D"; got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
		if err := p.State(); err != nil {
			t.Error(err)
		}
	})
}

func TestPanelBounces(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(p *Matrix) {
		start := time.Now()
		for range 9 {
			m.press(4)
			time.Sleep(700 * time.Microsecond)
			m.let(4)
			time.Sleep(500 * time.Microsecond)
		}
		m.press(4)
		time.Sleep(60 * time.Millisecond)
		k := <-p.Keys()
		if k.Rune != '4' || !k.Down || k.At.Before(start) || k.At.Sub(start) > 30*time.Millisecond {
			t.Errorf("heard %c down %v at +%v", k.Rune, k.Down, k.At.Sub(start))
		}
		m.let(4)
		time.Sleep(60 * time.Millisecond)
		if got := heard(p); got != "/4" {
			t.Errorf("heard %s", got)
		}
	})
}

func TestPanelGhost(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(p *Matrix) {
		m.press(0)
		time.Sleep(60 * time.Millisecond)
		m.press(1)
		time.Sleep(60 * time.Millisecond)
		m.press(4) // now 5 conducts too
		time.Sleep(60 * time.Millisecond)
		if got := heard(p); got != "12" {
			t.Errorf("heard %s, want 12", got)
		}
		m.let(0, 1, 4)
		time.Sleep(60 * time.Millisecond)
		if got := heard(p); got != "/1/2" && got != "/2/1" { // a scan may see the one before the other
			t.Errorf("heard %s, want /1/2", got)
		}
	})
}

// TestPanelSlowRows: a row that rises slowly, as on a long cable, must not show
// the key of one column in the next one.
func TestPanelSlowRows(t *testing.T) {
	m := &matrix{}
	m.slow = 6
	typing(t, m, func(p *Matrix) {
		m.press(1)
		time.Sleep(60 * time.Millisecond)
		m.let(1)
		time.Sleep(60 * time.Millisecond)
		if got := heard(p); got != "2/2" {
			t.Errorf("heard %s, want 2/2", got)
		}
	})
}

func TestPanelStuckKey(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(p *Matrix) {
		m.press(10)
		time.Sleep(11 * time.Second)
		if err := p.State(); !errors.Is(err, hal.ErrGarbled) || !strings.Contains(err.Error(), "'9'") {
			t.Errorf("state: %v, want a stuck 9", err)
		}
		m.press(12)
		time.Sleep(60 * time.Millisecond)
		m.let(12)
		time.Sleep(60 * time.Millisecond)
		if got := heard(p); got != "9/9*/*" {
			t.Errorf("heard %s, want 9/9*/*", got)
		}
		m.let(10)
		time.Sleep(200 * time.Millisecond)
		if err := p.State(); err != nil {
			t.Errorf("state after it came loose: %v", err)
		}
	})
}

func TestPanelShortedRow(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(p *Matrix) {
		m.change(func() { m.shorted = 0b0010 })
		time.Sleep(200 * time.Millisecond)
		if err := p.State(); !errors.Is(err, hal.ErrGarbled) || !strings.Contains(err.Error(), "shorted") {
			t.Errorf("state: %v", err)
		}
		m.press(0)
		time.Sleep(100 * time.Millisecond)
		m.let(0)
		time.Sleep(100 * time.Millisecond)
		if got := heard(p); got != "1/1" {
			t.Errorf("heard %s, want 1/1", got)
		}
		m.change(func() { m.shorted = 0 })
		time.Sleep(200 * time.Millisecond)
		if err := p.State(); err != nil {
			t.Errorf("state after the repair: %v", err)
		}
	})
}

func TestPanelLosesItsPins(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(p *Matrix) {
		m.press(0)
		time.Sleep(60 * time.Millisecond)
		m.fail(hal.ErrGone)
		time.Sleep(time.Second)
		if err := p.State(); !errors.Is(err, hal.ErrGone) {
			t.Errorf("state: %v", err)
		}
		m.fail(nil)
		time.Sleep(time.Second)
		m.let(0)
		time.Sleep(60 * time.Millisecond)
		if got := heard(p); got != "1!!/1" || p.State() != nil {
			t.Errorf("heard %s, state %v: a lost pin made a press", got, p.State())
		}
	})
}

func TestPanelNobodyReads(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(p *Matrix) {
		for range keysDepth {
			m.press(0)
			time.Sleep(60 * time.Millisecond)
			m.let(0)
			time.Sleep(60 * time.Millisecond)
		}
		if p.Lost() != keysDepth {
			t.Errorf("lost %d, want %d", p.Lost(), keysDepth)
		}
	})
}

// TestPanelRests: with no key down a panel reads its rows only every IdleCheck.
func TestPanelRests(t *testing.T) {
	m := &matrix{}
	typing(t, m, func(*Matrix) {
		m.change(func() { m.reads = 0 })
		time.Sleep(time.Second)
		m.mu.Lock()
		defer m.mu.Unlock()
		if most := 4 * int(time.Second/IdleCheck+1); m.reads > most {
			t.Errorf("%d reads in a second at rest, want at most %d", m.reads, most)
		}
	})
}

func TestPanelNewErrors(t *testing.T) {
	rows, cols := (&matrix{}).pins()
	for name, opts := range map[string]Opts{
		"short layout": {Layout: "123"}, "twice": {Layout: "1123456789ABCDEF"}, "long": {Layout: DefaultLayout + "x"},
	} {
		if p, err := NewMatrix(rows, cols, opts); err == nil || p != nil {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if _, err := NewMatrix(rows, cols, Opts{Layout: "一二三四五六七八九十百千万亿兆京"}); err != nil {
		t.Errorf("Chinese layout: %v", err)
	}
	rows[2] = nil
	if p, err := NewMatrix(rows, cols, Opts{}); !errors.Is(err, hal.ErrGone) || p != nil {
		t.Errorf("missing row: %v, %v", p, err)
	}
}
