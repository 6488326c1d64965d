package proof_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/proof"
)

var begin = time.Date(2026, 11, 23, 19, 30, 0, 0, time.UTC)

// playing is a second of a lesson at 220 V.
func playing(second int, tv, projector int64) proof.Sample {
	return proof.Sample{At: begin.Add(time.Duration(second) * time.Second), Playing: true, Begun: true,
		TVMA: new(tv), ProjectorMA: new(projector), MV: new(int64(220_000)), Shown: new(int64(25 * second))}
}

func TestCollector(t *testing.T) {
	var c proof.Collector
	for s := range 100 {
		p := playing(s, 400+int64(s), 1000)
		p.Factor = new(0.5)
		if s == 50 {
			p.Factor = nil // a meter may be late
		}
		c.Feed(p)
	}
	var r proof.Record
	c.Fill(&r)
	if want := (proof.Watts{44, 49, 55}); *r.TV != want {
		t.Errorf("TV %v, want %v", *r.TV, want)
	}
	if want := (proof.Watts{110, 110, 110}); *r.Projector != want || r.Power != "meter" {
		t.Errorf("projector %v by %s, want %v", *r.Projector, r.Power, want)
	}
	if *r.Shown != 25*99 || r.Dropped != nil || r.Pauses != 0 || r.PausedS != 0 {
		t.Errorf("shown %d dropped %v pauses %d %d s", *r.Shown, r.Dropped, r.Pauses, r.PausedS)
	}
}

func TestCollectorKnowsNothing(t *testing.T) {
	var c proof.Collector
	c.Feed(proof.Sample{At: begin, Playing: true, Begun: true})
	c.Feed(proof.Sample{At: begin.Add(time.Second), Playing: true, Begun: true, TVMA: new(int64(400))})  // no volts
	c.Feed(proof.Sample{At: begin.Add(2 * time.Second), MV: new(int64(220_000)), TVMA: new(int64(400))}) // not playing
	r := proof.Record{Power: "?"}
	c.Fill(&r)
	if r.TV != nil || r.Projector != nil || r.Shown != nil || r.Power != "" {
		t.Errorf("made up: %+v", r)
	}
}

// TestCollectorWithoutMeter: amperes times volts are said to be that.
func TestCollectorWithoutMeter(t *testing.T) {
	var c proof.Collector
	first := playing(0, 400, 0)
	first.Factor = new(0.9)
	c.Feed(first)
	for s := 1; s < 120; s++ { // the meter dies: its factor is good for a minute
		c.Feed(playing(s, 400, 0))
	}
	var r proof.Record
	c.Fill(&r)
	if want := (proof.Watts{79, 79, 88}); *r.TV != want || r.Power != "va" {
		t.Errorf("TV %v by %s, want %v by va", *r.TV, r.Power, want)
	}
}

func TestCollectorPauses(t *testing.T) {
	still := func(s int) proof.Sample {
		p := playing(s, 0, 0)
		p.Playing = false
		return p
	}
	tests := []struct {
		name    string
		feed    func(*proof.Collector)
		pauses  int64
		seconds int64
	}{
		{"waiting for the start is none", func(c *proof.Collector) {
			for s := range 60 {
				p := still(s)
				p.Begun = false
				c.Feed(p)
			}
			c.Feed(playing(60, 0, 0))
		}, 0, 0},
		{"two", func(c *proof.Collector) {
			for s := range 100 {
				if s >= 10 && s < 40 || s >= 60 && s < 65 {
					c.Feed(still(s))
				} else {
					c.Feed(playing(s, 0, 0))
				}
			}
		}, 2, 35},
		{"nobody looked", func(c *proof.Collector) { c.Feed(playing(0, 0, 0)); c.Feed(playing(100, 0, 0)) }, 1, 100},
		{"the box was off", func(c *proof.Collector) {
			c.Feed(playing(0, 0, 0))
			restart(c)
			c.Away(10 * time.Minute)
			c.Feed(playing(600, 0, 0))
		}, 1, 600},
		{"the box was off in a pause", func(c *proof.Collector) {
			c.Feed(playing(0, 0, 0))
			c.Feed(still(1))
			restart(c)
			c.Away(time.Minute)
			c.Feed(playing(61, 0, 0))
		}, 1, 60},
		{"a quick restart is none", func(c *proof.Collector) {
			c.Feed(playing(0, 0, 0))
			restart(c)
			c.Away(3 * time.Second)
			c.Feed(playing(3, 0, 0))
		}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c proof.Collector
			tt.feed(&c)
			var r proof.Record
			c.Fill(&r)
			if r.Pauses != tt.pauses || r.PausedS != tt.seconds {
				t.Errorf("%d pauses of %d s, want %d of %d s", r.Pauses, r.PausedS, tt.pauses, tt.seconds)
			}
		})
	}
}

// restart is what a restart of the program does to a collector.
func restart(c *proof.Collector) {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	var next proof.Collector
	if err := json.Unmarshal(b, &next); err != nil {
		panic(err)
	}
	*c = next
}

// TestCollectorFrames: a player that is restarted counts from nought again.
func TestCollectorFrames(t *testing.T) {
	var c proof.Collector
	for i, n := range []int64{0, 100, 200, 10, 60} {
		p := playing(i, 0, 0)
		p.Shown, p.Dropped = new(n), new(n/10)
		c.Feed(p)
	}
	restart(&c)
	for i, n := range []int64{60, 80} { // the player went on
		p := playing(5+i, 0, 0)
		p.Shown, p.Dropped = new(n), new(n/10)
		c.Feed(p)
	}
	var r proof.Record
	c.Fill(&r)
	if *r.Shown != 280 || *r.Dropped != 28 {
		t.Errorf("shown %d dropped %d, want 280 and 28", *r.Shown, *r.Dropped)
	}
}

// TestHistogram against sorting everything.
func TestHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Range(-10, 5000), 1, 50).Draw(t, "watts")
		var h proof.Histogram
		for i, w := range all {
			h.Add(w)
			all[i] = min(max(w, 0), 4095)
		}
		slices.Sort(all)
		want := proof.Watts{all[0], all[(len(all)-1)/2], all[len(all)-1]}
		var back proof.Histogram
		b, err := json.Marshal(h)
		if err != nil || json.Unmarshal(b, &back) != nil || !reflect.DeepEqual(h, back) {
			t.Fatalf("histogram as JSON: %v %s", err, b)
		}
		if got := *back.Watts(); got != want {
			t.Fatalf("got %v, want %v of %v", got, want, all)
		}
	})
}

func FuzzCollector(f *testing.F) {
	f.Add([]byte(`{"tv":[[96,10]],"projector":[],"shown":{"sum":3,"known":true},"begun":true}`))
	f.Add([]byte(`{"tv":[[4096,1]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c proof.Collector
		if json.Unmarshal(b, &c) != nil {
			return
		}
		c.Feed(playing(0, 400, 1000))
		var r proof.Record
		c.Fill(&r)
		if r.TV == nil || r.Projector == nil {
			t.Error("a second of play was not measured")
		}
	})
}
