package station

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/clock"
	"stationbox/firmware/lesson"
	"stationbox/firmware/quiz"
	"stationbox/firmware/schedule"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
	picture "stationbox/media/screen"
)

var picturesTo = flag.String("pictures", "", "folder to write a picture of every screen to")

// list is a calendar of some occasions.
type list []firmware.Occasion

func (c list) Between(from, to time.Time) []firmware.Occasion {
	var out []firmware.Occasion
	for _, o := range c {
		if !o.Start.Before(from) && o.Start.Before(to) {
			out = append(out, o)
		}
	}
	return out
}

// told is a clock that says what it is told to.
type told struct {
	plan  clock.PlanMode
	level clock.Level
}

func (c told) Plan() clock.Plan     { return clock.Plan{Mode: c.plan} }
func (c told) Status() clock.Status { return clock.Status{Level: c.level} }
func (c told) Mono() time.Duration  { return 0 }

// scene is a showing that stands still, for looking at its sights.
type scene struct {
	*showing
	now time.Time
	o   firmware.Occasion
}

func newScene(t *testing.T, lang string) *scene {
	t.Helper()
	words := text.New(lang)
	log := slog.New(slog.DiscardHandler)
	now := time.Date(2026, 11, 25, 19, 25, 0, 0, time.FixedZone("CST", 8*3600))
	say := func(zh, en string) string {
		if lang == "en" {
			return en
		}
		return zh
	}
	o := firmware.Occasion{ID: "party-1", Title: say("第一课 乡村振兴与大棚蔬菜种植技术", "Lesson one: growing vegetables under plastic"), Start: now.Add(5 * time.Minute), Duration: time.Hour}
	cal := list{o, {ID: "2", Title: say("党课 廉洁自律准则", "Rules of integrity"), Start: now.Add(24 * time.Hour)}, {ID: "3", Title: say("农机安全", "Safe farm machines"), Start: now.Add(75 * time.Hour)},
		{ID: "4", Title: say("防火", "Fire"), Start: now.Add(7*24*time.Hour + time.Hour)}, {ID: "5", Title: say("法律", "Law"), Start: now.Add(9 * 24 * time.Hour)}}
	rb := newRollbook()
	rb.words, rb.log, rb.now, rb.tick = words, log, func() time.Time { return now }, time.Now
	s := &showing{words: words, roll: rb, faults: fault.New(log, func(string, string, any) {}), clock: told{clock.ByClock, clock.Good}, desk: newDesk(nil, plain, log),
		cal: cal, tick: func() time.Time { return now }, place: say("柳树屯远程教育站点", "Liushutun village station")}
	return &scene{s, now, o}
}

// come puts people on the roll.
func (s *scene) come(names ...string) {
	s.roll.roll = attendance.NewRoll(s.o.ID)
	s.roll.roll.Add(firmware.Record{Seq: 1, Kind: firmware.KindRollOpen, Lesson: s.o.ID, Wall: s.now, Data: []byte("{}")})
	for i, name := range names {
		raw := fmt.Appendf(nil, `{"number":%d,"name":%q,"known":true,"panel":"keypad"}`, i+1, name)
		s.roll.roll.Add(firmware.Record{Seq: uint64(i + 2), Kind: firmware.KindPress, Lesson: s.o.ID, Wall: s.now, Data: raw})
	}
}

// loaded says that the film stands at its first picture.
func (s *scene) loaded() {
	s.desk.fate = fate{key: s.o.ID, up: true, loaded: true}
}

// sights are all that a room can see, by name.
func sights(t *testing.T, lang string) map[string]sight {
	t.Helper()
	return sightsOn(t, lang, (*showing).sight)
}

// sightsOn are those of one of the screens.
func sightsOn(t *testing.T, lang string, screen func(*showing, time.Time, firmware.Occasion, lesson.Orders) sight) map[string]sight {
	t.Helper()
	all := map[string]sight{}
	say := func(zh, en string) string {
		if lang == "en" {
			return en
		}
		return zh
	}
	add := func(name string, phase lesson.Phase, set func(*scene) lesson.Orders) {
		s := newScene(t, lang)
		ord := set(s)
		ord.Phase = phase
		all[name] = screen(s.showing, s.now, s.o, ord)
	}
	in := func(left time.Duration) func(*scene) lesson.Orders {
		return func(s *scene) lesson.Orders { s.now = s.o.Start.Add(-left); return lesson.Orders{} }
	}
	people := []string{"王秀英", "李建国", "欧阳春花", "张三", "赵德柱"}
	roll := func(left time.Duration, greet string, known bool, ord lesson.Orders) func(*scene) lesson.Orders {
		return func(s *scene) lesson.Orders {
			s.now = s.o.Start.Add(-left)
			s.come(people...)
			if greet != "" {
				s.roll.greet, s.roll.known, s.roll.until = greet, known, s.now.Add(time.Second)
			}
			if ord.Load {
				s.loaded()
			}
			return ord
		}
	}
	words := text.New(lang)
	signed, unknown := words.Say("screen.signed", "name", "王秀英"), words.Say("screen.unknown", "number", 97)
	load := lesson.Orders{Load: true}

	add("idle", lesson.Idle, func(s *scene) lesson.Orders { s.now = s.o.Start.Add(-3 * time.Hour); return lesson.Orders{} })
	add("idle-tomorrow", lesson.Done, func(s *scene) lesson.Orders { s.now = s.o.Start.Add(time.Hour); return lesson.Orders{} })
	add("idle-night", lesson.Idle, func(s *scene) lesson.Orders { s.now = s.o.Start.Add(4 * time.Hour); return lesson.Orders{} })
	add("idle-nothing", lesson.Idle, func(s *scene) lesson.Orders { s.cal = list{}; return lesson.Orders{} })
	add("idle-fault", lesson.Idle, func(s *scene) lesson.Orders {
		s.faults.Set(true, "fault.display.silent", "projector")
		s.faults.Set(true, "fault.panel.lost", "")
		return lesson.Orders{}
	})
	add("untrusted", lesson.Idle, func(s *scene) lesson.Orders { s.clock = told{clock.ByWaiting, clock.Unknown}; return lesson.Orders{} })
	add("relative", lesson.Idle, func(s *scene) lesson.Orders {
		s.clock = told{clock.ByRelative, clock.Unknown}
		s.now = s.o.Start.Add(-12 * time.Minute)
		return lesson.Orders{}
	})
	add("ready", lesson.ReadyCheck, in(23*time.Minute))
	add("ready-fault", lesson.ReadyCheck, func(s *scene) lesson.Orders {
		s.faults.Set(true, "fault.ready.projector", "party-1", "cause", "ready.cause.display_unknown")
		return in(23 * time.Minute)(s)
	})
	add("warming", lesson.WarmUp, in(65*time.Second))
	add("roll", lesson.RollCall, roll(65*time.Second, "", false, lesson.Orders{}))
	add("roll-greet", lesson.RollCall, roll(64*time.Second, signed, true, lesson.Orders{}))
	add("roll-unknown", lesson.RollCall, roll(63*time.Second, unknown, false, lesson.Orders{}))
	add("strip-roll", lesson.RollCall, roll(8*time.Second, "", false, load))
	add("strip-roll-greet", lesson.RollCall, roll(7*time.Second, signed, true, load))
	add("bare", lesson.RollCall, roll(time.Second, signed, true, load))
	add("strip-waiting", lesson.RollCall, roll(-2*time.Second, "", false, load))
	add("waiting", lesson.RollCall, roll(-20*time.Second, "", false, load))
	add("film", lesson.Playing, roll(-time.Minute, "", false, load))
	add("strip-greet", lesson.Playing, roll(-time.Minute, signed, true, load))
	add("strip-unknown", lesson.Playing, roll(-time.Minute, unknown, false, load))
	add("paused", lesson.Paused, func(s *scene) lesson.Orders {
		s.why = lesson.CauseNoMains
		return roll(-time.Minute, "", false, load)(s)
	})
	add("closing", lesson.Closing, roll(-time.Hour, "", false, lesson.Orders{}))
	add("closing-cut", lesson.Closing, roll(-time.Hour, "", false, lesson.Orders{End: lesson.CauseCut}))
	add("closing-unshown", lesson.Closing, func(s *scene) lesson.Orders {
		s.faults.Set(true, "fault.lesson.not_shown", "", "title", s.o.Title, "cause", lesson.CauseNoMains)
		return roll(-time.Hour, "", false, lesson.Orders{})(s)
	})
	add("closing-played", lesson.Closing, func(s *scene) lesson.Orders {
		s.faults.Set(true, "fault.lesson.not_shown", "", "title", "the one before", "cause", lesson.CauseNoMains)
		return roll(-time.Hour, "", false, lesson.Orders{End: lesson.CausePlayed})(s)
	})
	add("cooling", lesson.CoolDown, roll(-time.Hour, "", false, lesson.Orders{}))
	question := func(vote bool, end bool) func(*scene) lesson.Orders {
		return func(s *scene) lesson.Orders {
			q := firmware.Question{ID: "q", Text: say("番茄五月里什么时候浇水最好？", "When is it best to water?"), Vote: vote, Right: "A",
				Options: []string{say("太阳出来以前", "before sunrise"), say("中午最热的时候", "at the hottest hour"), say("晚上天黑以后", "after dark"), say("什么时候都可以浇水", "whenever there is time")}, Until: s.now.Add(time.Minute)}
			if vote {
				q.Right = ""
			}
			if !vote && !end {
				s.roll.pad = "usb"
			}
			s.roll.poll = quiz.Feed(nil, inMemory(firmware.KindQuestion, "", q, s.now))
			if end {
				s.roll.poll = quiz.Feed(s.roll.poll, inMemory(firmware.KindOutcome, "", firmware.Outcome{Question: q, Counts: []int{12, 3, 7, 0}, Answered: 22}, s.now))
			}
			return lesson.Orders{}
		}
	}
	add("question", lesson.Playing, question(false, false))
	add("question-over", lesson.Idle, question(false, true))
	add("vote", lesson.Idle, question(true, false))
	alarm := func(s *scene) {
		title := "防汛通知：河水上涨，请低洼处村民立即转移到村小学"
		if lang == "en" {
			title = "Flood: leave the low ground now and go to the school"
		}
		s.o = schedule.Emergency("flood", title, "", s.now, 0)
	}
	add("emergency", lesson.RollCall, func(s *scene) lesson.Orders { alarm(s); return lesson.Orders{} })
	add("strip-emergency", lesson.Playing, func(s *scene) lesson.Orders { alarm(s); return lesson.Orders{} })
	return all
}

// TestSights: every moment has its board or strip, in both languages, and no key
// of the catalogue is shown in place of its sentence.
func TestSights(t *testing.T) {
	kinds := map[string]picture.Kind{"idle": picture.Idle, "idle-tomorrow": picture.Idle, "idle-night": picture.Idle, "idle-nothing": picture.Idle, "idle-fault": picture.Idle,
		"untrusted": picture.Untrusted, "relative": picture.Untrusted, "ready": picture.Ready, "ready-fault": picture.Ready, "warming": picture.Warming,
		"roll": picture.Roll, "roll-greet": picture.Roll, "roll-unknown": picture.Roll, "waiting": picture.Fault,
		"paused": picture.Paused, "closing": picture.Closing, "closing-cut": picture.Fault, "closing-unshown": picture.Fault, "closing-played": picture.Closing, "cooling": picture.Cooling, "question": picture.Published, "question-over": picture.Published, "vote": picture.Published, "emergency": picture.Emergency}
	for _, lang := range []string{"zh", "en"} {
		all := sights(t, lang)
		for name, v := range all {
			kind, board := kinds[name]
			switch strip := strings.HasPrefix(name, "strip-"); {
			case board != (v.board != nil) || strip != (v.strip != nil):
				t.Errorf("%s %s: %+v", lang, name, v)
			case board && v.board.Kind != kind:
				t.Errorf("%s %s: kind %v, want %v", lang, name, v.board.Kind, kind)
			case v.dark != (name == "waiting"):
				t.Errorf("%s %s: dark %v", lang, name, v.dark)
			}
			shown := fmt.Sprintf("%+v %+v", v.board, v.strip)
			if bad := regexp.MustCompile(`(screen|day|lesson|clock|fault|quiz|vote)\.[a-z_]|\{[a-z_]+\}`).FindString(shown); bad != "" {
				t.Errorf("%s %s shows %s: %s", lang, name, bad, shown)
			}
			if v.board != nil && v.lines()[lineHead] == "" || v.strip != nil && v.lines()[lineMain] == "" {
				t.Errorf("%s %s: captions %v", lang, name, v.lines())
			}
		}
		if lang == "zh" {
			sayings(t, all)
		}
	}
}

// sayings looks at some sentences.
func sayings(t *testing.T, all map[string]sight) {
	t.Helper()
	for what, got := range map[string]string{
		"今天 19:30":    all["idle"].board.When,
		"明天 19:25":    all["idle"].board.Next[0].When,
		"周六 22:25":    all["idle"].board.Next[1].When,
		"12月2日 20:25": all["idle"].board.Next[2].When,
		"今天 19:30 上课": all["ready"].board.Label,
		"23 分钟":       all["ready"].board.Count,
		"1:05":        all["warming"].board.Count,
		"时间未校准":       all["untrusted"].board.Clock,
		"投影机没有应答（另有 1 项）": all["idle-fault"].board.Foot.Text,
		"赵德柱":     all["roll"].board.Arrived[0],
		"5":       all["roll"].board.Present,
		"没有正常市电":  all["paused"].board.Detail,
		"课件提前中断":  all["closing-cut"].board.Detail,
		"0:08":    all["strip-roll"].strip.Count,
		"王秀英 已签到": all["strip-greet"].strip.Text,
		"课前检查：投影机——没有应答": all["ready-fault"].board.Foot.Text,
		"本周没有安排课程":       all["idle-nothing"].board.Headline,
	} {
		if got != what {
			t.Errorf("got %q, want %q", got, what)
		}
	}
	if !all["idle-night"].board.Night || all["idle"].board.Night {
		t.Error("the night is not dark, or the day is")
	}
	if all["strip-unknown"].strip.Mood != picture.Bad || all["roll-greet"].board.Foot.Mood != picture.Good || !all["strip-emergency"].strip.Alarm {
		t.Error("moods are mixed up")
	}
}

// TestSightPictures writes every sight in both languages for eyes: go test
// ./firmware/station -run SightPictures -args -pictures FOLDER.
func TestSightPictures(t *testing.T) {
	if *picturesTo == "" {
		t.Skip("no folder: -args -pictures FOLDER")
	}
	font, err := findFont(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	size := image.Pt(1920, 1080)
	for _, lang := range []string{"zh", "en"} {
		all := sights(t, lang)
		for name, v := range sightsOn(t, lang, (*showing).sideSight) {
			if all[name].board == nil {
				all["side-"+name] = v
			}
		}
		for name, v := range all {
			if v.empty() {
				continue
			}
			e := newEasel("", nil, nil, func() []darkCause {
				return darkIn(text.New(lang), []darkCause{{Code: "dark.stubborn", args: []any{"name", "projector"}}})
			}, nil, nil)
			e.painter = picture.New(font)
			plan, err := e.plan(v, size)
			if err != nil {
				t.Fatal(err)
			}
			pix := make([]byte, 4*plan.Rect.Dx()*plan.Rect.Dy())
			if _, err := e.painter.Draw(plan, pix); err != nil {
				t.Fatal(err)
			}
			savePicture(t, filepath.Join(*picturesTo, name+"-"+lang+".png"), size, plan.Rect, pix)
		}
	}
}

// savePicture writes a drawing over grey.
func savePicture(t *testing.T, path string, size image.Point, at image.Rectangle, pix []byte) {
	t.Helper()
	img := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{Y: 0x60}), image.Point{}, draw.Src)
	for i := 0; i < len(pix); i += 4 {
		pix[i], pix[i+2] = pix[i+2], pix[i]
	}
	draw.Draw(img, at, &image.RGBA{Pix: pix, Stride: 4 * at.Dx(), Rect: at}, at.Min, draw.Over)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, img); err != nil {
		t.Fatal(err)
	}
}
