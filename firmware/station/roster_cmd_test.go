package station

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
)

// rosterCounter is a counter with a roster file of that content; "" is no file.
func rosterCounter(t *testing.T, content string) (*Station, string) {
	t.Helper()
	st := counter(t)
	st.cfg.Roster.File = filepath.Join(t.TempDir(), "roster.csv")
	if content != "" {
		put(t, st.cfg.Roster.File, content)
	}
	st.roll, st.faults = newRollbook(), fault.New(st.log, st.scribe.put)
	st.roll.roster = st.openRoster()
	return st, filepath.Dir(st.cfg.Roster.File)
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, st *Station, lang string, args ...string) command.Reply {
	t.Helper()
	return command.Answer(t.Context(), st.table(), st.env(lang, "shell"), args)
}

const ownRoster = "编号,姓名,支部,卡号\n7,李建国,一支部,700\n12,王秀英,一支部,\n30,赵六,二支部,\n"

// TestRosterImport: looked at, taken in, called from at once, kept, exported, and taken
// in again, in both languages.
func TestRosterImport(t *testing.T) {
	st, dir := rosterCounter(t, ownRoster)
	file := filepath.Join(dir, "花名册.csv")
	put(t, file, "柳树屯花名册,,,\n编号,姓名,所在支部,户号,身份证号,性别\n7,李建国,二支部,3,11010519491231002X,男\n8,钱一,二支部,4,,男\n12,王秀兰,一支部,,,女\n")

	r := ask(t, st, "en", "roster", "import", file, "-dry")
	for _, want := range []string{"花名册.csv: 3 members; 1 added, 2 changed, 0 leave, 0 as before", "+    8 钱一  二支部", "~    7 李建国: branch 一支部 → 二支部; household (none) → 3",
		"1 are not in the file and stay", "30 赵六", "columns left out: 性别", "which are not kept: 身份证号", "note: number 12 was 王秀英 and is now 王秀兰", "this was a look only"} {
		if !strings.Contains(r.Text, want) {
			t.Errorf("no %q in\n%s", want, r.Text)
		}
	}
	if got, _ := os.ReadFile(st.cfg.Roster.File); r.Code != command.CodeOK || string(got) != ownRoster || st.roll.members().Len() != 3 {
		t.Fatalf("a look changed something: %d %s", r.Code, got)
	}

	r = ask(t, st, "zh", "roster", "import", file)
	if r.Code != command.CodeOK || !strings.Contains(r.Text, "新增 1，变更 2，退出 0，不变 0") || !strings.Contains(r.Text, "名册已更新，现在 4 人") || !strings.Contains(r.Text, "旧名册存为") {
		t.Errorf("import: %s", r.Text)
	}
	if m, ok := st.roll.members().Find(8); !ok || m.Household != "4" {
		t.Errorf("the panel knows %+v", m)
	}
	if m, ok := st.roll.members().FindCard("700"); !ok || m.Branch != "二支部" {
		t.Errorf("the card is of %+v", m)
	}
	var v rosterView
	if err := json.Unmarshal(r.Data, &v); err != nil || !v.Done || v.Members != 4 || len(v.Changed) != 2 {
		t.Errorf("data %+v %v", v, err)
	}
	if old, _ := os.ReadFile(v.Backup); string(old) != ownRoster {
		t.Errorf("kept %s: %q", v.Backup, old)
	}
	if got, err := os.ReadFile(st.cfg.Roster.File); err != nil || strings.Contains(string(got), "110105") {
		t.Errorf("the file has %s %v", got, err)
	}

	for _, name := range []string{"out.csv", "out.xlsx"} {
		out := filepath.Join(dir, name)
		if r := ask(t, st, "en", "roster", "export", out); r.Code != command.CodeOK || !strings.Contains(r.Text, "4 members written") {
			t.Errorf("export: %s", r.Text)
		}
		if r := ask(t, st, "en", "roster", "export", out); r.Code == command.CodeOK || !strings.Contains(r.Text, "is there already") {
			t.Errorf("over another file: %s", r.Text)
		}
		if r := ask(t, st, "en", "roster", "import", out, "-replace"); r.Code != command.CodeOK || !strings.Contains(r.Text, "4 as before") || !strings.Contains(r.Text, "the roster is as it was") {
			t.Errorf("back: %s", r.Text)
		}
	}
	if r := ask(t, st, "en", "roster"); !strings.Contains(r.Text, "   7  李建国  二支部  3  card\n") || !strings.Contains(r.Text, "二支部: 3\n") || !strings.Contains(r.Text, "4 members, 1 with a card") {
		t.Errorf("list: %s", r.Text)
	}
}

// TestRosterReplace: who is not in the file leaves, and the presses stay on record.
func TestRosterReplace(t *testing.T) {
	st, dir := rosterCounter(t, ownRoster)
	file := filepath.Join(dir, "new.csv")
	put(t, file, "编号,姓名\n7,李建国\n")
	r := ask(t, st, "en", "roster", "import", file, "-replace")
	if r.Code != command.CodeOK || !strings.Contains(r.Text, "2 leave, 1 as before") || !strings.Contains(r.Text, "-   30 赵六  二支部") {
		t.Errorf("%s", r.Text)
	}
	if _, ok := st.roll.members().Find(30); ok || st.roll.members().Len() != 1 {
		t.Errorf("members %v", st.roll.members().Members())
	}
}

// TestRosterAllOrNothing: with a single bad row nothing changes, whatever was asked, and
// every bad row is told, so many as people read.
func TestRosterAllOrNothing(t *testing.T) {
	for _, flag := range []string{"-merge", "-replace", "-dry"} {
		st, dir := rosterCounter(t, ownRoster)
		file := filepath.Join(dir, "new.csv")
		put(t, file, "编号,姓名\n7,新人\nx,谁\n8,\n"+strings.Repeat("7,又是\n", 300))
		r := ask(t, st, "en", "roster", "import", file, flag)
		if r.Code != command.CodeFailed || !strings.Contains(r.Text, "has 302 mistakes") || !strings.Contains(r.Text, `row 3, column "编号": x is not a number`) || !strings.Contains(r.Text, "and 102 more") {
			t.Errorf("%d %s", r.Code, r.Text)
		}
		if got, _ := os.ReadFile(st.cfg.Roster.File); string(got) != ownRoster || st.roll.members().Len() != 3 {
			t.Errorf("the roster has %s", got)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "roster.csv.*")); len(left) > 0 {
			t.Errorf("litter %v", left)
		}
	}
}

func TestRosterRefusals(t *testing.T) {
	st, dir := rosterCounter(t, ownRoster)
	file, empty, damaged := filepath.Join(dir, "new.csv"), filepath.Join(dir, "empty.csv"), filepath.Join(dir, "damaged.xlsx")
	put(t, file, "编号,姓名\n8,新人\n")
	put(t, empty, "编号,姓名\n")
	put(t, damaged, "PK\x03\x04")
	tests := []struct {
		args string
		code int
		want string
	}{
		{"import new.csv", command.CodeUsage, "give the whole path"},
		{"export new.csv", command.CodeUsage, "give the whole path"},
		{"import " + dir + "/none.csv", command.CodeFailed, "none.csv: no such file"},
		{"import " + dir, command.CodeFailed, "no file"},
		{"import -replace " + empty, command.CodeFailed, "nobody is in the file"},
		{"import " + damaged, command.CodeFailed, "damaged.xlsx: the xlsx file cannot be read"},
		{"import " + file + " -sheet x", command.CodeFailed, "text has no sheets"},
		{"export " + dir + "/no/x.csv", command.CodeFailed, "x.csv: no such file"},
	}
	for _, tt := range tests {
		if r := ask(t, st, "en", append([]string{"roster"}, strings.Fields(tt.args)...)...); r.Code != tt.code || !strings.Contains(r.Text, tt.want) {
			t.Errorf("%s: %d %s", tt.args, r.Code, r.Text)
		}
	}
	if st.roll.members().Len() != 3 {
		t.Error("the roster changed")
	}

	// A roster of the station's own with bad rows would lose them.
	put(t, st.cfg.Roster.File, ownRoster+"x,谁\n")
	for _, args := range [][]string{{"import", file}, {"export", filepath.Join(dir, "o.csv")}} {
		if r := ask(t, st, "en", append([]string{"roster"}, args...)...); r.Code != command.CodeFailed || !strings.Contains(r.Text, "1 rows of the station's own roster") {
			t.Errorf("own bad rows: %s", r.Text)
		}
	}
	put(t, st.cfg.Roster.File, "\xff\xff")
	if r := ask(t, st, "en", "roster", "import", file); r.Code != command.CodeFailed || !strings.Contains(r.Text, "cannot be read") {
		t.Errorf("own unreadable: %s", r.Text)
	}
	st.roll.adopt(st.openRoster())
	if r := ask(t, st, "en", "roster", "import", file, "-replace"); r.Code != command.CodeOK || st.roll.members().Len() != 1 {
		t.Errorf("replaced: %s", r.Text)
	}
	if list := st.faults.List(); len(list) != 0 {
		t.Errorf("faults that are over: %v", list)
	}

	// The disk does not take it: the station goes on with what the file has.
	st.cfg.Roster.File = filepath.Join(dir, "none", "roster.csv")
	if r := ask(t, st, "en", "roster", "import", file); r.Code != command.CodeFailed || !strings.Contains(r.Text, "the roster was not written") || st.roll.members().Len() != 1 {
		t.Errorf("not written: %s", r.Text)
	}
	st.cfg.Roster.File = ""
	if r := ask(t, st, "en", "roster", "import", file); r.Code != command.CodeFailed || !strings.Contains(r.Text, "give file in section [roster]") {
		t.Errorf("no file: %s", r.Text)
	}
	if r := ask(t, st, "en", "roster"); !strings.Contains(r.Text, "there are no members") {
		t.Errorf("list: %s", r.Text)
	}
}

// TestRosterWithoutTheStation: before the first start the file alone is written, and a
// path is that of the shell.
func TestRosterWithoutTheStation(t *testing.T) {
	st := counter(t)
	st.cfg.Roster.File = filepath.Join(t.TempDir(), "roster.csv")
	t.Chdir(t.TempDir())
	put(t, "new.csv", "编号,姓名\n8,新人\n")
	env, err := FileEnv(st.cfg, "en", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if r := command.Answer(t.Context(), Commands(), env, []string{"roster", "import", "new.csv"}); r.Code != command.CodeOK || strings.Contains(r.Text, "kept as") {
		t.Fatal(r.Text)
	}
	if r, _, err := attendance.LoadRoster(st.cfg.Roster.File); err != nil || r.Len() != 1 {
		t.Errorf("%v %v", r, err)
	}
}

// TestRosterInARunningLesson: who pressed before the import stays present, the next
// press is looked up in the new roster, and the roll counts both.
func TestRosterInARunningLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := beginWith(t, r, r, l, o, dir, &config.Config{})
		time.Sleep(150 * time.Second)
		press := func(number int) {
			g.roll.keys <- key{number: number, at: time.Now()}
			time.Sleep(time.Second)
		}
		press(12)
		was := g.roll.members()
		p := was.Plan(mustList(t, "编号,姓名\n40,新人\n7,李建国\n"), true) // 12 leaves
		g.roll.adopt(p.Next)
		press(40)
		press(7)
		if text, known := g.roll.greeting(time.Now()); !known || !strings.Contains(text, "李建国") {
			t.Errorf("greeting %q", text)
		}
		time.Sleep(6 * time.Minute)
		g.stop()
		if got := result(t, l); got.Present != 3 {
			t.Errorf("%d present, want 12 from before, 40 and 7", got.Present)
		}
		var names []string
		for _, rec := range l.list(firmware.KindPress) {
			var p firmware.Press
			if err := json.Unmarshal(rec.Data, &p); err != nil {
				t.Fatal(err)
			}
			names = append(names, fmt.Sprint(p.Number, p.Name))
		}
		if got := strings.Join(names, " "); got != "12王秀英 40新人 7李建国" {
			t.Errorf("on record %s", got)
		}
	})
}

func mustList(t *testing.T, file string) *attendance.List {
	t.Helper()
	l, err := attendance.ReadList([]byte(file), "")
	if err != nil || len(l.Bad) > 0 {
		t.Fatal(err, l)
	}
	return l
}

// TestRosterUnderThePresses: presses and imports at the same time, for the race
// detector; every press has a name of one roster or the other.
func TestRosterUnderThePresses(t *testing.T) {
	st, dir := rosterCounter(t, "编号,姓名\n7,甲\n")
	l, quiet := &ledger{}, &room{mains: true}
	st.scribe = newScribe(l, slog.New(slog.DiscardHandler), func(error) {})
	rb := st.roll
	rb.journal, rb.panel, rb.voice, rb.faults, rb.words, rb.log, rb.now, rb.tick = l, quiet, quiet, st.faults, text.New("zh"), st.log, time.Now, time.Now
	rb.prover = newProver(proverOpts{stateDir: dir, station: "s", boot: "b", tick: time.Now, faults: st.faults, log: st.log})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = rb.Run(ctx) })
	var work sync.WaitGroup
	env := st.env("zh", "shell")
	for i, name := range []string{"甲", "乙", "甲", "乙"} {
		work.Go(func() {
			for k := range 10 {
				file := filepath.Join(dir, fmt.Sprintf("%d-%d.csv", i, k))
				put(t, file, fmt.Sprintf("编号,姓名\n7,%s\n%d,丙\n", name, 100+10*i+k))
				if r, err := env.Roster.Import(t.Context(), env, command.RosterImport{Path: file}); err != nil || r.Code != command.CodeOK {
					t.Error(r.Text, err)
				}
			}
		})
	}
	imported, presses := make(chan struct{}), 0
	go func() { work.Wait(); close(imported) }()
	for done := false; !done; presses++ {
		select {
		case <-imported:
			done = true
		default:
		}
		rb.keys <- key{number: 7, at: time.Now()}
	}
	within(t, "all presses on record", func() bool { return len(l.list(firmware.KindPress)) == presses })
	cancel()
	wg.Wait()
	for _, rec := range l.list(firmware.KindPress) {
		var p firmware.Press
		if err := json.Unmarshal(rec.Data, &p); err != nil || !p.Known || p.Name != "甲" && p.Name != "乙" {
			t.Errorf("press %s %v", rec.Data, err)
		}
	}
	on, _, err := attendance.LoadRoster(st.cfg.Roster.File)
	if err != nil || on.Len() != 41 || fmt.Sprint(on.Members()) != fmt.Sprint(rb.members().Members()) {
		t.Errorf("an import is lost, or file and memory differ: %v %v", on, err)
	}
}
