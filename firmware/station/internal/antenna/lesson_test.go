package antenna

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
	"stationbox/hal/sim/device"
	"stationbox/hal/tuner"
)

// Each thing that can happen to a signal has the remedy that helps, and is on record with
// its reason.
func TestSignalOfALesson(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(r *satRig)
		want []string
	}{
		{"receiver has slipped", func(r *satRig) { _ = r.card.Fault("slipped") }, []string{"lost unknown", "tried unknown tune", "back unknown tune"}},
		{"LNB hangs", func(r *satRig) { _ = r.card.Fault("lnb_stuck") }, []string{"lost unknown", "tried unknown tune", "tried unknown power", "back unknown power"}},
		{"frontend hangs", func(r *satRig) { _ = r.card.Fault("jammed") }, []string{"lost unknown", "tried unknown tune", "tried unknown power", "tried unknown restart", "back unknown restart"}},
		{"LNB has drifted", func(r *satRig) { r.card.Drift(3500) }, []string{"lost unknown", "tried unknown tune", "tried unknown power", "tried unknown restart",
			"tried unknown search+2", "tried unknown search-2", "back unknown search-2"}},
		{"shower", func(r *satRig) {
			for dB := range 10 {
				r.dish.Rain(float64(dB))
				time.Sleep(10 * time.Second)
			}
			r.dish.Rain(20)
			time.Sleep(2 * time.Minute)
			r.dish.Rain(0)
		}, []string{"lost fade", "tried fade tune", "back fade tune"}},
		{"loose plug", func(r *satRig) {
			r.card.LoseLevel(12)
			time.Sleep(20 * time.Second)
			r.card.LoseLevel(40)
			time.Sleep(10 * time.Second)
			r.card.LoseLevel(0)
		}, []string{"lost cable", "tried cable tune", "back cable tune"}},
		{"unplugged", func(r *satRig) {
			_ = r.card.Fault("unplugged")
			time.Sleep(3 * time.Second)
			_ = r.card.Fault("none")
		}, []string{"lost receiver", "back receiver wait"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onSatRig(t, func(t *testing.T, r *satRig) {
				r.meter.rec.want(r.lesson("news-1", "cetv"))
				time.Sleep(2 * time.Minute)
				if got := r.said(); len(got) > 0 {
					t.Fatalf("in good weather: %q", got)
				}
				tt.do(r)
				time.Sleep(2 * time.Minute)
				want := make([]string, len(tt.want))
				for i, w := range tt.want {
					want[i] = "news-1 " + w
				}
				if got := r.said(); !slices.Equal(got, want) {
					t.Errorf("got  %q\nwant %q", got, want)
				}
				if codes := r.codes(); len(codes) > 0 || r.meter.rec.loss("news-1") != "" {
					t.Errorf("at the end: faults %v, %q", codes, r.meter.rec.loss("news-1"))
				}
				if list := r.meter.LossesOf("news-1"); len(list) != 1 || list[0].Times != 1 || list[0].ForMS < 5000 {
					t.Errorf("losses %+v", list)
				}
			})
		})
	}
}

// While the signal is away the station says why and what it does about it, and the stream
// goes on behind a loss.
func TestStreamOfALesson(t *testing.T) {
	onSatRig(t, func(t *testing.T, r *satRig) {
		ctx, cancel := context.WithCancel(t.Context())
		h := r.listen(ctx, t, "cetv", 0)
		time.Sleep(time.Minute) // without a wish too: it is the receiver's own transponder
		r.meter.rec.want(r.lesson("news-1", "cetv"))
		time.Sleep(time.Minute)
		if n, err := h.packets(); n < 5000 || err != nil {
			t.Errorf("%d packets, %v", n, err)
		}
		if err := r.card.Fault("lnb_stuck"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		list := r.faults.List()
		if len(list) != 1 || list[0].Code != "fault.dish.relock" || list[0].Args["cause"] != "dish.loss.unknown" || r.meter.rec.loss("news-1") != dish.LossUnknown {
			t.Fatalf("faults %+v, %q", list, r.meter.rec.loss("news-1"))
		}
		say, hint := text.New("zh").Fault(list[0])
		if !strings.Contains(say, "卫星课") || !strings.Contains(say, "突然断了") || !strings.Contains(say, "重新调谐") || hint == "" {
			t.Errorf("%q %q", say, hint)
		}
		time.Sleep(time.Minute)
		h.packets()
		time.Sleep(10 * time.Second)
		if n, err := h.packets(); n < 600 || err != nil {
			t.Errorf("back again: %d packets, %v", n, err)
		}
		cancel()
		h.all.Wait()
	})
}

// A lesson on another transponder: the receiver goes there for it and comes back, and the
// dish's log does not take that transponder for its own.
func TestLessonOnAnotherTransponder(t *testing.T) {
	onSatRig(t, func(t *testing.T, r *satRig) {
		ctx, cancel := context.WithCancel(t.Context())
		h := r.listen(ctx, t, "farm", 7)
		time.Sleep(time.Minute)
		if n, _ := h.packets(); n > 0 || r.meter.rec.elsewhere() {
			t.Errorf("before its time: %d packets, elsewhere %v", n, r.meter.rec.elsewhere())
		}
		r.card.Transmit(257, device.LoopTS(programmeTS(7)), 100_000)
		r.meter.rec.want(r.lesson("farm-1", "farm"))
		time.Sleep(time.Minute)
		if n, err := h.packets(); n < 2500 || err != nil || !r.meter.rec.elsewhere() {
			t.Errorf("in its time: %d packets, %v", n, err)
		}
		var m minute
		if r.meter.gather(&m); m.asked != 0 {
			t.Errorf("the log of the dish takes in %+v", m)
		}
		r.meter.rec.want(Lesson{})
		time.Sleep(30 * time.Second)
		if h.packets(); r.meter.rec.elsewhere() {
			t.Error("it did not come back")
		}
		if r.meter.gather(&m); m.locked != 1 {
			t.Errorf("the log of the dish: %+v", m)
		}
		if got := r.said(); len(got) > 0 {
			t.Errorf("on record %q", got)
		}
		cancel()
		h.all.Wait()
	})
}

// A programme that the transponder does not have is said as such, and whose tables these
// are is looked into at once.
func TestLessonWithAnotherProgramme(t *testing.T) {
	onSatRig(t, func(t *testing.T, r *satRig) {
		time.Sleep(2 * time.Minute) // the tables were looked at
		p := r.dish.Pose()
		p.Azimuth += 7
		r.dish.Turn(p)
		time.Sleep(time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		r.card.Transmit(512, device.LoopTS(programmeTS(3)), 100_000)
		h := r.listen(ctx, t, "cetv", 1)
		time.Sleep(2 * time.Minute)
		if _, err := h.packets(); !errors.Is(err, tuner.ErrNoProgramme) {
			t.Errorf("%v", err)
		}
		if codes := r.codes(); !slices.Contains(codes, "fault.dish.satellite") {
			t.Errorf("faults %v", codes)
		}
		cancel()
		h.all.Wait()
	})
}

// A station that is killed in the middle of a loss goes on with it when it is back, and
// the account of the lesson is whole.
func TestRestartInALoss(t *testing.T) {
	onSatRig(t, func(t *testing.T, r *satRig) {
		ctx, cancel := context.WithCancel(t.Context())
		r.meter.rec.want(r.lesson("news-1", "cetv"))
		h := r.listen(ctx, t, "cetv", 1)
		time.Sleep(time.Minute)
		r.dish.Rain(20)
		time.Sleep(time.Minute)
		r.stop()
		time.Sleep(10 * time.Second)
		r.start()
		time.Sleep(time.Minute)
		r.dish.Rain(0)
		time.Sleep(2 * time.Minute)
		if n, err := h.packets(); n < 5000 || err != nil {
			t.Errorf("%d packets, %v", n, err)
		}
		got := r.said()
		if len(got) < 4 || got[0] != "news-1 lost unknown" || !slices.Contains(got, "news-1 ended unknown") || !strings.HasPrefix(got[len(got)-1], "news-1 back unknown") {
			t.Errorf("on record %q", got)
		}
		if list := r.meter.LossesOf("news-1"); len(list) != 1 || list[0].Times != 2 || list[0].ForMS < 100_000 || list[0].ForMS > 200_000 {
			t.Errorf("losses %+v", list)
		}
		cancel()
		h.all.Wait()
	})
}

// In a sun outage that was foretold nothing is done but to wait.
func TestSunInALesson(t *testing.T) {
	onSatRig(t, func(t *testing.T, r *satRig) {
		now := in2026()
		r.meter.rec.setSuns([]schedule.Span{{From: now.Add(2 * time.Minute), To: now.Add(10 * time.Minute)}})
		o := firmware.Occasion{ID: "news-1", Start: now, Duration: time.Hour, Live: firmware.Live{Source: "dvb:cetv"}}
		for _, which := range []lesson.Round{lesson.DayBefore, lesson.Soon} {
			if _, sun := r.meter.SignalFor(which, o); sun != lesson.No {
				t.Errorf("%s: sun %v", which, sun)
			}
		}
		r.meter.rec.want(r.lesson("news-1", "cetv"))
		time.Sleep(2*time.Minute + 30*time.Second)
		r.dish.Rain(20)
		time.Sleep(5 * time.Minute)
		r.dish.Rain(0)
		time.Sleep(time.Minute)
		want := []string{"news-1 lost sun", "news-1 tried sun tune", "news-1 tried sun tune", "news-1 back sun tune"}
		if got := r.said(); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestReadyChecksOfASatelliteLesson(t *testing.T) {
	onSatRig(t, func(t *testing.T, r *satRig) {
		o := firmware.Occasion{ID: "farm-1", Start: in2026().Add(time.Hour), Duration: time.Hour, Live: firmware.Live{Source: "dvb:farm"}}
		check := func(when string, wantDay, wantSoon lesson.Answer) {
			t.Helper()
			day, sun := r.meter.SignalFor(lesson.DayBefore, o)
			soon, _ := r.meter.SignalFor(lesson.Soon, o)
			if day != wantDay || soon != wantSoon || sun != lesson.Yes {
				t.Errorf("%s: a day before %v, soon %v, sun %v", when, day, soon, sun)
			}
		}
		check("before a reading", lesson.No, lesson.No)
		time.Sleep(time.Minute)
		check("on another transponder", lesson.Yes, lesson.No)
		r.meter.rec.want(r.lesson("farm-1", "farm"))
		time.Sleep(time.Minute)
		check("tuned", lesson.Yes, lesson.Yes)
		r.dish.Rain(20)
		time.Sleep(30 * time.Second)
		check("in rain", lesson.No, lesson.No)
		o.Live.Source = "udp://239.1.2.3:5004"
		if signal, sun := r.meter.SignalFor(lesson.Soon, o); signal != lesson.Unasked || sun != lesson.Unasked {
			t.Errorf("by the network: %v, %v", signal, sun)
		}
		if signal, _ := (*Meter)(nil).SignalFor(lesson.Soon, o); signal != lesson.Unasked {
			t.Errorf("without a dish: %v", signal)
		}
	})
}

func TestNextSatelliteLesson(t *testing.T) {
	d := dishConfig(t, villageDish+farChannel).Dish
	byDish := func(id, source string) firmware.Occasion {
		return firmware.Occasion{ID: id, Title: id, Live: firmware.Live{Source: source}}
	}
	none := firmware.Occasion{}
	for _, tt := range []struct {
		name  string
		now   firmware.Occasion
		phase lesson.Phase
		ahead []firmware.Occasion
		want  string
	}{
		{"nothing", none, lesson.Idle, nil, ""},
		{"it is on", byDish("a", "dvb:farm"), lesson.Playing, []firmware.Occasion{byDish("b", "dvb:")}, "a"},
		{"it is getting ready", byDish("a", "dvb:1234"), lesson.ReadyCheck, nil, "a"},
		{"it is over and the next one is near", byDish("a", "dvb:farm"), lesson.CoolDown, []firmware.Occasion{byDish("a", "dvb:farm"), byDish("b", "dvb:")}, "b"},
		{"it is over", byDish("a", "dvb:farm"), lesson.Done, nil, ""},
		{"a film is on", firmware.Occasion{ID: "film"}, lesson.Playing, []firmware.Occasion{byDish("net", "udp://239.1.2.3:1"), byDish("b", "dvb:cetv")}, "b"},
		{"a channel that is not there", byDish("a", "dvb:weather"), lesson.Playing, nil, ""},
	} {
		got := NextLesson(d, tt.now, tt.phase, func() []firmware.Occasion { return tt.ahead })
		if got.id != tt.want {
			t.Errorf("%s: %+v, want %q", tt.name, got, tt.want)
		}
	}
	for source, want := range map[string]uint16{"dvb:farm": 7, "dvb:1234": 1234, "dvb:": 0, "dvb:weather": 0, "udp://239.1.2.3:1": 0} {
		if got := Programme(d, firmware.Live{Source: source}); got != want {
			t.Errorf("programme of %s: %d, want %d", source, got, want)
		}
	}
	if got := Programme(d, firmware.Live{Source: "dvb:farm", Programme: 9}); got != 9 {
		t.Errorf("the lesson's own programme: %d", got)
	}
}

func TestLossBook(t *testing.T) {
	b := NewLossBook()
	record := func(id string, n relockNote) firmware.Record {
		data, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		return firmware.Record{Kind: kindRelock, Lesson: id, Data: data}
	}
	for _, n := range []relockNote{
		{Event: signalLost, Why: dish.LossFade}, {Event: signalTried, Why: dish.LossFade, ForMS: 60_000}, {Event: signalBack, Why: dish.LossFade, ForMS: 90_000, Doctor: dish.CauseRain},
		{Event: signalEnded, Why: dish.LossCable, ForMS: 1000}, {Event: signalBack, Why: dish.LossFade, ForMS: -5},
	} {
		b.Feed(record("a", n))
	}
	b.Feed(firmware.Record{Kind: "live", Lesson: "a", Data: json.RawMessage(`{"event":"back"}`)})
	b.Feed(firmware.Record{Kind: kindRelock, Lesson: "a", Data: json.RawMessage(`{`)})
	want := []LossNote{{dish.LossCable, 1, 1000, ""}, {dish.LossFade, 2, 90_000, dish.CauseRain}}
	if got := b.of("a"); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	for i := range 100 {
		b.Feed(record(fmt.Sprint(i), relockNote{Event: signalBack, Why: dish.LossSun}))
	}
	if len(b.known) > mostLossBooks || len(b.of("99")) != 1 {
		t.Errorf("%d books", len(b.known))
	}
}

func TestNoReceiver(t *testing.T) {
	var none *Meter
	if none.TunerSource(0) != nil || none.LossesOf("a") != nil {
		t.Error("a station without sensors receives")
	}
	if _, _, err := channelOf(dishConfig(t, villageDish+farChannel).Dish, "dvb:weather"); !errors.Is(err, errChannel) {
		t.Errorf("%v", err)
	}
	if _, ok := config.DishAddress("dvb:"); !ok {
		t.Error("the receiver's own transponder")
	}
}

// The doctor sees in a loss that goes on what it is, and says so.
func TestDoctorOfALoss(t *testing.T) {
	onSatRig(t, func(t *testing.T, r *satRig) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.meter.runLog(ctx) }()
		r.meter.rec.want(r.lesson("news-1", "cetv"))
		time.Sleep(3 * time.Hour)
		if c, sure := r.meter.doctor(); sure {
			t.Errorf("in good weather: %s", c)
		}
		r.card.LoseLevel(12)
		time.Sleep(15 * time.Minute)
		r.card.LoseLevel(40)
		time.Sleep(10 * time.Minute)
		list := r.faults.List()
		i := slices.IndexFunc(list, func(f firmware.Fault) bool { return f.Code == "fault.dish.relock" })
		if i < 0 || list[i].Args["cause"] != "cmd.dish.cause.cable_loss" {
			t.Errorf("faults %+v", list)
		}
		r.card.LoseLevel(0)
		time.Sleep(6 * time.Minute)
		if l := r.meter.LossesOf("news-1"); len(l) != 1 || l[0].Why != dish.LossCable || l[0].Doctor != dish.CauseCable {
			t.Errorf("losses %+v", l)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestWard(t *testing.T) {
	var w ward
	t0 := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for i := range 5 * doctorKeeps {
		w.add(dishRow{At: t0.Add(time.Duration(i) * time.Minute)})
	}
	last := t0.Add((5*doctorKeeps - 1) * time.Minute)
	if len(w.rows) > 2*doctorKeeps {
		t.Errorf("%d rows", len(w.rows))
	}
	if got := w.lastDay(last); len(got) != doctorKeeps+1 || !got[len(got)-1].At.Equal(last) {
		t.Errorf("%d rows of the last day", len(got))
	}
	if got := w.lastDay(last.Add(time.Hour)); got != nil {
		t.Errorf("an hour without a row: %d rows", len(got))
	}
	w.add(dishRow{At: t0})
	if got := w.lastDay(t0); len(got) != 1 {
		t.Errorf("after the clock was set back: %d rows", len(got))
	}
}
