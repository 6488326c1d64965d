package station

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/lesson"
	"stationbox/firmware/text"
)

// assembly is a rig in which questions are put.
type assembly struct {
	rig
	*testing.T
	r   *room
	l   *ledger
	env *command.Env
}

// idleHall has no lesson for hours; tune changes its roll.
func idleHall(t *testing.T, r *room, l *ledger, dir string, tune func(*rollbook)) assembly {
	t.Helper()
	o := firmware.Occasion{ID: "party-1", Title: "第一课", Start: time.Now().Add(100 * time.Hour), Duration: time.Hour}
	g := beginWith(t, r, r, l, o, dir, &config.Config{}, twenty, func(s *showing) {
		s.roll.runDir = dir
		tune(s.roll)
	})
	env := &command.Env{Text: text.New("en"), By: "console", Now: time.Now, Asker: asker{g.roll, g.show.nudge}}
	time.Sleep(3 * time.Second)
	return assembly{g, t, r, l, env}
}

// keys presses keys, 100 ms apart; "b3" is the button of 3, "c9" a card, "!"
// where keys were missed, "_" waits longer than Patience.
func (h assembly) keys(list string) {
	h.Helper()
	for _, word := range strings.Fields(list) {
		var n int
		if word == "_" {
			time.Sleep(11 * time.Second)
			continue
		}
		if word == "!" {
			h.roll.keys <- key{missed: true, at: time.Now()}
			continue
		}
		if card, ok := strings.CutPrefix(word, "c"); ok {
			h.roll.keys <- key{card: card, at: time.Now()}
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if k, _ := fmt.Sscanf(word, "b%d", &n); k == 1 {
			h.roll.keys <- key{number: n, at: time.Now()}
			time.Sleep(100 * time.Millisecond)
			continue
		}
		for _, r := range word {
			h.roll.keys <- key{r: r, at: time.Now()}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

func (h assembly) does(line string, want ...string) string {
	h.Helper()
	var args []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		args = append(args, strings.Fields(part)...)
	}
	r := command.Answer(h.Context(), command.New(command.Questions()...), h.env, args)
	for _, w := range want {
		if !strings.Contains(r.Text, w) {
			h.Errorf("%s: %q is not in\n%s", line, w, r.Text)
		}
	}
	return r.Text
}

func (h assembly) lamps() string {
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	s := strings.Join(h.r.lamps, " ")
	h.r.lamps = nil
	return s
}

func (h assembly) outcome() firmware.Outcome {
	h.Helper()
	list := h.l.list(firmware.KindOutcome)
	if len(list) == 0 {
		h.Fatal("no outcome is on record")
	}
	var o firmware.Outcome
	if err := json.Unmarshal(list[len(list)-1].Data, &o); err != nil {
		h.Fatal(err)
	}
	return o
}

const start = " start -question '什么时候浇水好？' -a 早上 -b 中午 -c 晚上 "

// What people press on each panel, and what comes of it.
func TestQuizByButtons(t *testing.T) {
	tests := []struct {
		name, keys, lamps string
		digits            bool
		counts            string
	}{
		{"number, #, letter", "12#B", "ack ack", false, "[0 1 0]"},
		{"number and letter", "12B 7A", "ack ack ack ack", false, "[1 1 0]"},
		{"the letter and #", "12B# 7#A#", "ack ack ack ack", false, "[1 1 0]"},
		{"nobody answers for the one before", "12# 99B 12# 99# B", "ack reject ack reject reject", false, "[0 0 0]"},
		{"a card that nobody has", "12# c999 B", "ack reject reject", false, "[0 0 0]"},
		{"keys were missed", "12# ! B", "ack reject", false, "[0 0 0]"},
		{"another mind", "12#B 12#C", "ack ack ack ack", false, "[0 0 1]"},
		{"the same again", "12#B 12#B", "ack ack ack ack", false, "[0 1 0]"},
		{"a letter alone", "B", "reject", false, "[0 0 0]"},
		{"no such letter", "12#D", "ack reject", false, "[0 0 0]"},
		{"a number that nobody has", "99#B", "reject reject", false, "[0 0 0]"},
		{"a number that nobody has, in one", "99B 7B", "reject ack ack", false, "[0 1 0]"},
		{"too slow", "12# _ B", "ack reject", false, "[0 0 0]"},
		{"two letters", "12#BC", "ack ack reject", false, "[0 1 0]"},
		{"another number first", "12# 7#B", "ack ack ack", false, "[0 1 0]"},
		{"on letters 2 is a number", "12# 2#", "ack ack", false, "[0 0 0]"},
		{"on digits it is B", "12# 2#", "ack ack", true, "[0 1 0]"},
		{"on digits 4 is a number", "12# 4# 1#", "ack ack ack", true, "[1 0 0]"},
		{"on digits, by number 2 himself", "2# 3#", "ack ack", true, "[0 0 1]"},
		{"buttons", "b12 b2 b3 b1", "ack ack ack ack", false, "[1 1 0]"},
		{"buttons, too slow", "b12 _ b2 b3", "ack ack ack", false, "[0 0 1]"},
		{"a digit after the letter begins a number", "12B7#A", "ack ack ack ack", false, "[1 1 0]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := idleHall(t, &room{mains: true}, &ledger{}, t.TempDir(), func(b *rollbook) {
					if tt.digits {
						b.pad = "usb"
					}
				})
				defer h.stop()
				h.does("quiz"+start+"-answer a", "A  早上", "0 have answered")
				h.keys(tt.keys)
				if got := h.lamps(); got != tt.lamps {
					t.Errorf("lamps %q, want %q", got, tt.lamps)
				}
				time.Sleep(time.Minute)
				if o := h.outcome(); fmt.Sprint(o.Counts) != tt.counts || o.Right != "A" || o.Void {
					t.Errorf("outcome %+v, want %s", o, tt.counts)
				}
			})
		})
	}
}

// A vote during the roll: no record says what anybody chose and every record is there
// before the lamp; the program is started anew in the middle, and nobody's vote is lost
// or counts twice. Then the key is gone.
func TestSecretVote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, r, l := t.TempDir(), &room{mains: true}, &ledger{}
		h := idleHall(t, r, l, dir, func(*rollbook) {})
		h.does("vote"+start+"-for 5m", "0 have answered")
		h.does("quiz"+start, "a question already")
		h.keys("12#B 7#A 12#C 3#C")
		if info, err := os.Stat(filepath.Join(dir, "vote.key")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("key file: %v %v", info, err)
		}
		if greet, _ := h.roll.greeting(time.Now()); !strings.Contains(greet, "村民3") || strings.ContainsAny(greet, "ABC") {
			t.Errorf("the room reads %q", greet)
		}
		h.stop()
		h = idleHall(t, r, l, dir, func(*rollbook) {})
		h.does("vote", "3 have answered")
		h.keys("4#B 7#C")
		h.does("quiz stop", "no question")
		h.does("vote stop", "C  晚上  3", "B  中午  1", "A  早上  0", "over, 4 have answered")
		if _, err := os.Stat(filepath.Join(dir, "vote.key")); !os.IsNotExist(err) {
			t.Errorf("the key is still there: %v", err)
		}
		for _, rec := range l.list(firmware.KindAnswer) {
			var a firmware.Answer
			if err := json.Unmarshal(rec.Data, &a); err != nil || a.Choice != "" || len(a.Sealed) != 12+1+16 {
				t.Errorf("answer %s %v", rec.Data, err)
			}
		}
		if len(l.list(firmware.KindAnswer)) != 6 || h.outcome().Closed != "console" {
			t.Errorf("%d answers, outcome %+v", len(l.list(firmware.KindAnswer)), h.outcome())
		}
		h.stop()
	})
}

// A power cut takes the key: the vote is void, is said to be, and another may be held.
func TestVoteAfterAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, r, l := t.TempDir(), &room{mains: true}, &ledger{}
		h := idleHall(t, r, l, dir, func(*rollbook) {})
		h.does("vote" + start + "-for 5m")
		h.keys("12#B")
		h.stop()
		if err := os.Remove(filepath.Join(dir, "vote.key")); err != nil {
			t.Fatal(err)
		}
		h = idleHall(t, r, l, dir, func(*rollbook) {})
		if o := h.outcome(); !o.Void || o.Answered != 1 || fmt.Sprint(o.Counts) != "[0 0 0]" {
			t.Errorf("outcome %+v", o)
		}
		h.does("vote", "void")
		h.does("vote"+start, "0 have answered")
		h.stop()
	})
}

// What is not on the card is not acknowledged and does not count; and an outcome that
// the card did not take is written when it does.
func TestQuizOnAFullCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := idleHall(t, &room{mains: true}, &ledger{}, t.TempDir(), func(*rollbook) {})
		refuse := func(err error) { h.l.mu.Lock(); h.l.refuse = err; h.l.mu.Unlock() }
		refuse(errors.New("no space"))
		h.does("vote"+start, "not on record: no space")
		if _, err := os.Stat(h.roll.keyFile()); !os.IsNotExist(err) {
			t.Errorf("a key for no vote: %v", err)
		}
		refuse(nil)
		h.does("quiz" + start)
		h.keys("12#")
		refuse(errors.New("no space"))
		h.keys("B")
		if got := h.lamps(); got != "ack fault" {
			t.Errorf("lamps %q", got)
		}
		time.Sleep(2 * time.Minute)
		refuse(nil)
		time.Sleep(2 * time.Second)
		if o := h.outcome(); o.Answered != 0 {
			t.Errorf("outcome %+v", o)
		}
		h.stop()
	})
}

func TestQuizRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := idleHall(t, &room{mains: true}, &ledger{}, t.TempDir(), func(*rollbook) {})
		defer h.stop()
		h.does("quiz", "no question")
		h.does("vote stop", "no question")
		h.does("quiz start", "2 to 4 options")
		h.does("quiz start -question x -a 1", "2 to 4 options")
		h.does("quiz start -question x -a 1 -b 2 -d 4", "in this order")
		h.does("quiz start -question x -a 1 -b 2 -answer c", "c is not the letter")
		h.does("quiz start -question x -a 1 -b 2 -answer AB", "AB is not the letter")
		h.does("vote start -question x -a 1 -b 2 -answer a", "no option -answer")
		h.does("quiz start -question x -a 1 -b 2 -for 5s", "5s is not a time")
		h.does("quiz start -question x -a 1 -b 2 -for soon", "soon is not a time")
		h.does("quiz start -question x -a 1 -b 2 more", "more is one argument")
		h.does("quiz start -question "+strings.Repeat("长", 31)+" -a 1 -b 2", "does not fit")
		h.does("quiz start -question "+strings.Repeat("长", 16)+" -a 1 -b 2 -c 3 -d 4", "does not fit")
		h.does("quiz start -question x -a 1 -b "+strings.Repeat("长", 11), "does not fit")
		h.does("quiz start -question x -a 1 -b 'a\tb'", "does not fit")
		h.does("quiz stop now", "now is one argument")
		h.does("quiz now", "now is one argument")
		h.env.Asker = nil
		h.does("vote"+start, "not running")
		if len(h.l.list(firmware.KindQuestion)) != 0 {
			t.Error("a question is on record")
		}
	})
}

// During a roll the number signs in as ever, and its letter answers.
func TestQuizDuringTheRoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, twenty, func(s *showing) { s.roll.runDir = dir })
		h := assembly{g, t, r, l, &command.Env{Text: text.New("en"), By: "console", Now: time.Now, Asker: asker{g.roll, g.show.nudge}}}
		time.Sleep(4 * time.Minute) // the film runs
		h.does("quiz" + start + "-for 30s")
		h.keys("12#B 99# 99B")
		if g.roll.present("party-1") != 1 || h.lamps() != "ack ack reject reject" {
			t.Errorf("%d present", g.roll.present("party-1"))
		}
		v := g.show.sight(time.Now(), o, lesson.Orders{Phase: lesson.Playing})
		if v.board == nil || v.board.Headline != "什么时候浇水好？" || len(v.board.Rows) != 3 || strings.Contains(fmt.Sprint(v.board.Rows), "人") {
			t.Errorf("the board shows %+v", v.board)
		}
		time.Sleep(35 * time.Second)
		v = g.show.sight(time.Now(), o, lesson.Orders{Phase: lesson.Playing})
		if v.board == nil || v.board.Rows[1] != "B  中午  1 人" || !strings.Contains(fmt.Sprint(v.lines()), "中午") {
			t.Errorf("the board shows %+v", v.board)
		}
		if v = g.show.sight(time.Now(), o, lesson.Orders{Phase: lesson.RollCall, Load: true}); v.board != nil && len(v.board.Rows) > 0 {
			t.Errorf("over the first picture: %+v", v.board)
		}
		time.Sleep(time.Minute)
		if v = g.show.sight(time.Now(), o, lesson.Orders{Phase: lesson.Playing}); !v.empty() {
			t.Errorf("still there: %+v", v.board)
		}
		h.keys("7#B") // the letter is nothing now
		if got := h.lamps(); got != "ack" {
			t.Errorf("lamps %q", got)
		}
		time.Sleep(3 * time.Minute)
		g.stop()
		if got := result(t, l).Present; got != 2 {
			t.Errorf("%d present", got)
		}
	})
}

func TestTwoLines(t *testing.T) {
	for in, want := range map[string]string{
		"短": "短|", "When is it best to water tomatoes in May?": "When is it best to water|tomatoes in May?",
		strings.Repeat("长", 17): strings.Repeat("长", 15) + "|长长", "": "|",
	} {
		a, b := twoLines(in, lineWide)
		if got := a + "|" + b; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
