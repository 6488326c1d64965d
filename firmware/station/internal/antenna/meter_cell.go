package antenna

import (
	"math"
	"strconv"
)

// average is a running mean; its mean is NaN of nothing.
type average struct {
	n       int
	sum     float64
	first   float64 // what squares are taken from, so that nothing cancels
	squares float64
}

func (a *average) add(v float64) {
	if math.IsNaN(v) {
		return
	}
	if a.n == 0 {
		a.first = v
	}
	a.n, a.sum = a.n+1, a.sum+v
	a.squares += (v - a.first) * (v - a.first)
}

// deviation is the standard deviation; NaN of fewer than two.
func (a *average) deviation() float64 {
	if a.n < 2 {
		return math.NaN()
	}
	n, off := float64(a.n), a.mean()-a.first
	return math.Sqrt(max(0, a.squares-n*off*off) / (n - 1))
}

func (a *average) mean() float64 {
	if a.n == 0 {
		return math.NaN()
	}
	return a.sum / float64(a.n)
}

// numeral writes a number into a cell, nothing for NaN.
func numeral(v float64, decimals int) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// cellReader reads the numbers of a line; ok is false from the first that is none.
type cellReader struct {
	cells []string
	ok    bool
}

// num is NaN for an empty cell and for one that the line does not have.
func (c *cellReader) num(i int, low, high float64) float64 {
	if i >= len(c.cells) || c.cells[i] == "" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(c.cells[i], 64)
	c.ok = c.ok && err == nil && v >= low && v <= high
	return v
}
