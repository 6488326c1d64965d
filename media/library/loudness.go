package library

import "math"

// Loudness is how loud a film is, measured once, and by how much the player turns
// it up or down so that all lessons are equally loud (EBU R 128).
type Loudness struct {
	LUFS    float64 `toml:"lufs" json:"lufs"`       // integrated loudness; −70 is silence
	PeakDB  float64 `toml:"peak_db" json:"peak_db"` // highest true peak in dBTP
	GainDB  float64 `toml:"gain_db" json:"gain_db"` // what the player adds
	Limited bool    `toml:"limited,omitempty" json:"limited,omitempty"`
}

// The loudness that all lessons have, and the highest peak they may have: EBU R 128.
const (
	TargetLUFS = -23.0
	PeakDBTP   = -1.0

	gate     = -70.0 // absolute gate of ITU-R BS.1770: below it is silence
	mostGain = 24.0  // dB; beyond it the noise of a recording is all that is heard
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

// Level is the loudness that the film has with its gain, in LUFS.
func (l Loudness) Level() float64 { return tenth(l.LUFS + l.GainDB) }
