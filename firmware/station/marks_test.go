package station

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/config"
)

// crowd lets numbers be typed, each after a time.
func (g rig) crowd(t *testing.T, gap time.Duration, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		for _, r := range fmt.Sprint(n, "#") {
			g.roll.keys <- key{r: r, at: time.Now()}
		}
		time.Sleep(gap)
	}
}

// twenty is a roster of twenty.
func twenty(s *showing) {
	list := "number,name\n"
	for n := 1; n <= 20; n++ {
		list += fmt.Sprintf("%d,村民%d\n", n, n)
	}
	s.roll.roster, _, _ = attendance.ParseRoster([]byte(list))
}

// One hand with a list: the roll counts them, the administrator is asked to look, and
// what he says is on record and changes no roll. All of it is there once, also after a
// card that was full and a restart.
func TestMarksOnTheRoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, twenty, func(s *showing) { s.roll.seats = 11 })
		time.Sleep(150 * time.Second)
		g.crowd(t, 1700*time.Millisecond, 1, 12)
		if n := len(l.list(firmware.KindMark)); n != 0 {
			t.Errorf("%d marks while the roll is open", n)
		}
		time.Sleep(6 * time.Minute)
		env := adminEnv(g, l)
		typesWell(t, env, "roll", "12 present", "mark 1 (to be looked at): 12 numbers from", "one every 1.7 s", "1 2 3 4 5", "mark 2 (to be looked at): 12 signed in, the room has 11 places")
		typesWell(t, env, "roll confirm party-1 1 -why 'the clerk pressed for them' -by 王主任", "mark 1 (confirmed by console 王主任)", "mark 2 (to be looked at)")
		typesWell(t, env, "roll clear last 2", "mark 2 (cleared by console)")
		typesWell(t, env, "roll clear last 1", "mark 1 (cleared by console)")
		typesWell(t, env, "roll -json party-1", `"reason": "ascending"`, `"confirmed": false`, `"present": 12`)
		if got := types(t, env, "roll confirm party-1 3"); !strings.Contains(got.Text, "no mark 3") {
			t.Errorf("mark 3: %s", got.Text)
		}
		g.stop()
		again := beginWith(t, r, r, l, o, dir, &config.Config{}, twenty)
		time.Sleep(10 * time.Second)
		again.stop()
		if n := len(l.list(firmware.KindMark)); n != 2 {
			t.Errorf("%d marks after a restart", n)
		}
	})
}

// unwilling is a journal that refuses some records of a kind.
type unwilling struct {
	*ledger
	kind string
	left atomic.Int32
}

func (u *unwilling) Append(ctx context.Context, kind, id string, data any) (firmware.Record, error) {
	if kind == u.kind && u.left.Add(-1) >= 0 {
		return firmware.Record{}, errors.New("no space")
	}
	return u.ledger.Append(ctx, kind, id, data)
}

// People who take their time are left alone, the list that comes after them is not; and
// a mark that the card did not take is written when it does.
func TestMarksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		full := &unwilling{ledger: l, kind: firmware.KindMark}
		full.left.Store(3)
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, twenty, func(s *showing) { s.roll.journal = full })
		time.Sleep(125 * time.Second)
		for n := range 6 {
			g.crowd(t, time.Duration(2200+900*(n*n%7))*time.Millisecond, n+1, n+1)
		}
		g.crowd(t, 1100*time.Millisecond, 7, 15)
		time.Sleep(6 * time.Minute)
		g.stop()
		got := l.list(firmware.KindMark)
		if len(got) != 1 || !strings.Contains(string(got[0].Data), `"reason":"ascending"`) || !strings.Contains(string(got[0].Data), `"count":9`) {
			t.Errorf("marks %+v", got)
		}
	})
}
