package ledger_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/ledger"
)

var (
	benchRows = flag.Int("ledger.rows", 1_000_000, "presses of the benchmark: 735 members of 29 stations in ten years")
	benchFile = flag.String("ledger.file", "", "keep the benchmark's ledger here; empty: make it anew each time")
)

const (
	members  = 735
	stations = 29
)

// townRecords calls fn with the records of ten years, about 136 lessons a year.
func townRecords(rows int, fn func(firmware.Record)) {
	start := time.Date(2016, 1, 1, 19, 30, 0, 0, time.FixedZone("CST", 8*3600))
	lessons := max(1, rows/members)
	apart := 3650 * 24 * time.Hour / time.Duration(lessons)
	var seq [stations]uint64
	made := 0
	for lesson := 0; made < rows; lesson++ {
		at := start.Add(time.Duration(lesson) * apart)
		for m := range members {
			s := m % stations
			seq[s]++
			fn(firmware.Record{
				Station: fmt.Sprintf("370100-%03d", s), Boot: fmt.Sprintf("%016x", lesson/50), Seq: seq[s], Wall: at.Add(time.Duration(m) * time.Second),
				MonoNS: int64(lesson), Kind: firmware.KindPress, Lesson: "party-" + at.Format(time.DateOnly),
				Data: fmt.Appendf(nil, `{"number":%d,"name":"王秀英","known":true,"panel":"door"}`, m/stations+1),
			})
			if made++; made == rows {
				return
			}
		}
	}
}

func benchLedger(b *testing.B) string {
	b.Helper()
	path := *benchFile
	if path == "" {
		path = filepath.Join(b.TempDir(), "ledger.db")
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	l, err := ledger.Open(path, ledger.Opts{})
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	var batch []firmware.Record
	flush := func() {
		if err := l.Apply(b.Context(), batch...); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	townRecords(*benchRows, func(r firmware.Record) {
		if batch = append(batch, r); len(batch) == 2000 {
			flush()
		}
	})
	flush()
	took := time.Since(began)
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d records taken over in %v (%.0f/s), %d MB", *benchRows, took.Round(time.Second), float64(*benchRows)/took.Seconds(), info.Size()>>20)
	return path
}

// BenchmarkLedger asks a town's ten years. The first run makes them.
func BenchmarkLedger(b *testing.B) {
	path := benchLedger(b)
	b.Run("open", func(b *testing.B) {
		measure(b, func() error {
			l, err := ledger.Open(path, ledger.Opts{})
			if err != nil {
				return err
			}
			return l.Close()
		})
	})
	l, err := ledger.Open(path, ledger.Opts{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	r := rand.New(rand.NewPCG(1, 1))
	b.Run("member-year", func(b *testing.B) {
		rows := 0
		measure(b, func() error {
			from := time.Date(2016+r.IntN(9), 1, 1, 0, 0, 0, 0, time.UTC)
			year, err := l.MemberYear(b.Context(), fmt.Sprintf("370100-%03d", r.IntN(stations)), 1+r.IntN(25), from, from.AddDate(1, 0, 0))
			rows = len(year)
			return err
		})
		b.ReportMetric(float64(rows), "rows")
	})
	b.Run("town-month", func(b *testing.B) {
		rows := 0
		measure(b, func() error {
			from := time.Date(2016+r.IntN(9), time.Month(1+r.IntN(12)), 1, 0, 0, 0, 0, time.UTC)
			month, err := l.TownMonth(b.Context(), from, from.AddDate(0, 1, 0))
			rows = len(month)
			return err
		})
		b.ReportMetric(float64(rows), "rows")
	})
	b.Run("roll", func(b *testing.B) {
		measure(b, func() error {
			day := time.Date(2016, 1, 1, 19, 30, 0, 0, time.FixedZone("CST", 8*3600))
			_, err := l.Roll(b.Context(), "370100-003", "party-"+day.Format(time.DateOnly))
			return err
		})
	})
}

// measure reports p50 and p99 in milliseconds, and the memory of the process.
func measure(b *testing.B, fn func() error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := fn(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	ms := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000 }
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
	runtime.GC()
	b.ReportMetric(rss(), "rss-MB")
}

func rss() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			return kb / 1024
		}
	}
	return 0
}
