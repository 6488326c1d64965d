package command_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/firmware/command"
)

// book is a LessonBook whose records hold when they begin with "good".
type book struct{ fail error }

func (b book) Lessons(last int) ([]command.LessonProof, error) {
	list := []command.LessonProof{
		{Seq: 4, Lesson: "party-2026-11-16", Problem: "lesson.proof.missing"},
		{Seq: 9, Lesson: "party-2026-11-23", Title: "党课", Scheduled: at(19, 30).UTC(), Started: at(19, 30), Ended: at(20, 15), Source: "rtc", BoundMS: new(int64(1500)), File: "party.mp4",
			SHA256: "abcd", Changed: true, PlayedMS: 2699_000, LengthMS: new(int64(2700_000)), Shown: new(int64(67000)), Power: "va", TV: &[3]int64{88, 96, 131},
			Present: [3]*int64{new(int64(23)), nil, new(int64(19))}, Pauses: 1, PausedS: 75, Cause: "lesson.cause.cut", Key: "00ff", Record: "good one"},
	}
	return list[max(0, len(list)-last):], b.fail
}

func (book) Check(record []byte, key string) (command.LessonProof, error) {
	if key == "none.pub" {
		return command.LessonProof{}, errors.New("no such file")
	}
	p := command.LessonProof{Lesson: "x-2026-01-01", Key: "00ff" + key, Record: string(record)}
	if !strings.HasPrefix(string(record), "good") {
		p.Problem = "lesson.proof.signature"
	}
	return p, nil
}

func (book) Keys() []command.StationKey {
	return []command.StationKey{{ID: "00ff", PEM: "-----BEGIN\n", Current: true}, {ID: "00aa", PEM: "-----BEGIN\n"}}
}

func TestLesson(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, mixed, empty := file("good.json", "good a\ngood b\n"), file("mixed.json", "good a\nbad b"), file("empty.json", "\n")
	long := file("long.json", strings.Repeat("good\n", 1<<18))
	tests := []struct {
		line string
		code int
		want []string
	}{
		{"lesson list", 0, []string{"party-2026-11-16  no signed record\n",
			"2026-11-23 Monday 19:30:00 +08:00  党课  party-2026-11-23  the film ended early  played 0:44:59 of 0:45:00  23/–/19  the signature holds (key 00ff)\n"}},
		{"lesson list -last 1 -json", 0, []string{`"present": [`, `"record": "good one"`, `"tv_w": [`}},
		{"lesson list -last 0", 2, []string{"whole number"}},
		{"lesson list now", 2, []string{"one argument too many"}},
		{"lesson show party-2026-11-23", 0, []string{"clock: hardware clock  ±1.5s\n", "film: party.mp4  SHA-256 abcd  changed after the check\n", "frames: 67000 shown, – dropped\n",
			"TV power: 96 VA (88–131)\n", "projector power: not measured\n", "present at start/middle/end: 23/–/19\n", "pauses: 1, 75 s altogether\n", "ended because: the film ended early\n"}},
		{"lesson show -raw party-2026-11-23", 0, []string{"good one\n"}},
		{"lesson show party-2026-01-01", 1, []string{"no record of party-2026-01-01"}},
		{"lesson show", 2, []string{"which lesson"}},
		{"lesson verify", 1, []string{"2 records, 1 with a problem"}},
		{"lesson verify party-2026-11-23", 0, []string{"1 records, 0 with a problem"}},
		{"lesson verify -key town.pub party-2026-11-23", 0, []string{"key 00fftown.pub"}},
		{"lesson verify -key none.pub party-2026-11-23", 1, []string{"none.pub cannot be read: no such file"}},
		{"lesson verify party-2026-11-16", 1, []string{"no signed record"}},
		{"lesson verify " + good, 0, []string{"2 records, 0 with a problem"}},
		{"lesson verify party-2026-11-23 " + mixed, 1, []string{"the record was changed", "3 records, 1 with a problem"}},
		{"lesson verify " + empty, 1, []string{"no lesson on record"}},
		{"lesson verify " + long, 1, []string{"too long"}},
		{"lesson verify /dev/zero", 1, []string{"not a regular file"}},
		{"lesson verify missing.json", 1, []string{"missing.json cannot be read"}},
		{"lesson verify -key none.pub " + good, 1, []string{"none.pub cannot be read"}},
		{"lesson key", 0, []string{"key 00ff (in use)\n-----BEGIN\n", "key 00aa (old)\n"}},
		{"lesson key -json", 0, []string{`"current": true`}},
		{"lesson key again", 2, []string{"one argument too many"}},
		{"lesson", 2, []string{"lesson is not complete"}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			env := village("en")
			env.Lessons = book{}
			r := command.Answer(t.Context(), command.New(command.Lessons()...), env, strings.Fields(tt.line))
			if r.Code != tt.code {
				t.Errorf("code %d, want %d: %s", r.Code, tt.code, r.Text)
			}
			for _, w := range tt.want {
				if !strings.Contains(r.Text, w) {
					t.Errorf("no %q in\n%s", w, r.Text)
				}
			}
		})
	}
}

func TestLessonWithoutABook(t *testing.T) {
	for _, line := range []string{"lesson list", "lesson show a", "lesson verify", "lesson verify a.json", "lesson key"} {
		env := village("en")
		if r := command.Answer(t.Context(), command.New(command.Lessons()...), env, strings.Fields(line)); r.Code != 1 || !strings.Contains(r.Text, "not available here") {
			t.Errorf("%s: %d %s", line, r.Code, r.Text)
		}
		env.Lessons = book{fail: errors.New("no journal")}
		if r := command.Answer(t.Context(), command.New(command.Lessons()...), env, strings.Fields(line)); strings.HasSuffix(line, "verify") && !strings.Contains(r.Text, "no journal") {
			t.Errorf("%s: %d %s", line, r.Code, r.Text)
		}
	}
}
