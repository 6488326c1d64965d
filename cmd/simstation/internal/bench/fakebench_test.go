package bench_test

import (
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"stationbox/cmd/simstation/internal/bench"
)

// fakeBench is a village of recorded states behind the real server. It writes
// down every line the page sends.
type fakeBench struct {
	URL    string
	server *bench.Server
	stages map[string]map[string]any
	base   map[string]any

	mu     sync.Mutex
	state  json.RawMessage
	lines  []string
	frames int
	refuse string
}

func newFakeBench(t *testing.T) *fakeBench {
	t.Helper()
	raw, err := os.ReadFile("testdata/states.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Base   map[string]any            `json:"base"`
		Stages map[string]map[string]any `json:"stages"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	f := &fakeBench{base: file.Base, stages: file.Stages}
	f.show(t, "idle")
	f.open(t, "127.0.0.1:0")
	t.Cleanup(func() { f.close(t) })
	return f
}

func (f *fakeBench) open(t *testing.T, addr string) {
	t.Helper()
	s, err := bench.Serve(addr, f, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	f.server, f.URL = s, s.URL()
}

func (f *fakeBench) close(t *testing.T) {
	t.Helper()
	if err := f.server.Close(); err != nil {
		t.Error(err)
	}
}

// show makes stage the state of the village.
func (f *fakeBench) show(t *testing.T, stage string) {
	t.Helper()
	over, ok := f.stages[stage]
	if !ok {
		t.Fatalf("stage %q is not in testdata/states.json", stage)
	}
	state := maps.Clone(f.base)
	maps.Copy(state, over)
	volts := 221.3
	if mains, ok := state["mains"].(map[string]any); ok {
		volts, _ = mains["volts"].(float64)
	}
	if stage == "bare" {
		state["wave"], state["rms"] = nil, nil
	} else {
		state["wave"], state["rms"] = wave(volts), curve(volts, stage)
	}
	raw, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = raw
}

// wave is 40 ms of mains with a fifth harmonic.
func wave(volts float64) []int {
	out := make([]int, 160)
	for i := range out {
		at := 2 * math.Pi * float64(i) / 80
		out[i] = int(volts * math.Sqrt2 * (math.Sin(at) + 0.03*math.Sin(5*at)))
	}
	return out
}

// curve is a minute of rms and power with a dip, a gap and staged loads.
func curve(volts float64, stage string) []map[string]any {
	var out []map[string]any
	for i := range 240 {
		point := map[string]any{"t": 12.5 + float64(i)/4, "v": volts + 2*math.Sin(float64(i)/9), "w": 6.0}
		if stage == "playing" {
			point["w"] = 6 + 110*math.Floor(math.Min(float64(i)/40, 3.9)) + 3*math.Sin(float64(i)/5)
		}
		switch {
		case i > 150 && i < 155:
			point["v"] = 268.0
		case i > 60 && i < 70:
			point["v"] = nil
		}
		out = append(out, point)
	}
	return out
}

// Snapshot is the recorded state.
func (f *fakeBench) Snapshot() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

// Do writes the line down.
func (f *fakeBench) Do(line string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != "" {
		return errors.New(f.refuse)
	}
	f.lines = append(f.lines, line)
	return nil
}

// Frame draws a picture that changes with every call.
func (f *fakeBench) Frame(w io.Writer, _ string) error {
	f.mu.Lock()
	f.frames++
	n := f.frames
	f.mu.Unlock()
	picture := image.NewRGBA(image.Rect(0, 0, 480, 270))
	for y := range 270 {
		for x := range 480 {
			c := color.RGBA{uint8(40 + y/3), uint8(90 + x/6), uint8(120 - y/4), 255}
			if dx, dy := x-(60+n*7%360), y-120; dx*dx+dy*dy < 1600 {
				c = color.RGBA{240, 210, 120, 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	return jpeg.Encode(w, picture, nil)
}

// said returns the lines so far and forgets them.
func (f *fakeBench) said() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	lines := f.lines
	f.lines = nil
	return lines
}

// deny makes the village refuse every line.
func (f *fakeBench) deny(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = why
}

// expect waits until the page has sent exactly these lines.
func (f *fakeBench) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		got = append(got, f.said()...)
		if slices.Equal(got, want) {
			return
		}
		if len(got) > len(want) {
			break
		}
	}
	t.Errorf("page sent %q, want %q", got, want)
}
