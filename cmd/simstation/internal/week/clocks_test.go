package week

import (
	"errors"
	"sync"
	"time"

	"stationbox/firmware/clock"
)

// truth is the time outside, that nobody in the village needs to know: a bubble
// of synctest begins with the year 2000.
type truth struct{ ahead time.Duration }

func (t truth) now() time.Time { return time.Now().Add(t.ahead) }

// at is the moment in the bubble's time at which it is w outside.
func (t truth) at(w time.Time) time.Time { return w.Add(-t.ahead) }

// clock writes a moment of the bubble as the diary outside has it.
func (t truth) clock(bubble time.Time) string {
	return bubble.Add(t.ahead).In(time.FixedZone("CST", 8*3600)).Format("Mon 15:04:05 MST")
}

// machine is the board's clocks: the kernel's, which begins anew with each
// power-on, and the hardware clock behind it.
type machine struct {
	truth truth
	chip  *chip

	mu      sync.Mutex
	name    string
	on      time.Time // bubble
	off     time.Duration
	network bool          // a time server answers
	lie     time.Duration // what it says beside the truth
	stepped time.Duration // somebody stepped the kernel's clock
}

// power begins the clocks anew.
func (m *machine) power(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.name, m.on, m.stepped = name, time.Now(), 0
	m.off = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Sub(m.truth.now()) // what the image was built with
	if read, err := m.chip.Time(); err == nil {
		m.off = read.Sub(m.truth.now())
	}
}

// serverAfter is how long after power-on the time server has been heard.
const serverAfter = 45 * time.Second

// Mono is clock.System.
func (m *machine) Mono() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Since(m.on)
}

// Boot is clock.System.
func (m *machine) Boot() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.name
}

// Kernel is clock.System.
func (m *machine) Kernel() (clock.Kernel, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := clock.Kernel{Mono: time.Since(m.on), Wall: m.truth.now().Add(m.off + m.stepped)}
	if m.network && k.Mono >= serverAfter {
		m.off, m.stepped = m.lie, 0
		k.Wall, k.Synced, k.Bound = m.truth.now().Add(m.lie), true, 20*time.Millisecond
	}
	return k, nil
}

// set does change under the lock.
func (m *machine) set(change func(*machine)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

// chip is the hardware clock. With a dead battery it forgets with the mains.
type chip struct {
	truth truth

	mu    sync.Mutex
	dead  bool
	gone  bool          // it does not answer
	off   time.Duration // beside the truth
	lost  bool          // the time, and the chip says so
	mute  bool          // it cannot tell about its battery
	reset time.Time     // bubble: counting from the year 2000 since then
}

func (c *chip) powerLost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		c.lost, c.reset = true, time.Now()
	}
}

// Time is clock.HardwareClock.
func (c *chip) Time() (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone:
		return time.Time{}, errors.New("rtc: gone")
	case c.lost:
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Since(c.reset)).Truncate(time.Second), nil
	}
	return c.truth.now().Add(c.off).Truncate(time.Second), nil
}

// SetTime is clock.HardwareClock.
func (c *chip) SetTime(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return errors.New("rtc: gone")
	}
	c.off, c.lost = t.Sub(c.truth.now()), false
	return nil
}

// Battery is clock.HardwareClock.
func (c *chip) Battery() (empty, low bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone || c.mute {
		return false, false, errors.New("rtc: cannot tell")
	}
	return c.dead, false, nil
}

// set does change under the lock.
func (c *chip) set(change func(*chip)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}
