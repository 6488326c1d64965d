package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/power"
)

// kept puts two events into the folder of a station and returns the station's
// file and the names of the events.
func kept(t *testing.T) (cfg string, files []string) {
	t.Helper()
	dir := t.TempDir()
	cfg = configure(t, dir, "/dev/ttyAMA1", filepath.Join(dir, "pins"))
	e, err := power.NewEvidence(power.Settings{}, 800, false, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	wave := samples(t, record(t, 9, func(t float64) float64 { return between(t, 1, 1.1, 150) + between(t, 8, 9, 402) - 220 }))
	_, records := play(e, wave)
	if len(records) != 2 {
		t.Fatalf("%d records", len(records))
	}
	if err := os.Mkdir(filepath.Join(dir, "events"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "events", r.Wall.Format("20060102T150405.000Z")+"-boot-1.json")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return cfg, files
}

// samples are those of a file that record wrote.
func samples(t *testing.T, path string) []int16 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []int16
	for b = b[44:]; len(b) > 1; b = b[2:] {
		out = append(out, int16(uint16(b[0])|uint16(b[1])<<8))
	}
	return out
}

// reported runs the command.
func reported(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := reportEvents(args, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	return out.String()
}

func TestReportLists(t *testing.T) {
	cfg, files := kept(t)
	lines := strings.Split(strings.TrimSpace(reported(t, "-config", cfg, "-lang", "en")), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "2026-11-23 20:00:01  voltage dip") ||
		!strings.Contains(lines[1], "protection tripped: voltage far too high") || !strings.HasSuffix(lines[1], filepath.Base(files[1])) {
		t.Errorf("%q", lines)
	}
	if got := reported(t, "-config", cfg); !strings.Contains(got, "电压暂降") {
		t.Errorf("%q", got)
	}
	for _, f := range files {
		os.Remove(f)
	}
	if got := reported(t, "-config", cfg, "-lang", "en"); got != "no power events were kept\n" {
		t.Errorf("%q", got)
	}
}

func TestReportWritesPages(t *testing.T) {
	cfg, files := kept(t)
	dir := filepath.Join(t.TempDir(), "pages")
	file := strings.TrimSpace(reported(t, "-config", cfg, "-last", "1", "-out", dir))
	b, err := os.ReadFile(file)
	if err != nil || filepath.Dir(file) != dir {
		t.Fatal(file, err)
	}
	for _, want := range []string{"370100-014", "2026-11-23 20:00:08", "402 伏", "高于限值 340 伏", "<svg"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q", want)
		}
	}
	// A file alone, on a computer that is no station.
	file = strings.TrimSpace(reported(t, "-config", dir+"/none.toml", "-lang", "en", "-out", dir, files[0]))
	if b, err = os.ReadFile(file); err != nil || !strings.Contains(string(b), "voltage dip") || !strings.Contains(string(b), "12:00:01") {
		t.Error(file, err)
	}
}

func TestReportRefuses(t *testing.T) {
	cfg, files := kept(t)
	bad := filepath.Join(filepath.Dir(files[0]), "0.json")
	if err := os.WriteFile(bad, []byte("{half"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"unknown flag", []string{"-x"}, exitUsage, "not defined"},
		{"language", []string{"-lang", "fr"}, exitUsage, "zh or en"},
		{"both", []string{"-last", "1", files[0]}, exitUsage, "either -last"},
		{"no configuration", []string{"-config", cfg + "x"}, exitFailed, "station.tomlx"},
		{"no file", []string{"-config", cfg, files[0] + "x"}, exitFailed, "no such file"},
		{"a damaged one among others", []string{"-config", cfg}, exitFailed, "0.json: guard event"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := reportEvents(tt.args, &out, &errs); code != tt.code || !strings.Contains(errs.String(), tt.want) {
				t.Errorf("exit %d, %q", code, errs.String())
			}
			if strings.HasPrefix(tt.name, "a damaged") && strings.Count(out.String(), "\n") != 2 {
				t.Errorf("the others are not listed: %q", out.String())
			}
		})
	}
}

// TestReplayExplains: as many sentences as lines of JSON, and the trip's says
// everything.
func TestReplayExplains(t *testing.T) {
	file := record(t, 3, func(t float64) float64 { return between(t, 1.2, 9, 402) })
	n := len(played(t, file))
	for lang, want := range map[string]string{
		"en": "the mains rose to 402 V, above the limit of 340 V (voltage far too high, opened at once); 2.5 ms after it had left the good band the contactor was ordered open. It stays open for at least 60 s and closes again by itself after 60 s of unbroken mains between 190 and 250 V. Trip 1 within an hour; 5 lock it out.",
		"zh": "电压升到 402 伏，高于限值 340 伏（电压过高，立即断开）；离开正常范围 2.5 毫秒后，命令断开接触器。至少断开 60 秒；电压在 190–250 伏之间连续正常 60 秒后，自动合闸。一小时内第 1 次跳闸，满 5 次锁定。",
	} {
		var out, errs bytes.Buffer
		if code := replay([]string{"-explain", "-lang", lang, file}, &out, &errs); code != 0 {
			t.Fatal(errs.String())
		}
		if got := strings.Count(out.String(), "\n"); got != n || !strings.Contains(out.String(), want) {
			t.Errorf("%d sentences for %d events:\n%s", got, n, out.String())
		}
	}
}

func TestReplayMakesPages(t *testing.T) {
	file := record(t, 8, func(t float64) float64 { return between(t, 1.2, 9, 402) })
	dir := filepath.Join(t.TempDir(), "pages")
	if lines := played(t, "-page", dir, "-lang", "en", file); len(lines) < 3 {
		t.Errorf("the lines are gone: %+v", lines)
	}
	b, err := os.ReadFile(filepath.Join(dir, "mains-001.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"replay of the recording mains.wav", "At 1.20", "402 V", "<svg"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q", want)
		}
	}
}
