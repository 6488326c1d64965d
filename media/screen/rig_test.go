package screen_test

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"stationbox/media/screen"
)

var gallery = flag.String("pictures", "", "folder to write a picture of every screen to")

var (
	hd     = image.Pt(1920, 1080)
	sizes  = []image.Point{hd, {1280, 720}, {3840, 2160}, {960, 540}, {1024, 768}, {1366, 768}, {801, 599}, {1080, 1920}, {2560, 1080}, {320, 200}, {64, 64}}
	center = image.Point{}
)

// typeface is the font of the machine.
func typeface(t testing.TB) *screen.Font {
	t.Helper()
	f, err := screen.Find(t.Context(), screen.Paths())
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// sample is a board in one language with a name.
type sample struct {
	name  string
	board screen.Board
}

// samples has every kind in both languages.
func samples() []sample {
	var list []sample
	for _, lang := range []string{"zh", "en"} {
		say := func(zh, en string) string {
			if lang == "en" {
				return en
			}
			return zh
		}
		head := screen.Board{Place: say("柳树屯远程教育站点", "Liushutun village station"), Clock: "19:25"}
		title := say("第一课 乡村振兴与大棚蔬菜种植技术", "Lesson one: growing vegetables under plastic")
		when := say("周三 19:30", "Wednesday 19:30")
		add := func(name string, b screen.Board) {
			b.Place, b.Clock = head.Place, head.Clock
			if b.Kind == screen.Untrusted {
				b.Clock = say("时间未校准", "time not set")
			}
			list = append(list, sample{name + "-" + lang, b})
		}
		next := []screen.Row{{say("周五 19:30", "Fri 19:30"), say("党课 廉洁自律准则", "Party lesson: rules of integrity")},
			{say("周日 09:00", "Sun 09:00"), say("农机安全", "Safe use of farm machines")}}
		add("idle", screen.Board{Kind: screen.Idle, Label: say("下一课", "Next lesson"), Headline: title, When: when, Next: next})
		add("idle-short", screen.Board{Kind: screen.Idle, Label: say("下一课", "Next lesson"), Headline: say("农机安全", "Farm machines"), When: when, Next: next})
		add("idle-night", screen.Board{Kind: screen.Idle, Night: true, Label: say("下一课", "Next lesson"), Headline: title, When: when})
		add("idle-nothing", screen.Board{Kind: screen.Idle, Headline: say("本周没有安排课程", "No lesson this week")})
		add("idle-fault", screen.Board{Kind: screen.Idle, Label: say("下一课", "Next lesson"), Headline: title, When: when, Next: next,
			Foot: screen.Foot{Text: say("投影机没有应答", "The projector does not answer"), Mood: screen.Bad}})
		add("published", screen.Board{Kind: screen.Published, Label: say("村务公告", "Notice"), Headline: say("种子发放通知", "Seeds"),
			Rows: []string{say("周五上午八点到十一点半，在村委会", "On Friday from 8 to 11:30 in the"), say("院内发放小麦种子，每户两袋。", "yard of the village office."), say("请带户口本和身份证。", "Please bring your papers."), say("联系人：王秀英 13800000000", "Wang Xiuying 13800000000")}})
		add("published-picture", screen.Board{Kind: screen.Published, Notice: screen.Picture{Name: "qr", Image: qr()}})
		add("idle-notice", screen.Board{Kind: screen.Idle, Label: say("下一课", "Next lesson"), Headline: title, When: when, Notice: screen.Picture{Name: "qr", Image: qr()},
			Foot: screen.Foot{Text: say("通知：周五上午在村委会发放种子，请带户口本。", "Notice: seeds are given out on Friday morning, please bring your papers.")}})
		add("ready", screen.Board{Kind: screen.Ready, Label: say("今天 19:30 上课", "Today at 19:30"), Headline: title, CountLabel: say("还有", "starts in"), Count: say("23 分钟", "23 min")})
		add("warming", screen.Board{Kind: screen.Warming, Label: say("今天 19:30 上课", "Today at 19:30"), Headline: title, CountLabel: say("还有", "starts in"), Count: "4:05"})
		add("roll", screen.Board{Kind: screen.Roll, Headline: say("请按号签到", "Please press your number"), Detail: title, CountLabel: say("还有", "starts in"), Count: "1:05",
			Present: "12", PresentLabel: say("人已到", "present"), Arrived: []string{say("王秀英", "Wang Xiuying"), say("李建国", "Li Jianguo"), say("欧阳春花", "Ouyang Chunhua"), say("张三", "Zhang San"), say("赵德柱", "Zhao Dezhu")}})
		add("roll-greet", screen.Board{Kind: screen.Roll, Headline: say("请按号签到", "Please press your number"), Detail: title, CountLabel: say("还有", "starts in"), Count: "0:59",
			Present: "108", PresentLabel: say("人已到", "present"), Foot: screen.Foot{Text: say("王秀英 已签到", "Wang Xiuying is here"), Mood: screen.Good}})
		add("roll-unknown", screen.Board{Kind: screen.Roll, Headline: say("请按号签到", "Please press your number"), Detail: title, CountLabel: say("还有", "starts in"), Count: "0:59",
			Present: "0", PresentLabel: say("人已到", "present"), Foot: screen.Foot{Text: say("97 号不在名册", "97 is not on the list"), Mood: screen.Bad}})
		add("waiting", screen.Board{Kind: screen.Fault, Headline: say("还不能开始", "Not yet"), Detail: say("没有一台显示设备点亮", "no display came on"), Present: "12", PresentLabel: say("人已到", "present"),
			Foot: screen.Foot{Text: say("请用遥控器试一次；检查待机设置。", "Try its remote control once; check its standby setting."), Mood: screen.Bad}})
		add("paused", screen.Board{Kind: screen.Paused, Label: title, Headline: say("课程暂停，恢复后接着放", "The lesson is paused and will go on"), Detail: say("没有正常市电", "no good mains"), Present: "21", PresentLabel: say("人已到", "present")})
		add("closing", screen.Board{Kind: screen.Closing, Headline: say("下课了，谢谢大家", "The lesson is over. Thank you"), Detail: title, Present: "21", PresentLabel: say("人已到", "present")})
		add("cooling", screen.Board{Kind: screen.Cooling, Headline: say("投影机正在散热，请不要断电", "The projector is cooling, do not cut its power")})
		add("emergency", screen.Board{Kind: screen.Emergency, Label: say("紧急通知", "Emergency"), Headline: say("防汛通知：河水上涨，请低洼处村民立即转移到村小学", "Flood warning: leave the low ground now and go to the school")})
		add("untrusted", screen.Board{Kind: screen.Untrusted, Headline: say("时间不可信", "The time is not trusted"), Detail: say("课程暂停自动播放，请联系技术员校时", "Lessons wait: please ask the technician to set it")})
	}
	return list
}

// qr is a black-and-white picture with hard edges.
func qr() image.Image {
	img := image.NewGray(image.Rect(0, 0, 25, 25))
	n := uint32(1)
	for i := range img.Pix {
		n = n*1664525 + 1013904223
		img.Pix[i] = uint8(255 * (n >> 31))
	}
	return img
}

// whole draws a board, in the colours of people.
func whole(t testing.TB, p *screen.Painter, b screen.Board, size, shift image.Point) *image.RGBA {
	t.Helper()
	d, err := p.Board(b, size, shift)
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rectangle{Max: size})
	over(t, p, img, d)
	return img
}

// pixels draws into fresh bytes.
func pixels(t testing.TB, p *screen.Painter, d screen.Drawing) (pix []byte, missing int) {
	t.Helper()
	pix = make([]byte, 4*d.Rect.Dx()*d.Rect.Dy())
	missing, err := p.Draw(d, pix)
	if err != nil {
		t.Fatal(err)
	}
	return pix, missing
}

// over draws over img, as mpv does.
func over(t testing.TB, p *screen.Painter, img *image.RGBA, d screen.Drawing) {
	t.Helper()
	if !d.Rect.In(img.Rect) {
		t.Fatalf("%v is outside of the screen %v", d.Rect, img.Rect)
	}
	pix, _ := pixels(t, p, d)
	for y := range d.Rect.Dy() {
		for x := range d.Rect.Dx() {
			s := pix[4*(y*d.Rect.Dx()+x):]
			was := img.RGBAAt(d.Rect.Min.X+x, d.Rect.Min.Y+y)
			keep := 255 - int(s[3])
			mix := func(s, d uint8) uint8 { return uint8(min(int(s)+int(d)*keep/255, 255)) }
			img.SetRGBA(d.Rect.Min.X+x, d.Rect.Min.Y+y, color.RGBA{R: mix(s[2], was.R), G: mix(s[1], was.G), B: mix(s[0], was.B), A: 255})
		}
	}
}

func save(t testing.TB, name string, img image.Image) {
	t.Helper()
	f, err := os.Create(filepath.Join(*gallery, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// TestPictures writes every screen in both languages for eyes: go test
// ./media/screen -run Pictures -args -pictures FOLDER.
func TestPictures(t *testing.T) {
	if *gallery == "" {
		t.Skip("no folder: -args -pictures FOLDER")
	}
	p := screen.New(typeface(t))
	for _, s := range samples() {
		save(t, s.name, whole(t, p, s.board, hd, center))
	}
	for i, size := range sizes {
		save(t, fmt.Sprintf("size-%d-%dx%d", i, size.X, size.Y), whole(t, p, samples()[8].board, size, center))
	}
	for name, s := range strips() {
		img := image.NewRGBA(image.Rectangle{Max: hd})
		for y := range 1080 {
			for x := range 1920 {
				img.SetRGBA(x, y, color.RGBA{R: uint8(x / 8), G: uint8(y / 5), B: uint8((x + y) / 12), A: 255})
			}
		}
		d, err := p.Strip(s, hd)
		if err != nil {
			t.Fatal(err)
		}
		over(t, p, img, d)
		save(t, "strip-"+name, img)
	}
}

func strips() map[string]screen.Strip {
	return map[string]screen.Strip{
		"greet-zh":   {Text: "王秀英 已签到", Mood: screen.Good},
		"greet-en":   {Text: "Wang Xiuying is here", Mood: screen.Good},
		"unknown-zh": {Text: "97 号不在名册", Mood: screen.Bad},
		"roll-zh":    {Text: "请按号签到", Count: "0:08"},
		"roll-en":    {Text: "Please press your number", Count: "0:08"},
		"alarm-zh":   {Text: "紧急通知：防汛通知", Alarm: true},
		"alarm-en":   {Text: "Emergency: the river rises, go to the school at once, do not wait", Alarm: true},
	}
}
