package library

import (
	"fmt"
	"math"
)

// Loudness is how loud a film is, measured once, and by how much the player turns
// it up or down so that all lessons are equally loud (EBU R 128).
type Loudness struct {
	LUFS   float64 `toml:"lufs" json:"lufs"`       // integrated loudness; −70 is silence
	PeakDB float64 `toml:"peak_db" json:"peak_db"` // highest true peak in dBTP
	GainDB float64 `toml:"gain_db" json:"gain_db"` // what the player adds
	// LimitDB is where the player cuts the peaks of a film that its gain would drive
	// beyond full scale, in dBFS; 0 is: nowhere.
	LimitDB float64 `toml:"limit_db,omitempty" json:"limit_db,omitempty"`
	// Reached is the loudness of a film whose peaks are cut, as measured with the
	// gain, in LUFS.
	Reached float64 `toml:"reached_lufs,omitempty" json:"reached_lufs,omitempty"`
	// Limited is that the film stays quieter than all others.
	Limited bool `toml:"limited,omitempty" json:"limited,omitempty"`
}

// The loudness that all lessons have, and the highest peak they may have: EBU R 128.
const (
	TargetLUFS = -23.0
	PeakDBTP   = -1.0

	gate      = -70.0 // absolute gate of ITU-R BS.1770: below it is silence
	faintGain = 24.0  // dB; more than that brings up the noise of the recording too
	mostGain  = 40.0  // dB; what is quieter than −63 LUFS lies in the noise of 16 bits

	// Bounds of the player's filter, whatever a manifest says.
	boundGain  = 60.0
	boundLimit = -24.0
)

// silent says whether nothing is to be heard.
func (l Loudness) silent() bool { return l.LUFS <= gate }

// gain computes the gain: to the target, unless the highest peak would go beyond
// PeakDBTP, or the noise would be all there is. Silence gets none.
func gain(lufs, peak float64) Loudness {
	l := Loudness{LUFS: tenth(lufs), PeakDB: tenth(peak)}
	if l.silent() {
		return l
	}
	want := TargetLUFS - lufs
	l.GainDB = math.Floor(10*min(want, PeakDBTP-peak, mostGain)+1e-6) / 10
	// The summary has one digit after the point: a shortfall within it is none.
	l.Limited = want-l.GainDB > 0.15
	return l
}

func tenth(v float64) float64 { return math.Round(10*v) / 10 }

// Level is the loudness that the film has in the player, in LUFS.
func (l Loudness) Level() float64 {
	if l.LimitDB < 0 {
		return l.Reached
	}
	return tenth(l.LUFS + l.GainDB)
}

// Filter is what the player must do to the sound, as mpv's option "af" takes it; ""
// is nothing. It is made of two bounded numbers, whatever a manifest says.
func (l Loudness) Filter() string {
	if g := l.graph(); g != "" {
		return "lavfi=[" + g + "]"
	}
	return ""
}

func (l Loudness) graph() string {
	gain := max(-boundGain, min(boundGain, l.GainDB))
	if l.silent() || gain == 0 || math.IsNaN(gain) {
		return ""
	}
	g := fmt.Sprintf("volume=%.1fdB", gain)
	if l.LimitDB < 0 {
		// Gain and limit are decibels of full scale; the limiter wants a factor.
		g += fmt.Sprintf(",alimiter=level=0:attack=1:release=50:limit=%.4f", math.Pow(10, max(boundLimit, l.LimitDB)/20))
	}
	return g
}
