package dish

import (
	"errors"
	"math"
)

// errSingular means that the measurements leave something open.
var errSingular = errors.New("the measurements do not determine the answer")

// matrix is square and symmetric.
type matrix [][]float64

func newMatrix(n int) matrix {
	flat, m := make([]float64, n*n), make(matrix, n)
	for i := range m {
		m[i] = flat[i*n : (i+1)*n]
	}
	return m
}

// cholesky returns the lower triangle whose square is m, which must be positive: else
// errSingular.
func (m matrix) cholesky() (matrix, error) {
	l := newMatrix(len(m))
	for i := range m {
		for j := range i + 1 {
			sum := m[i][j]
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if i != j {
				l[i][j] = sum / l[j][j]
				continue
			}
			if !(sum > 1e-13*m[i][i]) || math.IsInf(sum, 0) {
				return nil, errSingular
			}
			l[i][i] = math.Sqrt(sum)
		}
	}
	return l, nil
}

// solved returns x of l·lᵀ·x = b.
func (m matrix) solved(b []float64) []float64 {
	x := make([]float64, len(b))
	for i := range b {
		x[i] = b[i]
		for k := range i {
			x[i] -= m[i][k] * x[k]
		}
		x[i] /= m[i][i]
	}
	for i := len(b) - 1; i >= 0; i-- {
		for k := i + 1; k < len(b); k++ {
			x[i] -= m[k][i] * x[k]
		}
		x[i] /= m[i][i]
	}
	return x
}

// inverse returns the inverse of a positive m, or errSingular.
func (m matrix) inverse() (matrix, error) {
	l, err := m.cholesky()
	if err != nil {
		return nil, err
	}
	out := newMatrix(len(m))
	for i := range m {
		e := make([]float64, len(m))
		e[i] = 1
		copy(out[i], l.solved(e))
	}
	return out, nil
}

// problem is one of least squares.
type problem struct {
	count     int                    // of residuals
	step      []float64              // of each parameter, for derivatives
	residuals func(p, out []float64) // each divided by its standard deviation
}

// mostRounds bounds the iterations of a fit.
const mostRounds = 60

// minimum goes from p downhill, by Levenberg and Marquardt, and changes p. It returns
// the sum of the squares there and the normal matrix, whose inverse is the covariance.
func (pr problem) minimum(p []float64) (float64, matrix, error) {
	r, trial := make([]float64, pr.count), make([]float64, pr.count)
	pr.residuals(p, r)
	cost := squares(r)
	damping := 1e-3
	normal, slope := pr.linear(p, r)
	for range mostRounds {
		next, err := stepped(p, normal, slope, damping)
		if err != nil {
			return 0, nil, err
		}
		pr.residuals(next, trial)
		lower := squares(trial)
		if !(lower < cost) {
			if damping *= 10; damping > 1e10 {
				break
			}
			continue
		}
		done := cost-lower < 1e-10*cost
		copy(p, next)
		r, trial, cost = trial, r, lower
		damping = max(damping/10, 1e-9)
		normal, slope = pr.linear(p, r)
		if done {
			break
		}
	}
	if math.IsNaN(cost) || math.IsInf(cost, 0) {
		return 0, nil, errSingular
	}
	return cost, normal, nil
}

func squares(r []float64) float64 {
	var sum float64
	for _, v := range r {
		sum += v * v
	}
	return sum
}

// linear returns the normal matrix and the slope at p, where the residuals are r.
func (pr problem) linear(p, r []float64) (matrix, []float64) {
	n := len(p)
	columns := make([][]float64, n)
	for i := range p {
		columns[i] = make([]float64, pr.count)
		was := p[i]
		p[i] = was + pr.step[i]
		pr.residuals(p, columns[i])
		p[i] = was
		for k := range r {
			columns[i][k] = (columns[i][k] - r[k]) / pr.step[i]
		}
	}
	normal, slope := newMatrix(n), make([]float64, n)
	for i := range n {
		slope[i] = inner(columns[i], r)
		for j := range i + 1 {
			v := inner(columns[i], columns[j])
			normal[i][j], normal[j][i] = v, v
		}
	}
	return normal, slope
}

func inner(a, b []float64) float64 {
	var sum float64
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func stepped(p []float64, normal matrix, slope []float64, damping float64) ([]float64, error) {
	m := newMatrix(len(p))
	for i := range m {
		copy(m[i], normal[i])
		m[i][i] += damping*normal[i][i] + 1e-12
	}
	l, err := m.cholesky()
	if err != nil {
		return nil, err
	}
	d := l.solved(slope)
	next := make([]float64, len(p))
	for i := range p {
		next[i] = p[i] - d[i]
	}
	return next, nil
}
