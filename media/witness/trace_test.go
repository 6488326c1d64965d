package witness_test

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/media/witness"
)

// traces are any that a Tracer makes.
func traces(r *rapid.T) witness.Trace {
	var tr witness.Tracer
	for i, v := range rapid.SliceOfN(rapid.Float64Range(-120, 60), 0, 300).Draw(r, "levels") {
		tr.Loud(time.Duration(i+1)*witness.FineStep, v)
	}
	at := time.Duration(0)
	for _, ms := range rapid.SliceOfN(rapid.IntRange(1, 60_000), 0, 700).Draw(r, "spans") {
		next := at + time.Duration(ms)*time.Millisecond
		switch ms % 3 {
		case 0:
			tr.Dark(at, next)
		case 1:
			tr.Still(at, next)
		}
		at = next
	}
	return tr.Trace([32]byte{1, 2, 3})
}

func TestTraceComesBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := traces(r)
		b := want.Encode()
		got, err := witness.Decode(b)
		if err != nil || len(b) > witness.MostBytes {
			r.Fatal(err, len(b))
		}
		if got.Step != want.Step || got.Film != want.Film || !reflect.DeepEqual(append([]witness.Level{}, want.Levels...), got.Levels) {
			r.Fatalf("%v, want %v", got, want)
		}
		if len(got.Dark) != len(want.Dark) || len(got.Still) != len(want.Still) {
			r.Fatalf("%d and %d spans, want %d and %d", len(got.Dark), len(got.Still), len(want.Dark), len(want.Still))
		}
		i := rapid.IntRange(0, len(b)-1).Draw(r, "damaged")
		b[i] ^= byte(rapid.IntRange(1, 255).Draw(r, "by"))
		if _, err := witness.Decode(b); !errors.Is(err, witness.ErrTrace) {
			r.Fatalf("byte %d is damaged: %v", i, err)
		}
	})
}

// TestTraceIsBounded traces films that are as long as may be, and longer.
func TestTraceIsBounded(t *testing.T) {
	for _, hours := range []int{1, 3, 24, 40} {
		var tr witness.Tracer
		n := hours * 36_000
		for i := 1; i <= n; i++ {
			tr.Loud(time.Duration(i)*witness.FineStep, -23-10*math.Sin(float64(i)/3000))
			tr.Dark(time.Duration(10*i)*time.Second, time.Duration(10*i+i%7)*time.Second)
			tr.Still(time.Duration(10*i)*time.Second, time.Duration(10*i+i%5)*time.Second)
		}
		got := tr.Trace([32]byte{})
		b := got.Encode()
		t.Logf("%d h: %d bytes, %v a step", hours, len(b), got.Step)
		if len(b) > witness.MostBytes || hours == 3 && got.Step != 2*witness.FineStep {
			t.Errorf("%d bytes, %v", len(b), got.Step)
		}
		if _, err := witness.Decode(b); err != nil {
			t.Error(err)
		}
		at := 30 * time.Minute
		if want := -23 - 10*math.Sin(at.Seconds()*10/3000); math.Abs(got.Loudness(at)-want) > 0.6 {
			t.Errorf("%.2f LUFS, want %.2f", got.Loudness(at), want)
		}
	}
}

func TestTracerTakesAnything(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var tr witness.Tracer
		for range rapid.IntRange(0, 40).Draw(r, "n") {
			at := time.Duration(rapid.Int64().Draw(r, "at"))
			tr.Loud(at, rapid.Float64().Draw(r, "lufs"))
			tr.Dark(at, time.Duration(rapid.Int64().Draw(r, "to")))
			tr.Still(at, at+time.Duration(rapid.Int64Range(0, 1e15).Draw(r, "long")))
		}
		tr.Loud(time.Second, math.NaN())
		if _, err := witness.Decode(tr.Trace([32]byte{}).Encode()); err != nil {
			r.Fatal(err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(witness.Trace{Step: witness.FineStep, Levels: []witness.Level{1, 2}, Dark: []witness.Span{{To: time.Second}}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := witness.Decode(b)
		if err == nil && string(tr.Encode()) != string(b) {
			t.Error("another one comes back")
		}
	})
}
