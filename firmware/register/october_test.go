package register_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/register"
)

const stationID = "370100-014"

func zone(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// stream is a journal in the making.
type stream struct {
	list []firmware.Record
	seq  uint64
	boot string
}

func (s *stream) add(at time.Time, kind, lesson string, data any) firmware.Record {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // of the test's own making
	}
	s.seq++
	r := firmware.Record{Station: stationID, Boot: s.boot, Seq: s.seq, Wall: at, Kind: kind, Lesson: lesson, Data: raw}
	s.list = append(s.list, r)
	return r
}

func (s *stream) scan(fn func(firmware.Record) error) error {
	for _, r := range s.list {
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

type obj = map[string]any

// people are 60 members of four branches; the names are made up.
func people() []firmware.Member {
	family, given := []rune("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"), []string{"秀英", "伟", "桂兰", "建国", "玉梅", "志强", "芳", "德福", "春花", "小军"}
	branches := []string{"第一支部", "第二支部", "老年支部", ""}
	var list []firmware.Member
	for i := range 60 {
		m := firmware.Member{Number: i + 1, Name: string(family[i%len(family)]) + given[(i*7)%len(given)], Branch: branches[i*4/60]}
		if i%9 == 0 {
			m.Card = fmt.Sprintf("CAFE%02d", i)
		}
		list = append(list, m)
	}
	return list
}

// lesson is a showing of the synthetic month.
type lesson struct {
	day     int
	title   string
	minutes int
	cause   string
	live    bool
}

func october(t testing.TB) (*stream, register.Opts) {
	t.Helper()
	z := zone(t)
	r := rand.New(rand.NewPCG(2026, 10))
	s := &stream{boot: "a1"}
	day := func(d, h, m int) time.Time { return time.Date(2026, 10, d, h, m, 0, 0, z) }
	s.add(time.Date(2026, 9, 29, 8, 0, 0, 0, z), "boot", "", obj{"version": "v1.0", "pid": 1})
	s.add(time.Date(2026, 9, 30, 9, 0, 0, 0, z), "fault", "", firmware.Fault{Code: "fault.display.stubborn", Args: map[string]string{"name": "tv"}, On: true})
	lessons := []lesson{
		{2, "国庆党课：不忘初心", 45, "lesson.cause.played", false}, {6, "水稻病虫害防治", 38, "lesson.cause.played", false},
		{9, "农村电商入门", 40, "lesson.cause.no_mains", false}, {13, "全国远程教育直播课", 60, "lesson.cause.live_partly", true},
		{16, "防范电信诈骗", 35, "lesson.cause.played", false}, {20, "果树冬季修剪", 42, "lesson.cause.played", false},
		{23, "村务公开怎么看", 30, "lesson.cause.cut", false}, {30, "老年人用药安全", 33, "lesson.cause.played", false},
	}
	var renumber, void firmware.Record
	for i, l := range lessons {
		if i == 7 {
			month(s, day)
		}
		start, id := day(l.day, 19, 30), fmt.Sprintf("party-2026-10-%02d", l.day)
		s.add(start.Add(-30*time.Minute), "ready_check", id, obj{"round": 1, "ok": i != 2, "items": []obj{{"name": "power", "ok": i != 2, "cause": "guard.cause.outage"}}})
		if l.cause == "lesson.cause.no_mains" {
			s.add(start.Add(-40*time.Minute), "power", "", firmware.GuardEvent{Kind: "outage", Cause: "guard.cause.outage", LastedMS: 5_400_000})
			s.add(start.Add(15*time.Minute), "lesson", id, obj{"title": l.title, "scheduled": start, "cause": l.cause, "played_ms": 0, "length_ms": 0, "present": 0})
			continue
		}
		s.add(start.Add(-15*time.Minute), "power", "", firmware.GuardEvent{Kind: "load_on", Load: "projector", Cause: "guard.cause.wanted"})
		s.add(start.Add(-5*time.Minute), "display", "", obj{"name": "projector", "from": "standby", "to": "warming", "asked": true})
		s.add(start.Add(-4*time.Minute), "display", "", obj{"name": "projector", "from": "warming", "to": "on", "asked": true})
		s.add(start.Add(-5*time.Minute), "roll_open", id, obj{"title": l.title, "late_after": start})
		for _, m := range people() {
			if r.IntN(100) >= 72 {
				continue
			}
			at := start.Add(time.Duration(r.IntN(600)-290) * time.Second)
			rec := s.add(at, "press", id, firmware.Press{Number: m.Number, Name: m.Name, Known: true, Panel: "keypad"})
			if m.Number%10 == 0 { // again in the middle
				s.add(start.Add(20*time.Minute), "press", id, firmware.Press{Number: m.Number, Name: m.Name, Known: true, Panel: "keypad"})
			}
			if i == 1 && renumber.Seq == 0 && m.Number > 20 {
				renumber = rec
			}
			if i == 4 && void.Seq == 0 && m.Number > 30 && m.Number%10 != 0 {
				void = rec
			}
		}
		s.add(start.Add(time.Minute), "press", id, firmware.Press{Number: 777, Panel: "keypad"})
		s.add(start.Add(2*time.Minute), "head", id, firmware.Head{Panel: "one"})
		s.add(start.Add(3*time.Minute), "head", id, firmware.Head{Panel: "one"})
		if l.live {
			s.add(start.Add(12*time.Minute), "live", id, obj{"event": "lost", "reason": "damaged", "for_ms": 0})
			s.add(start.Add(14*time.Minute), "live", id, obj{"event": "back", "for_ms": 120000})
		}
		if i == 6 {
			s.add(start.Add(22*time.Minute), "power", "", firmware.GuardEvent{Kind: "trip", Cause: "guard.cause.over_voltage", MV: 271_300, LastedMS: 240, WaitMS: 60_000})
			s.add(start.Add(23*time.Minute), "fault", "", firmware.Fault{Code: "fault.display.silent", Args: map[string]string{"name": "projector"}, On: true})
			s.add(start.Add(31*time.Minute), "fault", "", firmware.Fault{Code: "fault.display.silent", Args: map[string]string{"name": "projector"}})
		}
		played := time.Duration(l.minutes) * time.Minute
		length := played
		if l.cause == "lesson.cause.cut" {
			played /= 2
		}
		n := obj{"title": l.title, "file": "/var/lib/stationbox/library/" + id + ".mp4", "scheduled": start, "started": start.Add(time.Second), "played_ms": played.Milliseconds(), "length_ms": length.Milliseconds(), "cause": l.cause,
			"proof": obj{"key": "00112233aabbccdd", "sha256": strings.Repeat("5f", 32), "present": []any{40, nil, 41}}}
		if l.live {
			n["live"] = obj{"live_ms": 3_300_000, "fallback_ms": 120_000, "frozen_ms": 60_000, "dark_ms": 120_000}
			delete(n, "proof")
		}
		s.add(start.Add(played+10*time.Second), "lesson", id, n)
		s.add(start.Add(played+20*time.Second), "roll_close", id, obj{"present": 41})
		s.add(start.Add(played+time.Minute), "display", "", obj{"name": "projector", "from": "on", "to": "cooling", "asked": true})
		s.add(start.Add(played+4*time.Minute), "display", "", obj{"name": "projector", "from": "cooling", "to": "standby", "asked": true})
		if i == 3 {
			s.seq += 37 // lost
		}
	}
	nov := func(d int) time.Time { return time.Date(2026, 11, d, 10, 0, 0, 0, z) }
	fix := func(at time.Time, of firmware.Record, do string, number int, why string) {
		s.add(at, "correction", "", obj{"boot": of.Boot, "seq": of.Seq, "do": do, "number": number, "by": "page", "why": why})
	}
	fix(day(29, 9, 0), renumber, "renumber", 3, "按错了")
	fix(nov(1), renumber, "renumber", 60, "再核对")
	fix(nov(1), void, "void", 0, "本人没有来")
	s.add(nov(2), "press", "party-2026-11-02", firmware.Press{Number: 1, Name: "x", Known: true})
	return s, register.Opts{Station: stationID, Name: "槐树村远程教育站点", Zone: z, Year: 2026, Month: time.October, Made: nov(1), Target: 245 * time.Minute, Members: people(),
		Arrivals: []register.Arrival{{At: day(5, 2, 10), Title: "水稻病虫害防治", Source: "省农业农村厅", Bytes: 412_000_000, LengthMS: 2_280_000, SHA256: strings.Repeat("5f", 32)}},
		Planned:  []firmware.Occasion{{ID: "party-2026-10-27", Title: "政策解读", Start: day(27, 19, 30)}},
		Judge:    func([]byte) string { return "" }}
}

// month is what happened between the lessons.
func month(s *stream, day func(d, h, m int) time.Time) {
	s.add(day(24, 3, 0), "power", "", firmware.GuardEvent{Kind: "mains_bad", Cause: "guard.cause.mains_low", MV: 168_200})
	s.add(day(24, 10, 0), "exercise", "", obj{"until": day(24, 10, 20)})
	s.add(day(25, 9, 0), "command", "", obj{"args": []string{"relay", "test"}, "by": "console"})
	for _, load := range []string{"tv", "projector"} {
		s.add(day(25, 9, 1), "relay_test", "", obj{"load": load, "on": true, "off": load == "tv", "held": ""})
	}
	s.add(day(25, 9, 5), "command", "", obj{"args": []string{"=cmd|' /C calc'!A0"}, "by": "page"})
	s.add(day(26, 14, 0), "power", "", firmware.GuardEvent{Kind: "strike", Count: 7})
	s.boot = "b2"
	s.add(day(27, 7, 0), "boot", "", obj{"version": "v1.1", "pid": 2})
	s.add(day(28, 7, 0), "fault", "", firmware.Fault{Code: "fault.panel.lost", On: true})
	s.add(day(28, 8, 0), "clock", "", obj{"what": "source", "from": "rtc", "to": "ntp"})
	s.add(day(28, 8, 1), "journal_hole", "", obj{"from": 9, "to": 9})
	s.add(day(28, 8, 2), "power", "", "nonsense")
}

func build(t testing.TB, s *stream, o register.Opts) *register.Month {
	t.Helper()
	m, err := register.Build(o, s.scan)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
