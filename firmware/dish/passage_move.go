package dish

import "math"

const (
	// moveLeast is the smallest move that is told: the satellite itself wanders by up to 0.1°.
	moveLeast Degrees = 0.12
	movePart  Degrees = 0.06 // and the same as a part of the beam
	moveSure          = 5    // standard deviations
	moveDays          = 2    // on either side
	moveLeft          = 0.6  // of the squares that a move leaves at most: else it was something else
	slopeStep         = 0.01 // of the slopes: degrees, or of the logarithm
)

// dayPull is what one day says about another boresight and another strength of the Sun: the
// normal equations of the first step of a fit, whatever its clear sky.
type dayPull struct {
	m   [3][3]float64
	b   [3]float64
	off float64 // the sum of the squares of what the readings are off
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
	for _, v := range dry {
		p.off += (v - usual) * (v - usual)
	}
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
		if d.Use == PassageUsed || d.Use == PassageOdd {
			list = append(list, i)
		}
	}
	day, most := 0, 0.0
	for k := moveDays; k+moveDays <= len(list); k++ {
		if by := moveAt(days, list, k, float64(noise)); by > most {
			day, most = list[k], by
		}
	}
	return day, most > float64(least)
}

// moveAt fits boresight, strength and a move between the days before and from the k-th on, and
// returns how far it is: 0 when that explains little of what the readings are off, or is not
// sure.
func moveAt(days []PassageDay, list []int, k int, noise float64) float64 {
	m, b, all := newMatrix(5), make([]float64, 5), 0.0 // across, up, strength; the move across and up
	for n, i := range list {
		p := days[i].pull
		index, of := []int{0, 1, 2}, []int{0, 1, 2}
		if n >= k {
			index, of = append(index, 3, 4), append(of, 0, 1)
		}
		all += p.off
		for r, row := range index {
			b[row] += p.b[of[r]]
			for c, column := range index {
				m[row][column] += p.m[of[r]][of[c]]
			}
		}
	}
	still := matrix{m[0][:3], m[1][:3], m[2][:3]}
	x0, err0 := still.answer(b[:3])
	x, err := m.answer(b)
	inverse, errInverse := m.inverse()
	if err0 != nil || err != nil || errInverse != nil {
		return 0
	}
	by, sigma := math.Hypot(x[3], x[4]), noise*math.Sqrt(max(inverse[3][3], inverse[4][4]))
	left, unmoved := all-dotOf(x, b), all-dotOf(x0, b[:3])
	if by < moveSure*sigma || left > moveLeft*unmoved {
		return 0
	}
	return by
}

// answer is x of m·x = b.
func (m matrix) answer(b []float64) ([]float64, error) {
	l, err := m.cholesky()
	if err != nil {
		return nil, err
	}
	return l.solved(b), nil
}

func dotOf(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
