package station

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/journal"
	"stationbox/firmware/proof"
)

// registry is a station with a key, a roster and a lesson in October.
func registry(t *testing.T) (*config.Config, *proof.Key) {
	t.Helper()
	cfg := referenceConfig(t, "", "")
	cfg.Station.StateDir = t.TempDir()
	cfg.Roster.File = filepath.Join(cfg.Station.StateDir, "roster.csv")
	if err := os.WriteFile(cfg.Roster.File, []byte("number,name,branch\n12,王秀英,一支部\n13,李伟,一支部\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := proof.OpenKey(cfg.Station.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 12, 19, 30, 0, 0, cfg.Location())
	j, err := journal.Open(cfg.JournalDir(), journal.Opts{Station: cfg.Station.ID, Boot: "b", Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	const id = "party-2026-10-12"
	put := func(kind string, data any) {
		if _, err := j.Append(t.Context(), kind, id, data); err != nil {
			t.Fatal(err)
		}
	}
	put(firmware.KindRollOpen, attendance.Open{Title: "党课", LateAfter: at})
	put(firmware.KindPress, firmware.Press{Number: 12, Name: "王秀英", Known: true, Panel: "keypad"})
	signed := proof.Sign(proof.Record{Station: cfg.Station.ID, Lesson: id, Title: "党课", Cause: "lesson.cause.played"}, key)
	put(firmware.KindLesson, resultNote{Title: "党课", Scheduled: at, Started: at, PlayedMS: 45 * 60_000, LengthMS: 45 * 60_000, Cause: "lesson.cause.played", Proof: json.RawMessage(signed)})
	put(firmware.KindRollClose, attendance.Close{Present: 1})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return cfg, key
}

// asking runs a command with files only, as the shell does.
func asking(t *testing.T, cfg *config.Config, lang string) func(args ...string) command.Reply {
	t.Helper()
	env, err := FileEnv(cfg, lang, func() time.Time { return time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	return func(args ...string) command.Reply { return command.Answer(t.Context(), Commands(), env, args) }
}

// The books of last month are made of the journal and hold by the station's key, here
// and at the town, which has the public key only; a changed file is named.
func TestRegister(t *testing.T) {
	cfg, key := registry(t)
	dir := filepath.Join(t.TempDir(), "2026-10")
	ask := asking(t, cfg, "en")
	if r := ask("register", "-out", dir); r.Code != command.CodeOK || !strings.Contains(r.Text, "the books of 2026-10 are in "+dir) || !strings.Contains(r.Text, "45 min of study") {
		t.Fatalf("made: %d %s", r.Code, r.Text)
	}
	book := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, want := range map[string]string{"playback.csv": `,played to the end,45,100%,"holds `, "study.csv": "一支部,2,1,0,王秀英,李伟", "members.csv": "12,王秀英,一支部,—,1,0,45,100%"} {
		if got := book(name); !strings.Contains(got, want) {
			t.Errorf("%s has no %s:\n%s", name, want, got)
		}
	}
	if r := ask("register", "verify", dir); r.Code != command.CodeOK || !strings.Contains(r.Text, "the signature holds") {
		t.Errorf("verified here: %s", r.Text)
	}
	town := asking(t, nil, "zh")
	if r := town("register", "verify", dir); r.Code != command.CodeFailed || !strings.Contains(r.Text, "没有密钥 "+key.ID) {
		t.Errorf("without a key: %s", r.Text)
	}
	pub := filepath.Join(t.TempDir(), "station.pub")
	if err := os.WriteFile(pub, proof.PublicPEM(key.Public), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := town("register", "verify", dir, "-key", pub); r.Code != command.CodeOK || !strings.Contains(r.Text, "签名有效，12 个文件都是原样") {
		t.Errorf("at the town: %s", r.Text)
	}
	if err := os.WriteFile(filepath.Join(dir, "members.csv"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := town("register", "verify", dir, "-key", pub); r.Code != command.CodeFailed || !strings.Contains(r.Text, "被改过：members.csv\n") {
		t.Errorf("changed: %s", r.Text)
	}
}

func TestRegisterSaysWhatIsWrong(t *testing.T) {
	cfg, _ := registry(t)
	ask := asking(t, cfg, "en")
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "photo.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "m")
	if r := ask("register", "-month", "2026-10", "-out", made); r.Code != command.CodeOK {
		t.Fatal(r.Text)
	}
	other, _ := proof.OpenKey(t.TempDir())
	pub := filepath.Join(t.TempDir(), "other.pub")
	if err := os.WriteFile(pub, proof.PublicPEM(other.Public), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"register -out " + filepath.Join(full, "no", "x"), "cannot be written"},
		{"register -force -out " + full, "photo.jpg"},
		{"register -month 2026-09 -out " + made, "already holds the books of"},
		{"register verify " + full, "no manifest.json"},
		{"register verify " + filepath.Join(full, "none"), "cannot be read"},
		{"register verify " + made + " -key " + pub, "not the one given"},
		{"register verify " + made + " -key /none", "public key /none"},
	} {
		if r := ask(strings.Fields(tt.args)...); r.Code != command.CodeFailed || !strings.Contains(r.Text, tt.want) {
			t.Errorf("%s: %d %s", tt.args, r.Code, r.Text)
		}
	}
	if r := ask("register", "-month", "2026-11", "-out", filepath.Join(t.TempDir(), "m")); r.Code != command.CodeOK || !strings.Contains(r.Text, "the month is not over") {
		t.Errorf("this month: %s", r.Text)
	}
	if err := os.WriteFile(cfg.Roster.File, []byte("\xff\xfe\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := ask("register", "-out", filepath.Join(t.TempDir(), "m")); r.Code != command.CodeFailed || !strings.Contains(r.Text, "the roster") {
		t.Errorf("a bad roster: %s", r.Text)
	}
	if err := os.Remove(filepath.Join(cfg.Station.StateDir, "station.key")); err != nil {
		t.Fatal(err)
	}
	if r := ask("register", "-out", filepath.Join(t.TempDir(), "m")); r.Code != command.CodeFailed || !strings.Contains(r.Text, "the station's key cannot be read") {
		t.Errorf("without a key: %s", r.Text)
	}
	if r := asking(t, nil, "en")("register", "-out", "x"); r.Code != command.CodeFailed || !strings.Contains(r.Text, "not available") {
		t.Errorf("without a configuration: %s", r.Text)
	}
}

// Making the books touches nothing of the station: not its key, not its library.
func TestRegisterOnlyReads(t *testing.T) {
	cfg, _ := registry(t)
	if err := os.WriteFile(filepath.Join(cfg.Station.StateDir, "station.key"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := asking(t, cfg, "en")("register", "-out", filepath.Join(t.TempDir(), "m"))
	if r.Code != command.CodeFailed || !strings.Contains(r.Text, "key") {
		t.Errorf("with a damaged key: %s", r.Text)
	}
	if b, err := os.ReadFile(filepath.Join(cfg.Station.StateDir, "station.key")); err != nil || string(b) != "damaged" {
		t.Errorf("the key is now %q, %v", b, err)
	}
}
