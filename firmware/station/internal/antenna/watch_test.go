package antenna

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/text"
)

// offers takes in what the broadcast says of the time.
type offers struct {
	mu   sync.Mutex
	list []clock.Observation
	base time.Time
}

func (o *offers) Mono() time.Duration { return time.Since(o.base) }

func (o *offers) Status() clock.Status { return clock.Status{Bound: time.Second} }

func (o *offers) OfferAt(x clock.Observation) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, x)
	return clock.ErrOutranked // which is no business of the dish
}

func (o *offers) all() []clock.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.list
}

// The time of the right satellite is offered; a strange one is told of by its place and
// its channels, and its time is not believed.
func TestDishSatellite(t *testing.T) {
	var o offers
	onRigWith(t, func(m *Meter) { o.base, m.taker = time.Now(), &o }, func(t *testing.T, r *dishRig) {
		time.Sleep(2 * time.Minute)
		if codes := r.codes(); len(codes) > 0 {
			t.Fatalf("faults %v", codes)
		}
		got := o.all()
		if len(got) != 1 || got[0].Source != clock.Satellite || got[0].Bound != broadcastBound {
			t.Fatalf("offered %+v", got)
		}
		if off := got[0].Wall.Sub(o.base.Add(got[0].Mono).AddDate(26, 10, 27)); math.Abs(off.Seconds()) > 1.01 {
			t.Errorf("the time is %v off", off)
		}
		p := r.dish.Pose()
		p.Azimuth += 7
		r.dish.Turn(p)
		time.Sleep(tablesEvery + 3*time.Minute)
		list := r.faults.List()
		if len(list) != 1 || list[0].Code != "fault.dish.satellite" {
			t.Fatalf("faults %+v", list)
		}
		say, _ := text.New("zh").Fault(list[0])
		if !strings.Contains(say, "110.5E") || !strings.Contains(say, "115.5E") || !strings.Contains(say, "购物") {
			t.Errorf("%q", say)
		}
		if n := len(o.all()); n != 1 {
			t.Errorf("the stranger's time was offered: %d", n)
		}
		p.Azimuth -= 7
		r.dish.Turn(p)
		time.Sleep(tablesEvery + 3*time.Minute)
		if codes := r.codes(); len(codes) > 0 || len(o.all()) != 2 {
			t.Errorf("turned back: %v, %d times", codes, len(o.all()))
		}
		r.ahead.Store(int64(8 * time.Hour)) // local time where UTC belongs
		time.Sleep(tablesEvery + time.Minute)
		if n := len(o.all()); n != 2 {
			t.Errorf("Beijing's time was offered as UTC: %d", n)
		}
	})
}

// Tables that do not come cost nothing but a line in the log.
func TestDishTablesMissing(t *testing.T) {
	for _, kind := range []string{"mute", "damaged"} {
		onRig(t, func(t *testing.T, r *dishRig) {
			r.fault(t, kind, r.card)
			time.Sleep(5 * time.Minute)
			if v := r.meter.View(); len(r.codes()) > 0 || !v.Signal.Lock || v.Signal.AgeMS > signalEvery.Milliseconds() {
				t.Errorf("%s: %v %+v", kind, r.codes(), v.Signal)
			}
		})
	}
}
