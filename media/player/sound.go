package player

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

const (
	// MostDuck is by how much the programme can be turned down, in dB.
	MostDuck = 40.0
	// duckStep and duckEvery make the way down and up: 15 dB in a tenth of a second.
	duckStep  = 3.0
	duckEvery = 20 * time.Millisecond

	// meter is the last filter of every programme: its momentary loudness by EBU R128.
	// It costs a thousandth of a core.
	meter    = "@meter:lavfi=[ebur128=metadata=1:framelog=verbose]"
	meterKey = "lavfi.r128.M"
	// meterAge is how old what it said may be: it is asked each second.
	meterAge = 2500 * time.Millisecond
)

// Duck turns the programme down by so many dB, 0 to MostDuck, within a tenth of a
// second or so, so that something else can be heard over it; 0 ends that. It returns
// at once, and holds for every programme until the next Duck.
func (p *Player) Duck(dB float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !(dB >= 0) { // also what is no number
		dB = 0
	}
	dB = min(dB, MostDuck)
	if p.duck == dB {
		return
	}
	p.duck = dB
	p.notifyLocked()
}

// filtered is mpv's option af with the meter behind what is there.
func filtered(af string) string {
	if af == "" {
		return meter
	}
	return af + "," + meter
}

// ramp brings mpv's volume a step nearer to what is wished. It returns when the next
// step is due, nil when there is none.
func (s *session) ramp(ctx context.Context) (<-chan time.Time, error) {
	s.p.mu.Lock()
	want := s.p.duck
	s.p.mu.Unlock()
	if s.ducked == want {
		return nil, nil
	}
	next := want
	if step := want - s.ducked; math.Abs(step) > duckStep {
		next = s.ducked + math.Copysign(duckStep, step)
	}
	if err := s.volume(ctx, next); err != nil {
		return nil, err
	}
	if next == want {
		return nil, nil
	}
	return time.After(duckEvery), nil
}

// volume turns the programme down by so many dB. Mpv's volume is the cube root.
func (s *session) volume(ctx context.Context, dB float64) error {
	s.ducked = dB
	_, err := s.c.call(ctx, callBound, setProperty("volume", 100*math.Pow(10, -dB/60)))
	return fatal(err)
}

// listen asks the meter, each second time.
func (s *session) listen(ctx context.Context) error {
	if s.beats++; s.beats%2 != 0 {
		return nil
	}
	data, err := s.c.call(ctx, callBound, []any{"get_property", "af-metadata/meter"})
	if fatal(err) != nil {
		return err
	}
	loud, ok := loudness(data)
	if err != nil || !ok {
		return nil
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.view.loud, s.p.view.loudAt = loud, s.p.o.Now()
	return nil
}

// loudness reads what the meter says, in LUFS; silence is far below all that is
// heard, and no number is nothing.
func loudness(data json.RawMessage) (float64, bool) {
	var said map[string]string
	if json.Unmarshal(data, &said) != nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(said[meterKey], 64)
	if err != nil || math.IsNaN(v) || v > 60 {
		return 0, false
	}
	return max(v, -120), true
}
