package world

import (
	"time"

	"stationbox/hal"
)

// LoadKind says what hangs on a load relay.
type LoadKind uint8

// The kinds of load. Plain draws its Amps whenever it has mains; the other two
// draw what the projector's and the TV's state says.
const (
	Plain LoadKind = iota
	ProjectorLoad
	TVLoad
)

// Load is one relay-switched load. Its place in Opts.Loads is its current
// channel of the front end, less one.
type Load struct {
	Name string
	Kind LoadKind
	Amps float64 // rms at 220 V, Plain only
}

// ProjectorOpts describes the projector. Zero values take the defaults.
type ProjectorOpts struct {
	WarmUp    time.Duration // power-on to picture, default 30s
	CoolDown  time.Duration // power-off to standby, default 60s
	Boot      time.Duration // mains to first answer, default 1s
	LampHours float64       // of the lamp at the start
	AutoOn    bool          // strikes the lamp by itself when mains comes ("direct power on")
}

// TVOpts describes the TV. Zero values take the defaults.
type TVOpts struct {
	WarmUp time.Duration // power-on to picture, default 3s
	Boot   time.Duration // mains to first answer, default 1s
}

// Opts describes a village. Zero values take the defaults.
type Opts struct {
	Seed      uint64
	Volts     float64       // rms, default 220
	Hz        float64       // default 50
	THD       float64       // harmonic distortion as a fraction, default 0.03; negative: none
	Noise     float64       // volts rms, default 0.3; negative: none
	RoomC     float64       // degrees Celsius, default 18
	Hold      time.Duration // how long a drive edge holds the contactor's coil, 100..300ms, default HoldTime
	Stuck     time.Duration // a broken drive: it holds this long instead, without bounds; for showing that a judge notices
	Waveless  bool          // no wave: Advance is one step of everything slow, a second at most for the lamp's sake; for weeks
	Band      [2]float64    // V rms, one cycle: leaving it tells of mains_bad, entering it of mains_good; zero: never
	Loads     []Load        // at most MaxLoads
	Projector ProjectorOpts
	TV        TVOpts
}

// MaxLoads is how many current channels the front end has.
const MaxLoads = 4

// DisturbanceKind names a class of waveform disturbance (IEEE 1159 families).
type DisturbanceKind uint8

// The kinds of disturbance.
const (
	Flicker   DisturbanceKind = iota + 1 // amplitude modulation: Size, Hz, For
	Impulse                              // one exponential impulse at the next crest: Size
	Ringing                              // decaying oscillation: Size, Hz, Tau
	Notches                              // a notch each half cycle: Size, For
	PhaseJump                            // Size in degrees, at once
	Offset                               // direct voltage: Size, For
)

// Disturbance is one disturbance added to the mains now. Size is per unit of
// the nominal crest (degrees for PhaseJump).
type Disturbance struct {
	Kind DisturbanceKind
	Size float64
	Hz   float64
	Tau  time.Duration
	For  time.Duration
}

// ContactorFault is a broken contactor.
type ContactorFault uint8

// The contactor's faults.
const (
	ContactorOK ContactorFault = iota
	Welded                     // stays closed, once closed
	NoClose                    // never closes
)

var contactorFaults = [...]string{"none", "welded", "no_close"}

// String returns the scenario's word for f.
func (f ContactorFault) String() string {
	if int(f) < len(contactorFaults) {
		return contactorFaults[f]
	}
	return "unknown"
}

// Event is something that happened in the physical world.
type Event struct {
	At   time.Duration // world time
	Kind string        // contactor_closed, contactor_open, relay_on, relay_off, lamp_on, lamp_off, hot_cut, hot_strike, mains_off, mains_on, mains_bad, mains_good
	Text string        // what it concerns: the load's name, the lamp's temperature
}

// Snapshot is the world at one moment.
type Snapshot struct {
	At         time.Duration // world time
	Stalls     int           // times the loop fell behind by more than StallLimit
	StallTotal time.Duration // how far behind it fell, summed
	Mains      MainsState
	Contactor  ContactorState
	LoadVolts  float64 // rms behind the contactor
	Loads      []LoadState
	Projector  ProjectorState
	TV         TVState
	TotalAmps  float64 // through the meter
	TotalWatts float64
	EnergyWh   float64 // through the meter
	RoomC      float64
	OverVolt   float64 // damage integral behind the contactor: V²·s of the rms above 264 V
}

// MainsState is the line in front of the contactor.
type MainsState struct {
	Volts       float64 // rms of the last 20 ms as it really was
	Hz          float64 // as it really is
	SetVolts    float64 // what the sliders say
	SetHz       float64
	THD         float64 // fraction
	On          bool    // false during an outage
	ArresterBad bool    // remote contact of the surge arrester open
}

// ContactorState is the main contactor.
type ContactorState struct {
	Closed   bool // main contacts
	Driven   bool // coil powered: drive edges keep coming
	Fault    ContactorFault
	LastEdge time.Duration // world time of the newest drive edge
	MovedAt  time.Duration // world time of the last movement of the main contacts
	Moves    int
}

// LoadState is one load.
type LoadState struct {
	Name    string
	Relay   bool // relay contact closed
	Powered bool // has mains
	Amps    float64
	Watts   float64
}

// ProjectorState is the projector as it is, not as it says.
type ProjectorState struct {
	State         hal.DisplayState // off, standby, warming, on, cooling
	LampC         float64          // degrees Celsius
	Lamp          bool             // burning
	Fan           bool             // turning
	Answers       bool             // its electronics are awake
	LampHours     float64
	Strikes       int
	HotCuts       int // mains lost while the lamp was above HotC
	HotCutsOutage int // those of HotCuts where the line itself was dead
	HotStrikes    int // lamp struck while above HotC
}

// TVState is the TV as it is.
type TVState struct {
	State   hal.DisplayState // off, standby, warming, on
	Answers bool             // its electronics are awake
}
