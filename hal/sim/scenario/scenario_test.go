package scenario

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

const clock0809 = 8*time.Hour + 9*time.Minute

func TestParseWholeScript(t *testing.T) {
	f, err := os.Open("testdata/all.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	if got.Start != clock0809+30*time.Second || got.End != clock0809+150*time.Second || got.Seed != 7 {
		t.Errorf("head = %v %v %d", got.Start, got.End, got.Seed)
	}
	if want := []Set{{4, "lesson.bell_before", "10s"}}; !reflect.DeepEqual(got.Sets, want) {
		t.Errorf("sets = %v", got.Sets)
	}
	wantLesson := []Lesson{{Line: 5, At: clock0809 + time.Minute, File: "first.mp4", Length: 30 * time.Second, Title: "第一课 党的历史"}}
	if !reflect.DeepEqual(got.Lessons, wantLesson) {
		t.Errorf("lessons = %v", got.Lessons)
	}
	if first := got.Steps[0]; first.At != clock0809+40*time.Second+250*time.Millisecond || first.Text != "press 12" {
		t.Errorf("the earliest step is not first: %+v", first)
	}
	if n := len(got.Steps); n != 31 {
		t.Errorf("%d steps, want 31", n)
	}
}

func TestParseLive(t *testing.T) {
	got, err := Parse(strings.NewReader("start 08:09\nlive 08:10:00 news.mp4 40s 直播 spare.mp4\nlive 09:10:00 news.mp4 40s 直播\n08:10 fault headend silent for 5s"))
	if err != nil {
		t.Fatal(err)
	}
	first := Lesson{Line: 2, At: clock0809 + time.Minute, File: "news.mp4", Length: 40 * time.Second, Title: "直播", Live: true, Spare: "spare.mp4"}
	second := Lesson{Line: 3, At: clock0809 + time.Hour + time.Minute, File: "news.mp4", Length: 40 * time.Second, Title: "直播", Live: true}
	if want := []Lesson{first, second}; !reflect.DeepEqual(got.Lessons, want) {
		t.Errorf("lessons = %+v", got.Lessons)
	}
	for line, want := range map[string]string{
		"live 08:10 news.mp4 40s":             "live wants a time",
		"live 08:10 news.mp4 40s 直播 ../a.mp4": "spare clip",
		"live 08:10 news.mp4 40s 直播 news.mp4": "not that of the clip",
		"live 08:10 ../news.mp4 40s 直播 a.mp4": "a plain name",
	} {
		if _, err := Parse(strings.NewReader("start 08:09\n" + line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestParseAction(t *testing.T) {
	tests := []struct {
		line string
		want Action
	}{
		{"press 12", Press{"12"}},
		{"key # down", Key{'#', true}},
		{"key A up", Key{'A', false}},
		{"mains 268V for 400ms", Mains{268, 400 * time.Millisecond}},
		{"mains 220.5V", Mains{220.5, 0}},
		{"mains off for 3s", Mains{0, 3 * time.Second}},
		{"mains off", Mains{}},
		{"mains ramp 220V 180V 2s", Ramp{220, 180, 2 * time.Second}},
		{"freq 49.5Hz", Freq{49.5, 0}},
		{"thd 8% for 2s", THD{8, 2 * time.Second}},
		{"arrester failed", Arrester{true}},
		{"strike", Strike{}},
		{"fault ups low", Fault{"ups", "low", 0}},
		{"fault projector silent for 5s", Fault{"projector", "silent", 5 * time.Second}},
		{"fault contactor welded", Fault{"contactor", "welded", 0}},
		{"kill player", Kill{"player"}},
		{"stop guard for 1s", Stop{"guard", time.Second}},
		{`console "relay test"`, Console{"relay test"}},
		{"console relay test", Console{"relay test"}},
		{"lesson now", LessonNow{}},
		{"dish az +8 el -2", Dish{Right: 8, Up: -2}},
		{"dish skew -20.5", Dish{Skew: -20.5}},
		{"rain 6", Weather{"rain", 6, 0}},
		{"tree 4", Weather{"tree", 4, 0}},
		{"sun 3.5 for 2m", Weather{"sun", 3.5, 2 * time.Minute}},
		{"wind 0.3", Weather{"wind", 0.3, 0}},
		{"sink 0.8 90", Sink{0.8, 90}},
		{"cable out", Cable{}},
		{"cable in", Cable{true}},
		{"villager align", Villager{20}},
		{"villager align 10%", Villager{10}},
		{"fault tuner busy", Fault{"tuner", "busy", 0}},
		{"expect fault fault.dish.no_lock", Expect{"fault", []string{"fault.dish.no_lock"}, DefaultWithin}},
		{`expect answer "dish now" "no lock" within 5s`, Expect{"answer", []string{"dish now", "no lock"}, 5 * time.Second}},
		{"photo roll-call screen", Photo{"roll-call", "screen"}},
		{"expect photo start lit", Expect{"photo", []string{"start", "lit"}, DefaultWithin}},
		{"expect photo start frame 26 within 2s", Expect{"photo", []string{"start", "frame", "26"}, 2 * time.Second}},
		{"expect photo start unlike end", Expect{"photo", []string{"start", "unlike", "end"}, DefaultWithin}},
		{"expect projector on", Expect{"projector", []string{"on"}, DefaultWithin}},
		{"expect playing within 5s", Expect{"playing", []string{}, 5 * time.Second}},
		{"expect journal press 3", Expect{"journal", []string{"press", "3"}, DefaultWithin}},
		{"expect report first_frame_error_ms <= 100", Expect{"report", []string{"first_frame_error_ms", "<=", "100"}, DefaultWithin}},
	}
	for _, tt := range tests {
		got, err := ParseAction(tt.line)
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %#v, want %#v", tt.line, got, tt.want)
		}
	}
}

func TestParseActionMistakes(t *testing.T) {
	tests := []struct{ line, want string }{
		{"", "empty line"},
		{"prss 12", `did you mean "press"?`},
		{"press twelve", "1 to 8 digits"},
		{"press 123456789", "1 to 8 digits"},
		{"key 1 dwn", `did you mean "down"?`},
		{"key E down", "key wants a key"},
		{"mains", "wants a value"},
		{"mains 268", "with its unit"},
		{"mains NaNV", "out of range"},
		{"mains 999V", "0V to 480V"},
		{"mains 268V 400ms", "for 400ms"},
		{"mains 268V for ever", "length of time"},
		{"mains off for -3s", "out of range"},
		{"mains ramp 220V 2s", "two voltages"},
		{"freq 50", "with its unit"},
		{"fault projektor silent", `did you mean "projector"?`},
		{"fault projector melting", "one of silent late"},
		{"kill mpv", "one of guard station player"},
		{"stop guard", "stop guard for 1s"},
		{"console", "wants a line"},
		{`console "status`, "not closed"},
		{"lesson later", "lesson now"},
		{"dish", "az +8 el -2"},
		{"dish az", "az +8 el -2"},
		{"dish az 1 el", "each with degrees"},
		{"dish ez 1", "unknown axis"},
		{"dish az x", "not a number"},
		{"dish el NaN", "out of range"},
		{"dish az 181", "-180 to 180"},
		{"dish az 1 az 2", "said twice"},
		{"rain", "rain 3 for 10s"},
		{"rain 61", "0 to 60"},
		{"wind -1", "0 to 5"},
		{"tree 4 dB", "only a time may follow"},
		{"sink 1", "sink 0.8 90"},
		{"sink 1 361", "0 to 360"},
		{"cable off", "did you mean"},
		{"villager", "villager align"},
		{"villager align 60%", "0% to 40%"},
		{"expect answer dish now locked", "2 more words, not 3"},
		{"photo start", "wants a name and what"},
		{"photo ../start tv", "letters, digits and dashes"},
		{"photo -start tv", "letters, digits and dashes"},
		{"photo start radio", "one of projector tv screen"},
		{"expect photo start", "wants a name and what is to be seen"},
		{"expect photo start lid", `did you mean "lit"?`},
		{"expect photo start lit now", "wants 0 more words, not 1"},
		{"expect photo start frame", "wants 1 more words, not 0"},
		{"expect photo start frame some", "not a count"},
		{"expect", "expect what"},
		{"expect projector hot", "unknown state"},
		{"expect projector", "1 more words"},
		{"expect present many", "not a count"},
		{"expect report trips ~ 3", "unknown comparison"},
		{"expect report trips = some", "neither a number"},
	}
	for _, tt := range tests {
		_, err := ParseAction(tt.line)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.line, err, tt.want)
		}
	}
}

func TestParseReportsEveryMistakeWithItsLine(t *testing.T) {
	script := "start 08:00\n" +
		"sed 7\n" +
		"press 12\n" +
		"08:00:10 mians 220V\n" +
		"07:59 press 1\n" +
		"25:00 press 1\n" +
		"lesson 08:10 ../a.mp4 30s x\n" +
		"lesson 08:10 a.mp4 30.5s x\n"
	_, err := Parse(strings.NewReader(script))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`line 2: unknown word "sed": did you mean "seed"?`,
		`line 3: "press" needs a time before it`,
		`line 4: unknown action "mians": did you mean "mains"?`,
		"line 5: this is before the start",
		`line 6: "25:00" is not a time of day`,
		"line 7: file",
		"line 8: a lesson starts and lasts in whole seconds",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestParseWithoutStart(t *testing.T) {
	if _, err := Parse(strings.NewReader("seed 1\n")); err == nil || !strings.Contains(err.Error(), "no start") {
		t.Errorf("error = %v", err)
	}
}

func TestFormatClock(t *testing.T) {
	if got := FormatClock(clock0809 + 5*time.Second + 900*time.Millisecond); got != "08:09:05" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	all, err := os.ReadFile("testdata/all.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(all))
	f.Add("start 08:00\n08:00:01 press 1\n")
	f.Add("\"")
	f.Add("start 08:00\nlesson 08:10 a 6s \"x y\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(strings.NewReader(text))
		if (s == nil) == (err == nil) {
			t.Fatalf("script %v with error %v", s, err)
		}
		if s == nil {
			return
		}
		for _, st := range s.Steps {
			again, err := ParseAction(st.Text)
			if err != nil || !reflect.DeepEqual(again, st.Do) {
				t.Fatalf("%q read alone: %#v, %v; in the script: %#v", st.Text, again, err, st.Do)
			}
		}
	})
}
