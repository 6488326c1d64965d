package station

import (
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/lesson"
	"stationbox/firmware/text"
	"stationbox/hal"
)

func TestStatusText(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	bound := int64(500)
	v := statusView{Name: "柳树屯", ID: "370100-014", Now: time.Date(2026, 11, 23, 19, 31, 5, 0, zone), Phase: lesson.Paused, Why: "没有正常市电",
		Occasion: &occasionView{Title: "第一课", Start: time.Date(2026, 11, 23, 19, 30, 0, 0, zone)}, PositionMS: 65000, DurationMS: 1800000, Present: 21,
		Displays: []displayView{{Name: "tv", State: hal.DisplayOff}}, Sound: "USB Audio", Journal: journalView{Records: 99},
		Clock:  clock.Report{Source: clock.NTP, Level: clock.Good, BoundMS: &bound},
		Guard:  &firmware.GuardStatus{State: firmware.GuardTrip, MainsOK: true, MainsMV: 268400, MainsMHz: 49980, Loads: []firmware.LoadStatus{{Name: "tv"}}},
		Faults: []faultView{{Text: "电视没有应答", Hint: "请检查串口线。"}}}
	want := `柳树屯  370100-014  2026-11-23 19:31:05 CST
课程        暂停 — 没有正常市电
题目        第一课  11-23 19:30:00 CST
进度        1:05 / 30:00
签到人数    21
时钟        网络校时，误差 ±500ms，0s 前
电源卫士    已跳闸  268.4 V  49.98 Hz  电视 关
电视        断电
提示音      USB Audio
记录条数    99
! 电视没有应答
  请检查串口线。
`
	if got := v.text(text.New("zh")); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
