// Package recording reads recorded mains waves: WAV files of one channel and 16
// bits, and COMTRADE records. It promises that what it returns is what the file
// says, at the guard's 8000 samples a second, and that a file it does not
// understand is refused with a sentence that says why. It never guesses a rate,
// a channel or a scale.
package recording

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// Rate is the number of samples a second that the guard works with.
const Rate = 8000

// Bounds of what is read.
const (
	slowest  = 4000    // fewer samples a second alias an impulse into a false trip
	fastest  = 1000000 // per second
	largest  = 1 << 30 // bytes
	nyquist  = 0.45    // of the slower of both rates: where the low-pass of a resampling ends
	lobes    = 16      // of its kernel to each side
	countsFS = 32768
)

// Wave is a recording.
type Wave struct {
	// Rate is that of Samples, per second.
	Rate float64
	// Samples are counts; 32768 would be full scale.
	Samples []int16
}

// Load reads the recording at path. A name that ends in .cfg or .dat is a
// COMTRADE record, whose volts are turned into counts of fullScale; anything
// else is a WAV file. rate is what the caller says the file has, 0 for what
// the file says itself; it is an error when both differ.
func Load(path string, fullScale int, rate float64) (Wave, error) {
	w, err := load(path, fullScale)
	if err != nil {
		return Wave{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if rate != 0 && math.Abs(rate-w.Rate) > rate/1000 {
		return Wave{}, fmt.Errorf("%s: has %.6g samples a second, not %.6g: give -rate %.6g, or correct the file's header", filepath.Base(path), w.Rate, rate, w.Rate)
	}
	w, err = w.at8000()
	if err != nil {
		return Wave{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return w, nil
}

func load(path string, fullScale int) (Wave, error) {
	ext := strings.ToLower(filepath.Ext(path))
	if ext != ".cfg" && ext != ".dat" {
		data, err := read(path)
		if err != nil {
			return Wave{}, err
		}
		return ParseWAV(data)
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	cfg, err := sibling(stem, ".cfg", ".CFG")
	if err != nil {
		return Wave{}, err
	}
	dat, err := sibling(stem, ".dat", ".DAT")
	if err != nil {
		return Wave{}, err
	}
	return ParseCOMTRADE(cfg, dat, fullScale)
}

// sibling reads the first file there is of stem with one of the endings.
func sibling(stem string, endings ...string) ([]byte, error) {
	for _, e := range endings {
		data, err := read(stem + e)
		if !errors.Is(err, os.ErrNotExist) {
			return data, err
		}
	}
	return nil, fmt.Errorf("a COMTRADE record is two files, and %s%s is not there: %w", filepath.Base(stem), endings[0], os.ErrNotExist)
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("a folder, not a recording")
	}
	if info.Size() > largest {
		return nil, fmt.Errorf("%d MB: at most %d MB are read at once, cut it", info.Size()>>20, largest>>20)
	}
	return os.ReadFile(path)
}

// at8000 returns w at 8000 samples a second, by a windowed sinc.
func (w Wave) at8000() (Wave, error) {
	if w.Rate < slowest || w.Rate > fastest {
		return Wave{}, fmt.Errorf("%.6g samples a second: only %d to %d can be judged", w.Rate, slowest, fastest)
	}
	if w.Rate == Rate {
		return w, nil
	}
	ratio := w.Rate / Rate // input samples for one output sample
	cut := nyquist / max(1, ratio)
	reach := lobes / (2 * cut)
	out := make([]int16, int(float64(len(w.Samples))/ratio))
	for i := range out {
		at := float64(i) * ratio
		var sum, weight float64
		for j := max(0, int(math.Ceil(at-reach))); j <= min(len(w.Samples)-1, int(at+reach)); j++ {
			k := kernel(float64(j)-at, cut, reach)
			sum += k * float64(w.Samples[j])
			weight += k
		}
		out[i] = count(sum / weight)
	}
	return Wave{Rate: Rate, Samples: out}, nil
}

// kernel is a sinc of cut cycles a sample under a Hann window of reach.
func kernel(x, cut, reach float64) float64 {
	if x == 0 {
		return 1
	}
	a := 2 * math.Pi * cut * x
	return math.Sin(a) / a * (0.5 + 0.5*math.Cos(math.Pi*x/reach))
}

// count rounds and clips as a converter does; what is no number is 0.
func count(v float64) int16 {
	if math.IsNaN(v) {
		return 0
	}
	return int16(max(-countsFS, min(countsFS-1, math.Round(v))))
}
