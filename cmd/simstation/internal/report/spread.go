package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Spread is how a number is distributed.
type Spread struct {
	Min float64 `json:"min"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// SpreadOf sorts the values and describes them; nil for none.
func SpreadOf(values []float64) *Spread {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	return &Spread{values[0], Percentile(values, 50), Percentile(values, 95), Percentile(values, 99), values[len(values)-1]}
}

// Columns is a part of a table, five numbers of seven characters written by verb,
// such as "%+7.1f"; dashes for nil.
func (s *Spread) Columns(verb string) string {
	if s == nil {
		return strings.TrimPrefix(strings.Repeat("       –", 5), " ")
	}
	return fmt.Sprintf(strings.TrimSuffix(strings.Repeat(verb+" ", 5), " "), s.Min, s.P50, s.P95, s.P99, s.Max)
}

// Percentile is the smallest of the sorted values that p per cent of them do not
// exceed (nearest rank). Of fewer than 100 values the 99th is the largest.
func Percentile(sorted []float64, p float64) float64 {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Milliseconds is d to the microsecond.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
