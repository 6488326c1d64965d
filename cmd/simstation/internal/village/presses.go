package village

import (
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"stationbox/hal/sim/world"
)

// ackPatience is how long after the confirming key lamp and buzzer may take.
const ackPatience = 3 * time.Second

// pressCounter counts the presses that people made and those that lamp and
// buzzer answered, as seen at the pins.
type pressCounter struct {
	hands sync.Mutex // one villager at a time

	mu           sync.Mutex
	digits       string         // typed since the last confirming or clearing key
	numbers      map[string]int // how often each was confirmed
	made         int
	acknowledged int
	waiting      []time.Time // confirming keys without an answer yet
	buzzer       bool
	edge         time.Time // when it went on, the lamp not seen lit yet
	beeped       time.Time // when it last went on and the lamp was lit with it
	delays       []float64 // milliseconds from key to answer, -1 for none
}

// typed notes one key going down.
func (c *pressCounter) typed(k rune, now time.Time) {
	c.mu.Lock()
	number := c.digits
	switch {
	case k >= '0' && k <= '9':
		number += string(k)
	case k == '#' || k == '*':
		number = ""
	}
	whole := c.digits
	c.digits = number
	c.mu.Unlock()
	if k == '#' && whole != "" {
		c.confirmed(whole, now)
	}
}

// confirmed notes a number whose confirming key goes down now.
func (c *pressCounter) confirmed(number string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.numbers == nil {
		c.numbers = map[string]int{}
	}
	c.numbers[strings.TrimLeft(number, "0")]++
	c.made++
	c.waiting = append(c.waiting, now)
}

// strange counts the numbers on record that nobody confirmed, or not so often.
func (c *pressCounter) strange(recorded []int) int {
	c.mu.Lock()
	left := maps.Clone(c.numbers)
	c.mu.Unlock()
	n := 0
	for _, r := range recorded {
		number := strconv.Itoa(r)
		if left[number] == 0 {
			n++
			continue
		}
		left[number]--
	}
	return n
}

// look notes the levels of lamp and buzzer. An answer is a beep with the
// lamp lit: the lamp alone may be calling to the roll.
func (c *pressCounter) look(now time.Time, lamp, buzzer bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if buzzer && !c.buzzer {
		c.edge = now
	}
	if buzzer && lamp && !c.edge.IsZero() {
		c.beeped, c.edge = c.edge, time.Time{}
	}
	c.buzzer = buzzer
	for len(c.waiting) > 0 {
		answered := c.beeped.After(c.waiting[0]) && c.beeped.Sub(c.waiting[0]) <= ackPatience
		late := now.Sub(c.waiting[0]) > ackPatience
		if !answered && !late {
			return
		}
		delay := -1.0
		if answered {
			c.acknowledged++
			delay = float64(c.beeped.Sub(c.waiting[0])) / float64(time.Millisecond)
			c.beeped = time.Time{} // one answer for one press
		}
		c.delays = append(c.delays, delay)
		c.waiting = c.waiting[1:]
	}
}

// counts returns presses made and acknowledged, and how long each waited.
func (c *pressCounter) counts() (made, acknowledged int, delays []float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made, c.acknowledged, append([]float64{}, c.delays...)
}

// cutTimer measures how long the contactor stays closed after guard is killed.
type cutTimer struct {
	mu    sync.Mutex
	armed bool
	from  time.Duration // world time
	open  []float64     // milliseconds
}

func (c *cutTimer) killed(w *world.World) {
	s := w.Snapshot()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.from = s.Contactor.Closed, s.At
}

func (c *cutTimer) look(w *world.World) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed {
		return
	}
	s := w.Snapshot()
	if !s.Contactor.Closed && s.Contactor.MovedAt >= c.from {
		c.armed = false
		c.open = append(c.open, float64(s.Contactor.MovedAt-c.from)/float64(time.Millisecond))
	}
}

// times returns what was measured, and a value of 10 s for a contactor that
// should have opened and did not yet.
func (c *cutTimer) times() []float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := append([]float64{}, c.open...)
	if c.armed {
		list = append(list, 10000)
	}
	return list
}
