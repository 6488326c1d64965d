package antenna

import (
	"strings"
	"testing"
	"time"

	"stationbox/firmware/dish"
	"stationbox/firmware/page"
	"stationbox/firmware/text"
)

// The page sees and does what the console does, in its own language.
func TestAlignAtThePage(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		p := NewPageAligner(r.a)
		if a, changed := p.Look("en"); a != (page.Alignment{}) || changed != nil {
			t.Errorf("before the first: %+v", a)
		}
		if err := p.Act(t.Context(), "en", page.AlignAct{Do: "done", Number: 1}); err != nil {
			t.Error(err)
		}
		r.turn(0.7, 0.5)
		if err := p.Act(t.Context(), "en", page.AlignAct{Do: "begin", Quiet: true}); err != nil {
			t.Fatal(err)
		}
		s := r.a.current()
		l := r.until(s, time.Minute, func(l alignLook) bool { return l.Advice.Order.Do == dish.DoTurn || l.Advice.Order.Do == dish.DoTip })
		en, changed := p.Look("en")
		zh, _ := p.Look("zh")
		if !en.On || en.Number != l.Number || !strings.HasPrefix(en.Say, "[2] ") || en.Now == "" || en.Bar <= 0 || changed == nil || zh.Say == en.Say || zh.Number != en.Number {
			t.Errorf("%+v\n%+v", en, zh)
		}
		if err := p.Act(t.Context(), "en", page.AlignAct{Do: "done", Number: en.Number}); err != nil {
			t.Error(err)
		}
		r.until(s, time.Second, func(l alignLook) bool { return l.Number == en.Number+1 })
		if err := p.Act(t.Context(), "en", page.AlignAct{Do: "stop"}); err != nil {
			t.Error(err)
		}
		if a, _ := p.Look("en"); a.On || a.Now != "" || a.Say != text.New("en").Say("cmd.dish.align.stopped") {
			t.Errorf("afterwards %+v", a)
		}
		time.Sleep(time.Second)
	})
}

func TestAlignNeedsKeys(t *testing.T) {
	for _, tt := range []struct{ cut, want string }{
		{"[dish.tuner]", "dish.tuner.adapter"}, {"", ""},
	} {
		rows := villageDish
		if tt.cut != "" {
			rows = strings.Split(villageDish, tt.cut)[0] + "[dish.incline]\nport = \"/dev/ttyUSB3\"\n"
		}
		cfg := dishConfig(t, rows)
		m := OpenMeter(cfg, Needs{})
		_, err := m.alignOpts()
		if said := ""; err != nil {
			said = sayAlign(text.New("en"), err)
			if !strings.Contains(said, tt.want) || tt.want == "" {
				t.Errorf("%q: %q", tt.cut, said)
			}
		} else if tt.want != "" {
			t.Errorf("%q: no mistake", tt.cut)
		}
	}
	var none *Meter
	if _, err := none.alignOpts(); err == nil {
		t.Error("a station without a dish can be aligned")
	}
}
