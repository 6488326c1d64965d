package proof

import (
	"encoding/json"
	"fmt"
)

// steps is the number of watts that are told apart; more count as steps-1. A
// 16 A socket gives 3.7 kW.
const steps = 4096

// Histogram counts watts, so that the median of a whole lesson is exact to the
// watt. Its zero value is empty.
type Histogram struct {
	counts [steps]uint32
	n      uint64
}

// Add counts one value in W.
func (h *Histogram) Add(w int64) {
	h.counts[clamp(w, steps-1)]++
	h.n++
}

// Watts returns the least, the median (the lower of two) and the most, or nil
// when nothing was counted.
func (h *Histogram) Watts() *Watts {
	if h.n == 0 {
		return nil
	}
	var out Watts
	var passed uint64
	least, middle := false, false
	for w, n := range h.counts {
		if n == 0 {
			continue
		}
		passed += uint64(n)
		if !least {
			out[0], least = int64(w), true
		}
		if !middle && 2*passed >= h.n {
			out[1], middle = int64(w), true
		}
		out[2] = int64(w)
	}
	return &out
}

// MarshalJSON writes [[watts, count], …] of what occurred.
func (h Histogram) MarshalJSON() ([]byte, error) {
	list := [][2]uint32{}
	for w, n := range h.counts {
		if n > 0 {
			list = append(list, [2]uint32{uint32(w), n})
		}
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	var list [][2]uint32
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	var out Histogram
	for _, p := range list {
		if p[0] >= steps {
			return fmt.Errorf("histogram: %d W", p[0])
		}
		out.counts[p[0]] += p[1]
		out.n += uint64(p[1])
	}
	*h = out
	return nil
}
