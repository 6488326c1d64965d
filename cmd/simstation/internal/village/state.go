package village

import (
	"encoding/json"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/hal/sim/scenario"
	"stationbox/hal/sim/world"
)

// State is what the bench page draws. Missing is unknown: null.
type State struct {
	Now       time.Time         `json:"now"`
	Seed      int64             `json:"seed"`
	Scenario  ScenarioState     `json:"scenario"`
	Mains     MainsState        `json:"mains"`
	Contactor ContactorState    `json:"contactor"`
	Loads     []LoadState       `json:"loads"`
	Projector ProjectorState    `json:"projector"`
	TV        TVState           `json:"tv"`
	Panel     PanelState        `json:"panel"`
	Dish      DishState         `json:"dish"`
	Eye       EyeState          `json:"eye"`
	Processes []Process         `json:"processes"`
	Guard     json.RawMessage   `json:"guard"`
	Station   json.RawMessage   `json:"station"`
	Wave      []int16           `json:"wave"` // volts, the last 40 ms
	RMS       []Point           `json:"rms"`  // the last 60 s
	Events    []Event           `json:"events"`
	Faults    []FaultState      `json:"faults"`
	Devices   map[string]string `json:"device_faults"` // what a hand broke, by device
}

// ScenarioState is how far the script is.
type ScenarioState struct {
	Name   string   `json:"name"`
	Label  string   `json:"label"`
	End    *string  `json:"end"`
	Done   bool     `json:"done"`
	Failed []string `json:"failed"`
}

// MainsState is the line as it really is.
type MainsState struct {
	Volts    float64 `json:"volts"`
	Hz       float64 `json:"hz"`
	SetVolts float64 `json:"set_volts"`
	SetHz    float64 `json:"set_hz"`
	THDPct   float64 `json:"thd_pct"`
	On       bool    `json:"on"`
}

// ContactorState is the main contactor as it really is.
type ContactorState struct {
	Closed bool `json:"closed"`
	Driven bool `json:"driven"`
	Welded bool `json:"welded"`
}

// LoadState is one relay with what hangs on it.
type LoadState struct {
	Name    string  `json:"name"`
	Relay   bool    `json:"relay"`
	Powered bool    `json:"powered"`
	Amps    float64 `json:"amps"`
	Watts   float64 `json:"watts"`
}

// ProjectorState is the projector as it really is.
type ProjectorState struct {
	State      string  `json:"state"`
	LampC      float64 `json:"lamp_c"`
	Fan        bool    `json:"fan"`
	LampHours  float64 `json:"lamp_hours"`
	Input      string  `json:"input"`
	Ours       bool    `json:"ours"` // the input is that of the station
	HotCuts    int     `json:"hot_cuts"`
	HotStrikes int     `json:"hot_strikes"`
	Fault      string  `json:"fault"`
}

// TVState is the TV as it really is.
type TVState struct {
	State  string `json:"state"`
	Input  string `json:"input"`
	Ours   bool   `json:"ours"` // the input is that of the station
	Volume int    `json:"volume"`
	Mute   bool   `json:"mute"`
	Fault  string `json:"fault"`
}

// PanelState is the panel with its lamp, its buzzer and the people before it.
type PanelState struct {
	Down    []string          `json:"down"`
	Lamp    bool              `json:"lamp"`
	Buzzer  bool              `json:"buzzer"`
	Members []firmware.Member `json:"members"`
	Fault   string            `json:"fault"`
}

// EyeState is what is seen on the screen.
type EyeState struct {
	Frame             *int     `json:"frame"`
	FirstFrameErrorMS *float64 `json:"first_frame_error_ms"`
	Seen              int      `json:"seen"`
}

// FaultState is a fault in words.
type FaultState struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Hint string `json:"hint"`
}

// Point is one point of the curves: seconds of world time, volts, watts.
type Point struct {
	T float64 `json:"t"`
	V float64 `json:"v"`
	W float64 `json:"w"`
}

// curve keeps the last minute, four points a second.
type curve struct {
	mu     sync.Mutex
	points []Point
}

func (c *curve) add(s world.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points = append(c.points, Point{T: s.At.Seconds(), V: round(s.Mains.Volts, 10), W: round(s.TotalWatts, 1)})
	if len(c.points) > 240 {
		c.points = append([]Point(nil), c.points[len(c.points)-240:]...)
	}
}

func (c *curve) list() []Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Point{}, c.points...)
}

// round keeps 1/part of a unit.
func round(v, part float64) float64 {
	if v < 0 {
		return -round(-v, part)
	}
	return float64(int64(v*part+0.5)) / part
}

// Snapshot returns what is so now, a State.
func (v *Village) Snapshot() any { return v.state() }

func (v *Village) state() State {
	s := v.far.world.Snapshot()
	now := v.now()
	status := v.answers.latest(now)
	st := State{
		Now: now.In(v.zone()), Seed: v.o.Seed, Scenario: v.scenarioState(now),
		Mains: MainsState{Volts: round(s.Mains.Volts, 10), Hz: round(s.Mains.Hz, 100), SetVolts: s.Mains.SetVolts, SetHz: s.Mains.SetHz,
			THDPct: round(100*s.Mains.THD, 10), On: s.Mains.On},
		Contactor: ContactorState{Closed: s.Contactor.Closed, Driven: s.Contactor.Driven, Welded: s.Contactor.Fault == world.Welded},
		Loads:     loadStates(s.Loads), Projector: v.projectorState(s.Projector), TV: v.tvState(s.TV),
		Panel: PanelState{Down: v.far.panel.Down(), Lamp: v.far.lamp.On(), Buzzer: v.far.buzzer.On(), Members: members(), Fault: v.far.panel.FaultName()},
		Dish:  v.dishState(),
		Eye:   v.eyeState(), Processes: v.Processes(),
		Guard: part(status, "guard"), Station: status, Wave: half(v.far.world.Wave(320)), RMS: v.curve.list(),
		Events: v.diary.list(v.zone()), Faults: []FaultState{}, Devices: map[string]string{},
	}
	if raw := part(status, "faults"); raw != nil {
		read(raw, &st.Faults)
	}
	for _, d := range v.far.devices {
		st.Devices[d.Name()] = d.FaultName()
	}
	return st
}

// part returns one value of a JSON object, nil when it is not there.
func part(object json.RawMessage, name string) json.RawMessage {
	var fields map[string]json.RawMessage
	if object == nil || json.Unmarshal(object, &fields) != nil {
		return nil
	}
	return fields[name]
}

// half takes every second sample.
func half(wave []int16) []int16 {
	out := make([]int16, 0, len(wave)/2)
	for i := 0; i < len(wave); i += 2 {
		out = append(out, wave[i])
	}
	return out
}

func (v *Village) scenarioState(now time.Time) ScenarioState {
	v.mu.Lock()
	done := v.done
	v.mu.Unlock()
	s := ScenarioState{Name: v.o.Name, Label: scenario.FormatClock(max(v.clock.label(now), 0)), Done: done, Failed: v.Failed()}
	if end := v.o.Script.End; end > 0 {
		text := scenario.FormatClock(end)
		s.End = &text
	}
	return s
}

func loadStates(loads []world.LoadState) []LoadState {
	list := make([]LoadState, len(loads))
	for i, o := range outlets() {
		l := loads[i]
		list[o.order] = LoadState{Name: l.Name, Relay: l.Relay, Powered: l.Powered, Amps: round(l.Amps, 1000), Watts: round(l.Watts, 10)}
	}
	return list
}

func (v *Village) projectorState(p world.ProjectorState) ProjectorState {
	return ProjectorState{
		State: p.State.String(), LampC: round(p.LampC, 1), Fan: p.Fan, LampHours: round(p.LampHours, 1), Input: v.far.projector.Snapshot().Input, Ours: v.far.projector.Shows(v.cfg.Projector.Input),
		HotCuts: p.HotCuts, HotStrikes: p.HotStrikes, Fault: v.far.projector.FaultName(),
	}
}

func (v *Village) tvState(t world.TVState) TVState {
	view := v.far.tv.Snapshot()
	return TVState{State: t.State.String(), Input: view.Input, Ours: view.Input == v.cfg.TV.Input, Volume: view.Volume, Mute: view.Mute, Fault: v.far.tv.FaultName()}
}

func (v *Village) eyeState() EyeState {
	seen := v.watch.Seen()
	e := EyeState{Seen: seen.Frames}
	if m, late := v.firstMotion(seen); m != nil {
		e.FirstFrameErrorMS = &late
	}
	if seen.Frame >= 0 {
		e.Frame = &seen.Frame
	}
	return e
}

// Processes returns guard, station and player.
func (v *Village) Processes() []Process {
	var list []Process
	for _, p := range []*process{v.guard, v.station} {
		if p != nil {
			list = append(list, p.state())
		}
	}
	return append(list, v.player.state())
}
