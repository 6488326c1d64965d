package power

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

// Record is one event as it is kept on the card: STATE/events/WALL-BOOT-SEQ.json,
// at most 16 KiB. Times without a unit in their name are in the station's wall
// time, as far as that is right; everything else counts from the middle of the
// wave.
type Record struct {
	Version   int       `json:"version"`
	Boot      string    `json:"boot"`
	Seq       uint64    `json:"seq"`  // of the first event in it that the station was told; 0: none yet
	Wall      time.Time `json:"wall"` // of the middle of the wave
	Whole     bool      `json:"whole"`
	FullScale int       `json:"full_scale"` // volts of sample 32768
	Acts      []Act     `json:"acts"`       // in the order in which they became known
	Next      Next      `json:"next"`
	Limits    Limits    `json:"limits"`
	Wave      Trace     `json:"wave"`
	Fine      Curve     `json:"fine"`   // rms nearby
	Coarse    Curve     `json:"coarse"` // rms of the last minute
}

// Act is one thing that happened: an event of the guard, or "contact_open" and
// "contact_closed" when the contactor was seen to move.
type Act struct {
	Seq      uint64 `json:"seq,omitempty"`
	Kind     string `json:"kind"`
	Cause    string `json:"cause,omitempty"` // bare word
	AtUS     int64  `json:"at_us"`           // after the middle of the wave
	MV       int64  `json:"mv,omitempty"`    // extreme rms
	LastedUS int64  `json:"lasted_us,omitempty"`
	Ongoing  bool   `json:"ongoing,omitempty"` // it had not ended when this was written
}

// Next is what the guard does after an event, by its state right after it.
type Next struct {
	Phase     string `json:"phase"`
	Cause     string `json:"cause,omitempty"` // bare word
	Contactor bool   `json:"contactor"`       // ordered closed
	Latched   bool   `json:"latched"`         // waits for a technician
	WaitMS    int64  `json:"wait_ms"`         // the contactor stays open for at least this long
	GoodMS    int64  `json:"good_ms"`         // unbroken good mains before it closes
	Trips     int    `json:"trips"`           // of the last hour
	MaxTrips  int    `json:"max_trips"`       // that lock out
}

// Limits are those of the guard when the event happened, in rms volts.
type Limits struct {
	GoodLow  int       `json:"good_low"`
	GoodHigh int       `json:"good_high"`
	Stages   []StageOf `json:"stages"`
}

// StageOf is a Stage in a Record.
type StageOf struct {
	Over    int   `json:"over,omitempty"`
	Under   int   `json:"under,omitempty"`
	AfterMS int64 `json:"after_ms"`
}

// Trace is the wave: Before samples lie before the middle.
type Trace struct {
	Rate    int      `json:"rate"` // samples a second
	Before  int      `json:"before"`
	Samples Samples  `json:"samples"`
	Gaps    [][2]int `json:"gaps,omitempty"` // from…to of samples that never came; from = to: some were lost here
}

// Curve is the lowest and the highest one-cycle rms of each step, in 0.1 V; -1
// is not known.
type Curve struct {
	FromMS int64   `json:"from_ms"` // beginning of the first step, after the middle of the wave
	StepMS int64   `json:"step_ms"`
	Lo     Samples `json:"lo"`
	Hi     Samples `json:"hi"`
}

// Samples are written as base64 of little-endian 16 bits.
type Samples []int16

// MarshalText is encoding.TextMarshaler.
func (s Samples) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 2*len(s))
	for _, v := range s {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText is encoding.TextUnmarshaler.
func (s *Samples) UnmarshalText(b []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, b)
	if err != nil || len(raw)%2 != 0 {
		return fmt.Errorf("samples: no base64 of 16-bit numbers")
	}
	*s = make(Samples, len(raw)/2)
	for i := range *s {
		(*s)[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return nil
}

const recordVersion = 1

// Bounds of what is believed of a file.
const (
	maxRecord  = 64 << 10
	maxSamples = 8192
)

// ParseRecord returns the record in b, checked: every number can be drawn. The
// error says what cannot be believed.
func ParseRecord(b []byte) (*Record, error) {
	if len(b) > maxRecord {
		return nil, fmt.Errorf("guard event: %d bytes: at most %d", len(b), maxRecord)
	}
	r := &Record{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("guard event: %w", err)
	}
	for _, c := range []struct {
		what string
		bad  bool
	}{
		{"version", r.Version != recordVersion},
		{"full scale", r.FullScale < 1 || r.FullScale > 100_000},
		{"list of acts", len(r.Acts) == 0 || len(r.Acts) > 2*maxActs},
		{"limits", len(r.Limits.Stages) > MaxStages},
		{"wave", !r.Wave.valid()},
		{"rms nearby", !r.Fine.valid()},
		{"rms of the last minute", !r.Coarse.valid()},
		{"time", r.Wall.Year() < 1970 || r.Wall.Year() > 9999},
	} {
		if c.bad {
			return nil, fmt.Errorf("guard event: %s: out of range", c.what)
		}
	}
	return r, r.checkTimes()
}

// checkTimes refuses times that are longer than a day: nothing that is kept
// together lies farther apart, and sums of them cannot overflow.
func (r *Record) checkTimes() error {
	far := func(v int64, unit time.Duration) bool { most := int64(day / unit); return v < -most || v > most }
	bad := far(r.Next.WaitMS, time.Millisecond) || far(r.Next.GoodMS, time.Millisecond)
	for _, a := range r.Acts {
		bad = bad || far(a.AtUS, time.Microsecond) || far(a.LastedUS, time.Microsecond) || a.MV < 0 || a.MV > 1e9
	}
	for _, s := range r.Limits.Stages {
		bad = bad || far(s.AfterMS, time.Millisecond) || s.Over < 0 || s.Over > 100_000 || s.Under < 0 || s.Under > 100_000
	}
	if bad {
		return fmt.Errorf("guard event: a time or a voltage: out of range")
	}
	return nil
}

func (t *Trace) valid() bool {
	n := len(t.Samples)
	if t.Rate < 1 || t.Rate > 1_000_000 || n < 2 || n > maxSamples || t.Before < 0 || t.Before > n || len(t.Gaps) > maxGaps {
		return false
	}
	last := 0
	for _, g := range t.Gaps {
		if g[0] < last || g[1] < g[0] || g[1] > n {
			return false
		}
		last = g[1]
	}
	return true
}

func (c *Curve) valid() bool {
	n := int64(len(c.Lo))
	most := int64(day / time.Millisecond)
	return len(c.Hi) == len(c.Lo) && n <= ringBins && c.StepMS >= 1 && c.StepMS <= most/ringBins && c.FromMS >= -most && c.FromMS <= most
}

// next says what follows s.
func (p *Plan) next(s *State) Next {
	return Next{
		Phase: s.Phase.String(), Cause: s.Cause.Word(), Contactor: s.Commanded(),
		Latched: s.Latched || s.Phase == Lockout,
		WaitMS:  s.Wait.Milliseconds(), GoodMS: p.goodTime.Milliseconds(), Trips: s.TripCount(), MaxTrips: p.maxTrips,
	}
}

func limitsOf(s Settings, p *Plan) Limits {
	l := Limits{GoodLow: int(p.goodLow / 1000), GoodHigh: int(p.goodHigh / 1000)}
	for _, st := range s.table() {
		l.Stages = append(l.Stages, StageOf{Over: st.Over, Under: st.Under, AfterMS: st.After.Milliseconds()})
	}
	return l
}

// record turns a capture into what is written.
func (k *boxKeeper) record(c *capture) *Record {
	r := &Record{
		Version: recordVersion, Boot: k.boot, Seq: c.seq, Wall: c.wall.UTC().Round(time.Microsecond), Whole: c.whole,
		FullScale: k.fullScale, Next: c.next, Limits: k.limits,
		Wave:   Trace{Rate: int(sampleRate), Before: aroundSamples, Samples: c.wave[:]},
		Fine:   curveOf(c.fine[:], fineBefore, fineBin),
		Coarse: curveOf(c.coarse[:], coarseBefore, coarseBin),
	}
	for _, a := range c.acts[:c.n] {
		r.Acts = append(r.Acts, a.record())
	}
	for _, g := range c.gaps[:c.nGaps] {
		r.Wave.Gaps = append(r.Wave.Gaps, [2]int{int(g[0]), int(g[1])})
	}
	return r
}

func (a *act) record() Act {
	kind := a.Kind.String()
	switch a.contact {
	case ContactOpen:
		kind = "contact_open"
	case ContactClosed:
		kind = "contact_closed"
	}
	return Act{
		Seq: a.seq, Kind: kind, Cause: a.Cause.Word(), AtUS: (time.Duration(a.at) * SampleTime).Microseconds(),
		MV: int64(a.MV), LastedUS: a.Lasted.Microseconds(), Ongoing: a.ongoing,
	}
}

func curveOf(bins []bin, before time.Duration, every int64) Curve {
	c := Curve{FromMS: -before.Milliseconds(), StepMS: (time.Duration(every) * FrameTime).Milliseconds()}
	for _, b := range bins {
		c.Lo, c.Hi = append(c.Lo, b.lo), append(c.Hi, b.hi)
	}
	return c
}
