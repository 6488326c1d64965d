package page_test

import (
	"encoding/xml"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/cmd/guard/internal/page"
	"stationbox/firmware/power"
	"stationbox/firmware/text"
)

var update = flag.Bool("update", false, "write the pages in testdata anew")

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// evidence plays volts(t) for so many seconds; lost says which frames never came.
func evidence(t *testing.T, seconds float64, volts func(t float64) float64, lost func(frame int) bool) ([]power.Told, []*power.Record) {
	t.Helper()
	e, err := power.NewEvidence(power.Settings{GoodTime: time.Second, MinOff: time.Second}, 800, false, epoch)
	if err != nil {
		t.Fatal(err)
	}
	f := power.Frame{Value: power.SlowInvalid}
	for n := range int(seconds / power.FrameTime.Seconds()) {
		if lost != nil && lost(n) {
			f.Lost++
			continue
		}
		for i := range f.Samples {
			at := float64(n*power.FrameSamples+i) * power.SampleTime.Seconds()
			v := volts(at) * (math.Sqrt2*math.Sin(2*math.Pi*50*at) + 0.05*math.Sin(2*math.Pi*250*at))
			f.Samples[i] = int16(max(-32768, min(32767, math.Round(v*32768/800))))
		}
		e.Frame(&f)
		f.Lost = 0
	}
	return e.Finish()
}

func between(from, to, inside float64) func(float64) float64 {
	return func(t float64) float64 {
		if t >= from && t < to {
			return inside
		}
		return 220
	}
}

// cases are the pages that are kept as pictures of how they should look.
var cases = []struct {
	name    string
	seconds float64
	volts   func(t float64) float64
	lost    func(frame int) bool
}{
	{"trip", 12, between(3, 99, 402), nil},
	{"dip", 12, between(3, 3.4, 120), func(n int) bool { return n >= 1230 && n < 1236 }},
	{"outage", 12, between(3, 99, 2), nil},
	{"lockout", 40, func(t float64) float64 {
		for _, at := range []float64{3, 6, 10, 17, 28} {
			if t >= at && t < at+0.3 {
				return 310
			}
		}
		return 218
	}, nil},
}

func first(t *testing.T, records []*power.Record, kind string) *power.Record {
	t.Helper()
	for _, r := range records {
		for _, a := range r.Acts {
			if a.Kind == kind {
				return r
			}
		}
	}
	t.Fatalf("no %s in %d records", kind, len(records))
	return nil
}

func TestPages(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	for _, tt := range cases {
		_, records := evidence(t, tt.seconds, tt.volts, tt.lost)
		r := first(t, records, tt.name)
		for _, lang := range []string{"zh", "en"} {
			t.Run(tt.name+" "+lang, func(t *testing.T) {
				s := page.Sheet{Station: "大山村<教室>", ID: "370100-014", Zone: zone}
				if lang == "en" {
					s.Station = "Dashan village"
				}
				got := page.Render(r, s, text.New(lang))
				file := filepath.Join("testdata", tt.name+"-"+lang+".html")
				if *update {
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != string(want) {
					t.Errorf("not the page of %s; look at the new one with -update and a browser", file)
				}
				wellFormed(t, got)
			})
		}
	}
}

// TestLongestPage has more acts than are listed, and every sentence is long. Its
// page is kept for looking at: it must still be one sheet.
func TestLongestPage(t *testing.T) {
	_, records := evidence(t, cases[3].seconds, cases[3].volts, nil)
	r := first(t, records, "lockout")
	for len(r.Acts) < 14 {
		r.Acts = append(r.Acts, r.Acts[len(r.Acts)%5])
	}
	r.Whole = false
	got := page.Render(r, page.Sheet{Station: "Dashan village", ID: "370100-014"}, text.New("en"))
	if n := strings.Count(string(got), `<td class="t"><span class="no">`); n != 6 || !strings.Contains(string(got), "and 8 more") || !strings.Contains(string(got), "not whole") {
		t.Errorf("%d acts are listed", n)
	}
	if *update {
		if err := os.WriteFile("testdata/longest-en.html", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMarkersStandClearOfTheHeading: however many there are in one place, they are
// within their chart, under its heading.
func TestMarkersStandClearOfTheHeading(t *testing.T) {
	_, records := evidence(t, 9, between(3, 99, 402), nil)
	r := first(t, records, "trip")
	for i := range 4 {
		a := r.Acts[0]
		a.AtUS = int64(i) * 9000
		r.Acts = append(r.Acts, a)
	}
	got := string(page.Render(r, page.Sheet{Station: "Dashan village"}, text.New("en")))
	rows := map[string]bool{}
	for _, m := range regexp.MustCompile(`<circle class="mark" cx="[\d.]+" cy="([-\d.]+)" r="6.3"/>`).FindAllStringSubmatch(got, -1) {
		y, err := strconv.ParseFloat(m[1], 64)
		if err != nil || y < 6.3+2 {
			t.Errorf("a marker at %s reaches over the chart", m[1])
		}
		rows[m[1]] = true
	}
	if len(rows) != 3 {
		t.Errorf("%d rows of markers, want three", len(rows))
	}
}

// wellFormed reads a page as XML: nothing is left open, and no text slipped in
// that is not text. What HTML leaves open by right is closed first.
func wellFormed(t *testing.T, html []byte) {
	t.Helper()
	doc := strings.NewReplacer("<!DOCTYPE html>", "", "<meta charset=\"utf-8\">", "", "<br>", "").Replace(string(html))
	for dec := xml.NewDecoder(strings.NewReader(doc)); ; {
		switch _, err := dec.Token(); {
		case err == io.EOF:
			return
		case err != nil:
			t.Fatal(err)
		}
	}
}

// TestPageNeedsNothingElse: no address in it, so that it opens without a network.
func TestPageNeedsNothingElse(t *testing.T) {
	_, records := evidence(t, 9, between(3, 99, 402), nil)
	got := string(page.Render(records[0], page.Sheet{Recording: "a&b.wav", Epoch: epoch}, text.New("zh")))
	for _, bad := range []string{"http:", "https:", "<script", "src=", "href=", "NaN", "Inf", "{", "guard."} {
		body := got[strings.Index(got, "</style>"):]
		if strings.Contains(body, bad) {
			t.Errorf("%q in it", bad)
		}
	}
	for _, want := range []string{"a&amp;b.wav", "402", "340", "毫秒", "签字", "3.0"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in it", want)
		}
	}
}

// TestTripSentences: every trip says volts, limit, duration, cause and what
// follows, in both languages.
func TestTripSentences(t *testing.T) {
	tests := []struct {
		name    string
		seconds float64
		volts   func(t float64) float64
		zh, en  []string
	}{
		{"instant", 4, between(3, 99, 402),
			[]string{"第 3.0", "高于限值 340 伏", "电压过高，立即断开", "毫秒", "至少断开 1 秒", "190–250 伏", "一小时内第 1 次"},
			[]string{"At 3.0", "above the limit of 340 V", "voltage far too high", " ms after", "at least 1 s", "between 190 and 250 V", "Trip 1 within"}},
		{"slow", 8, between(3, 99, 268),
			[]string{"268 伏", "高于限值 264 伏", "电压过高", "3 秒后", "至少断开 1 秒"},
			[]string{"268 V", "limit of 264 V", "voltage too high", "3 s after", "at least 1 s"}},
		{"low", 8, between(3, 99, 140),
			[]string{"140 伏", "低于限值 154 伏", "电压过低", "毫秒后", "自动合闸"},
			[]string{"140 V", "below the limit of 154 V", "voltage too low", " ms after", "closes again by itself"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, records := evidence(t, tt.seconds, tt.volts, nil)
			for _, told := range list {
				if told.Kind != power.EventTrip {
					continue
				}
				for lang, wants := range map[string][]string{"zh": tt.zh, "en": tt.en} {
					cat := text.New(lang)
					got := page.Sentence(cat, page.Story{At: page.Since(cat, told.At), Kind: told.Kind.String(), Cause: told.Cause.Word(),
						MV: int64(told.MV), Lasted: told.Lasted, Next: told.Next, Limits: records[0].Limits})
					for _, want := range wants {
						if !strings.Contains(got, want) {
							t.Errorf("no %q in: %s", want, got)
						}
					}
				}
				return
			}
			t.Errorf("no trip in %+v", list)
		})
	}
}

// TestEveryKindHasASentence without a hole, whatever happens next.
func TestEveryKindHasASentence(t *testing.T) {
	limits := power.Limits{GoodLow: 190, GoodHigh: 250, Stages: []power.StageOf{{Over: 264, AfterMS: 3000}}}
	nexts := []power.Next{
		{}, {Phase: "trip", WaitMS: 60_000, GoodMS: 60_000, Trips: 2, MaxTrips: 5}, {Phase: "lockout", Latched: true},
		{Phase: "weld", Latched: true}, {Phase: "ride_through", Contactor: true, Cause: "shed"}, {Phase: "closed", Contactor: true}, {Phase: "blind"},
	}
	for k := power.EventStart; k <= power.EventInterruption; k++ {
		for _, lang := range []string{"zh", "en"} {
			for _, n := range nexts {
				got := page.Sentence(text.New(lang), page.Story{At: "0", Kind: k.String(), Cause: "over_voltage", MV: 270_000, Lasted: time.Minute * 3, Next: n, Limits: limits})
				if got == "" || strings.Contains(got, "guard.") || strings.Contains(got, "{") {
					t.Errorf("%v %s: %q", k, lang, got)
				}
			}
		}
	}
}

func TestSpan(t *testing.T) {
	cat := text.New("en")
	for d, want := range map[time.Duration]string{
		0: "0 ms", 2500 * time.Microsecond: "2.5 ms", 14 * time.Millisecond: "14 ms", 3 * time.Second: "3 s",
		12345 * time.Millisecond: "12.3 s", 8 * time.Minute: "8 min 0 s",
	} {
		if got := page.Span(cat, d); got != want {
			t.Errorf("%v: %q; want %q", d, got, want)
		}
	}
}

// FuzzRender: whatever is believed can be drawn.
func FuzzRender(f *testing.F) {
	f.Add([]byte(`{"version":1,"boot":"b","wall":"2026-11-23T12:00:00Z","full_scale":800,"acts":[{"kind":"trip","cause":"over_voltage"}],"wave":{"rate":8000,"before":1,"samples":"AAAAAA==","gaps":[[0,1]]},"fine":{"step_ms":20,"from_ms":-20,"lo":"AAA=","hi":"AQA="},"coarse":{"step_ms":200}}`))
	cat := text.New("en")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := power.ParseRecord(b)
		if err != nil {
			return
		}
		got := string(page.Render(r, page.Sheet{}, cat))
		if strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
			t.Fatal(got)
		}
	})
}
