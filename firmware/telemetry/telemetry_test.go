package telemetry_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/journal"
	"stationbox/firmware/telemetry"
)

type note struct {
	kind string
	data any
}

func recorder(t testing.TB, channels []string) (*telemetry.Recorder, *[]note) {
	t.Helper()
	var notes []note
	r, err := telemetry.New(channels, func(kind, _ string, data any) { notes = append(notes, note{kind, data}) }, telemetry.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	return r, &notes
}

var start = time.Date(2026, 11, 23, 19, 55, 0, 0, time.FixedZone("CST", 8*3600))

func TestRollups(t *testing.T) {
	r, notes := recorder(t, []string{"mains_mv", "rain_um"})
	for s := range 1500 {
		v := int32(220000 + s)
		if s == 400 {
			v = telemetry.Unknown
		}
		r.Sample(start.Add(time.Duration(s)*time.Second), []int32{v, telemetry.Unknown})
	}
	r.Sample(start, []int32{0, 0}) // stepped back
	r.Flush()
	r.Flush()
	if len(*notes) != 3 {
		t.Fatalf("%d records: %+v", len(*notes), *notes)
	}
	got := (*notes)[1].data.(telemetry.Rollup)
	want := telemetry.Summary{Min: 220300, Mean: 220599, Max: 220899, Last: 220899, Known: 599}
	if got.Channels["mains_mv"] != want || len(got.Channels) != 1 {
		t.Errorf("second ten minutes: %+v", got)
	}
	if got.From.Format(time.TimeOnly) != "20:00:00" || got.To.Format(time.TimeOnly) != "20:09:59" {
		t.Errorf("from %v to %v", got.From, got.To)
	}
	if n := (*notes)[0].data.(telemetry.Rollup).Channels["mains_mv"].Known; n != 300 {
		t.Errorf("first ten minutes have %d seconds", n)
	}
}

// The largest rollup is one block; a year of them is far below a gigabyte.
func TestRollupIsOneBlock(t *testing.T) {
	var names []string
	low, high := make([]int32, telemetry.MostChannels), make([]int32, telemetry.MostChannels)
	for i := range telemetry.MostChannels {
		names = append(names, strings.Repeat("x", 22)+string(rune('a'+i%26))+string(rune('a'+i/26)))
		low[i], high[i] = math.MinInt32+1, math.MinInt32+2
	}
	r, notes := recorder(t, names)
	r.Sample(start, low)
	r.Sample(start.Add(time.Second), high)
	r.Flush()
	data, err := json.Marshal((*notes)[0].data)
	if err != nil || len(data) > journal.BlockSize-400 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestLastMinuteOfAnEvent(t *testing.T) {
	r, notes := recorder(t, []string{"mains_mv"})
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for s := range 100 {
		r.Sample(at(s), []int32{int32(s)})
	}
	r.Event(at(100), "guard.trip")
	r.Event(at(101), "guard.again") // shares the next record
	for s := 100; s < 115; s++ {
		r.Sample(at(s), []int32{int32(s)})
	}
	if len(*notes) != 2 {
		t.Fatalf("%+v", *notes)
	}
	var seconds []int32
	for i, cause := range []string{"guard.trip", "guard.again"} {
		raw := (*notes)[i].data.(telemetry.Raw)
		values, err := telemetry.Values(raw.Channels["mains_mv"])
		if err != nil || raw.Cause != cause || raw.Seconds != nil || !raw.From.Equal(at(int(values[0]))) {
			t.Errorf("%+v %v", raw, err)
		}
		seconds = append(seconds, values...)
	}
	if seconds[0] != 40 || seconds[len(seconds)-1] != 110 || len(seconds) != 71 {
		t.Errorf("seconds %v", seconds)
	}
}

func TestMerge(t *testing.T) {
	a := telemetry.Rollup{From: start, Channels: map[string]telemetry.Summary{"a": {Min: 1, Mean: 2, Max: 3, Last: 2, Known: 10}, "b": {Min: 7, Mean: 7, Max: 7, Last: 7, Known: 1}}}
	b := telemetry.Rollup{To: start.Add(time.Hour), Channels: map[string]telemetry.Summary{"a": {Min: 0, Mean: 5, Max: 9, Last: 8, Known: 20}}}
	got := telemetry.Merge(a, b)
	if got.Channels["a"] != (telemetry.Summary{Min: 0, Mean: 4, Max: 9, Last: 8, Known: 30}) || got.Channels["b"].Known != 1 || got.From != a.From || got.To != b.To {
		t.Errorf("%+v", got)
	}
}

func TestBadChannels(t *testing.T) {
	for _, names := range [][]string{nil, {""}, {"a", "a"}, {strings.Repeat("x", 25)}, make([]string, 33)} {
		if _, err := telemetry.New(names, func(string, string, any) {}, telemetry.Opts{}); err == nil {
			t.Errorf("%q is taken", names)
		}
	}
}

// What is packed comes back; a day in memory forgets what is older.
func TestProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.Int32(), 1, 60).Draw(rt, "values")
		r, notes := recorder(t, []string{"c"})
		for i, v := range values {
			r.Sample(start.Add(time.Duration(i)*time.Second), []int32{v})
		}
		r.Event(start.Add(time.Duration(len(values)-1)*time.Second), "x")
		got, err := telemetry.Values((*notes)[0].data.(telemetry.Raw).Channels["c"])
		if err != nil || !slices.Equal(got, values) {
			rt.Errorf("%v %v", got, err)
		}
		var kept []int32
		r.Each(start, func(_ int64, v []int32) { kept = append(kept, v[0]) })
		if !slices.Equal(kept, values) {
			rt.Errorf("in memory %v", kept)
		}
	})
}

func FuzzValues(f *testing.F) {
	f.Add("AAEC")
	f.Add("gICAgBA")
	f.Fuzz(func(t *testing.T, s string) {
		if values, err := telemetry.Values(s); err != nil && values != nil {
			t.Errorf("%v with %v", values, err)
		}
	})
}
