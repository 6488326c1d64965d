package station

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	readmodel "stationbox/firmware/ledger"
	"stationbox/firmware/text"
)

// scan is the journal in memory as commands read it.
func (l *ledger) scan(fn func(firmware.Record) error) error {
	l.mu.Lock()
	list := append([]firmware.Record(nil), l.records...)
	l.mu.Unlock()
	for _, r := range list {
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

// adminEnv is where the administrator of a rig types.
func adminEnv(g rig, l *ledger) *command.Env {
	cfg := &config.Config{}
	env := &command.Env{Text: text.New("en"), By: "console", Now: time.Now}
	env.Roll = func(id string) (command.Roll, error) { return rollOf(cfg, l.scan, id) }
	if g.roll != nil {
		env.Clerk = clerk{cfg, g.roll, env.Roll}
	}
	return env
}

// types runs a command line; words in quotes are one.
func types(t *testing.T, env *command.Env, line string) command.Reply {
	t.Helper()
	var args []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		args = append(args, strings.Fields(part)...)
	}
	return command.Answer(t.Context(), command.New(command.Rolls()...), env, args)
}

func typesWell(t *testing.T, env *command.Env, line string, want ...string) {
	t.Helper()
	r := types(t, env, line)
	if r.Code != 0 {
		t.Fatalf("%s: %s", line, r.Text)
	}
	for _, w := range want {
		if !strings.Contains(r.Text, w) {
			t.Errorf("%s: %q is not in\n%s", line, w, r.Text)
		}
	}
}

// A lesson that is still open, and the same one when it is over: the board, the roll and the
// lesson's record have the newest correction, and every press is on record as it was.
func TestCorrectionsOfTheRoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(150 * time.Second)
		for _, k := range "12#99#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(time.Second)
		env := adminEnv(g, l)
		typesWell(t, env, "roll", "王秀英", "(not in the roster)", "1 present of", "1 guests")
		typesWell(t, env, "roll correct party-1 12 absent -why 'her son pressed' -by 王主任", "corrected to absent", "console 王主任: her son pressed", "0 present")
		if got := g.roll.present("party-1"); got != 0 || len(g.roll.latest("party-1")) != 0 {
			t.Errorf("the board counts %d and names %v", got, g.roll.latest("party-1"))
		}
		typesWell(t, env, "roll correct last 7 present -why 'his hand is broken'", "李建国", "1 present")
		if got := strings.Join(g.roll.latest("party-1"), " "); got != "李建国" {
			t.Errorf("the board names %q", got)
		}
		for _, k := range "12#" { // by whoever did before
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(time.Second)
		if say, good := g.roll.greeting(time.Now()); good || !strings.Contains(say, "管理员") || r.lamps[len(r.lamps)-1] != "reject" {
			t.Errorf("a press against the administrator's word: %q %v, lamps %v", say, good, r.lamps)
		}
		typesWell(t, env, "roll correct party-1 99 present -why 'a cousin'", "(not in the roster)", "2 present")
		typesWell(t, env, "roll heads party-1 5 -why counted", "7 present")
		time.Sleep(6 * time.Minute)
		if got := result(t, l).Present; got != 7 {
			t.Errorf("%d present on the lesson's record", got)
		}
		time.Sleep(3 * time.Hour)
		typesWell(t, env, "roll correct party-1 12 present -why 'she was there after all'", "8 present")
		typesWell(t, env, "roll correct party-1 7 absent -why 'it was another 李'", "7 present")
		typesWell(t, env, "roll party-1", "  12  ", "she was there after all", "5 without a name", "it was another 李", "7 present")
		g.stop()

		again := begin(t, r, l, o, dir)
		if got := again.roll.present("party-1"); got != 7 {
			t.Errorf("after a restart %d are present", got)
		}
		again.stop()
		var presses []int
		for _, rec := range l.list(firmware.KindPress) {
			var p firmware.Press
			if err := json.Unmarshal(rec.Data, &p); err != nil {
				t.Fatal(err)
			}
			presses = append(presses, p.Number)
		}
		if len(presses) != 3 || presses[0] != 12 || presses[1] != 99 || presses[2] != 12 {
			t.Errorf("presses on record %v", presses)
		}
	})
}

// What cannot be done is said, and a correction that is not on the card is not confirmed.
func TestCorrectionsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(150 * time.Second)
		env := adminEnv(g, l)
		for line, want := range map[string]string{
			"roll correct party-1 7 present":                                  "needs its reason",
			"roll correct party-1 7 present -why ' '":                         "needs its reason",
			"roll correct party-1 0 present -why x":                           "1 to 9999",
			"roll correct party-1 7 maybe -why x":                             "present or absent",
			"roll correct party-1 7":                                          "present or absent",
			"roll correct party-2 7 present -why x":                           "no roll of party-2",
			"roll correct party-1 7 present -wyh x":                           "no option -wyh",
			"roll correct party-1 7 present -why 'a\nb'":                      "control characters",
			"roll heads party-1 many":                                         "headcount",
			"roll heads party-1 -1":                                           "no option",
			"roll confirm party-1 1":                                          "no mark 1",
			"roll clear party-1 x":                                            "number of the mark",
			"roll correct party-1 7 present -why " + strings.Repeat("长", 201): "200 characters",
		} {
			if got := types(t, env, line); got.Code == 0 || !strings.Contains(got.Text, want) {
				t.Errorf("%q: %d %s, want %q", line, got.Code, got.Text, want)
			}
		}
		l.mu.Lock()
		l.refuse = errors.New("no space")
		l.mu.Unlock()
		if got := types(t, env, "roll correct party-1 7 present -why x"); got.Code == 0 || !strings.Contains(got.Text, "not on record: no space") {
			t.Errorf("card full: %d %s", got.Code, got.Text)
		}
		if g.roll.present("party-1") != 0 {
			t.Error("what is not on the card counts")
		}
		g.stop()
		l.refuse = nil
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.roll.do(ctx, func(context.Context) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a station that has stopped: %v", err)
		}
		if got := types(t, adminEnv(rig{}, l), "roll heads party-1 3"); !strings.Contains(got.Text, "not running") {
			t.Errorf("without a station: %s", got.Text)
		}
	})
}

// The roll of a lesson that the journal's ring has given up is in the ledger, and a
// correction that only the journal has yet counts.
func TestRollOfLongAgo(t *testing.T) {
	cfg := &config.Config{}
	cfg.Station.StateDir, cfg.Station.ID = t.TempDir(), "370100-014"
	at := time.Date(2026, 1, 7, 19, 30, 0, 0, time.UTC)
	rec := func(seq uint64, kind string, data any) firmware.Record {
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		return firmware.Record{Station: cfg.Station.ID, Boot: "b", Seq: seq, Wall: at.Add(time.Duration(seq) * time.Minute), Kind: kind, Lesson: "old", Data: raw}
	}
	none := func(func(firmware.Record) error) error { return nil }
	if r, err := rollOf(cfg, none, "old"); err != nil || !r.Opened.IsZero() {
		t.Fatalf("without a ledger: %+v %v", r, err)
	}
	book, err := readmodel.Open(filepath.Join(cfg.Station.StateDir, "ledger.db"), readmodel.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	err = book.Apply(t.Context(), rec(1, firmware.KindRollOpen, attendance.Open{Title: "第一课"}), rec(2, firmware.KindPress, firmware.Press{Number: 12, Name: "王秀英", Known: true}),
		rec(3, firmware.KindHead, firmware.Head{}), rec(4, firmware.KindCorrection, firmware.Correction{Do: firmware.CorrectPresent, Number: 7, Known: true}), rec(5, firmware.KindRollClose, attendance.Close{Present: 2}))
	if err != nil {
		t.Fatal(err)
	}
	newer := func(fn func(firmware.Record) error) error {
		return fn(rec(6, firmware.KindCorrection, firmware.Correction{Do: firmware.CorrectAbsent, Number: 12}))
	}
	r, err := rollOf(cfg, newer, "old")
	if err != nil || r.Title != "第一课" || r.Present != 2 || len(r.Entries) != 2 || r.Entries[0].Present {
		t.Errorf("roll %+v %v", r, err)
	}
}
