package telemetry

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// sum collects one channel.
type sum struct {
	least, most, last int32
	total             int64
	known             int
}

func (s *sum) add(v int32) {
	if v == Unknown {
		return
	}
	if s.known == 0 {
		s.least, s.most = v, v
	}
	s.least, s.most, s.last = min(s.least, v), max(s.most, v), v
	s.total += int64(v)
	s.known++
}

func (s *sum) summary() (Summary, bool) {
	if s.known == 0 {
		return Summary{}, false
	}
	return Summary{s.least, int32(s.total / int64(s.known)), s.most, s.last, s.known}, true
}

// Merge joins two rollups, a before b, into one: hours are made of ten minutes, and
// days of hours.
func Merge(a, b Rollup) Rollup {
	out := Rollup{From: a.From, To: b.To, Channels: map[string]Summary{}}
	for name, s := range a.Channels {
		out.Channels[name] = s
	}
	for name, s := range b.Channels {
		out.Channels[name] = join(out.Channels[name], s)
	}
	return out
}

func join(a, b Summary) Summary {
	switch {
	case a.Known == 0:
		return b
	case b.Known == 0:
		return a
	}
	n := a.Known + b.Known
	mean := (int64(a.Mean)*int64(a.Known) + int64(b.Mean)*int64(b.Known)) / int64(n)
	return Summary{min(a.Min, b.Min), int32(mean), max(a.Max, b.Max), b.Last, n}
}

// Raw is the data of a KindRaw record.
type Raw struct {
	From     time.Time         `json:"from"`
	Seconds  []int64           `json:"seconds,omitempty"` // after From, if not 0, 1, 2 …
	Cause    string            `json:"cause"`             // a key of the text catalogue
	Channels map[string]string `json:"channels"`          // see Values
}

// offsets makes seconds relative to the first; nil if they follow each other.
func offsets(seconds []int64) []int64 {
	even := true
	out := make([]int64, len(seconds))
	for i, s := range seconds {
		out[i] = s - seconds[0]
		even = even && out[i] == int64(i)
	}
	if even {
		return nil
	}
	return out
}

// pack writes values as base64 of varints: 0 for unknown, else 1 and the zigzag of
// the difference to the known one before.
func pack(values []int32) string {
	var buf []byte
	last := int64(0)
	for _, v := range values {
		if v == Unknown {
			buf = append(buf, 0)
			continue
		}
		d := int64(v) - last
		buf = binary.AppendUvarint(buf, 1+(uint64(d<<1)^uint64(d>>63)))
		last = int64(v)
	}
	return base64.RawStdEncoding.EncodeToString(buf)
}

// Values returns the values of a channel of a Raw, one a second.
func Values(packed string) ([]int32, error) {
	buf, err := base64.RawStdEncoding.DecodeString(packed)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	var out []int32
	last := int64(0)
	for len(buf) > 0 {
		u, n := binary.Uvarint(buf)
		if n <= 0 {
			return nil, errors.New("telemetry: values end in the middle of one")
		}
		if buf = buf[n:]; u == 0 {
			out = append(out, Unknown)
			continue
		}
		u--
		last += int64(u>>1) ^ -int64(u&1)
		if last != int64(int32(last)) || last == Unknown {
			return nil, errors.New("telemetry: a value is out of range")
		}
		out = append(out, int32(last))
	}
	return out, nil
}
