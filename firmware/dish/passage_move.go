package dish

import "math"

const (
	// moveLeast is the smallest move that is told: the satellite itself wanders by up to 0.1°.
	moveLeast Degrees = 0.12
	movePart  Degrees = 0.06 // and the same as a part of the beam
	moveSure          = 5    // standard deviations
	moveDays          = 2    // on either side
	slopeStep         = 0.01 // of the slopes: degrees, or of the logarithm
)

// dayPull is what one day says about another boresight and another strength of the Sun: the
// normal equations of the first step of a fit, whatever its clear sky.
type dayPull struct {
	m [3][3]float64
	b [3]float64
}

// pull takes the readings of a day with the Sun taken out as at foretells.
func (f *transit) pull(at guess, dry []float64) (p dayPull) {
	var slopes [3][]float64
	for a := range slopes {
		more, less := append(guess(nil), at...), append(guess(nil), at...)
		more[a] += slopeStep
		less[a] -= slopeStep
		high, low := make([]float64, len(dry)), make([]float64, len(dry))
		f.dips(more, high)
		f.dips(less, low)
		for i := range high {
			high[i] = (high[i] - low[i]) / (2 * slopeStep)
		}
		usual := mean(high)
		for i := range high {
			high[i] -= usual
		}
		slopes[a] = high
	}
	usual := mean(dry)
	for a := range slopes {
		for i, v := range dry {
			p.b[a] -= slopes[a][i] * (v - usual)
			for b := range slopes {
				p.m[a][b] += slopes[a][i] * slopes[b][i]
			}
		}
	}
	return p
}

// moveAmong returns the day from which on the days without rain agree on another boresight
// than those before, by least and more; noise is that of a reading.
func moveAmong(days []PassageDay, least Degrees, noise DB) (int, bool) {
	var list []int
	for i, d := range days {
		if d.Use == PassageUsed || d.Use == PassageMoved {
			list = append(list, i)
		}
	}
	day, most := 0, 0.0
	for k := moveDays; k+moveDays <= len(list); k++ {
		if by, sigma := moveAt(days, list, k, float64(noise)); by > most && by > moveSure*sigma {
			day, most = list[k], by
		}
	}
	return day, most > float64(least)
}

// moveAt fits boresight, strength and a move between the days before and from the k-th on, and
// returns how far it is and how well that is known.
func moveAt(days []PassageDay, list []int, k int, noise float64) (by, sigma float64) {
	m, b := newMatrix(5), make([]float64, 5) // across, up, strength; the move across and up
	for n, i := range list {
		p := days[i].pull
		index := []int{0, 1, 2}
		of := []int{0, 1, 2}
		if n >= k {
			index, of = append(index, 3, 4), append(of, 0, 1)
		}
		for r, row := range index {
			b[row] += p.b[of[r]]
			for c, column := range index {
				m[row][column] += p.m[of[r]][of[c]]
			}
		}
	}
	l, err := m.cholesky()
	if err != nil {
		return 0, 0
	}
	inverse, err := m.inverse()
	if err != nil {
		return 0, 0
	}
	x := l.solved(b)
	return math.Hypot(x[3], x[4]), noise * math.Sqrt(max(inverse[3][3], inverse[4][4]))
}
