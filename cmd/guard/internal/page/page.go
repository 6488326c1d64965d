// Package page tells power events to people: one page an event, for the power
// bureau, and one sentence an event. It is pure: a Record and a catalogue go in,
// HTML and words come out, the same every time. The page fits on one sheet of
// A4, needs nothing but itself, and says what was measured and what was not.
package page

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"

	"stationbox/firmware/power"
	"stationbox/firmware/text"
)

// Sheet is what a page says besides its Record.
type Sheet struct {
	Station   string         // name, "" when unknown
	ID        string         // of the station
	Zone      *time.Location // nil is UTC
	Recording string         // the record was made by replaying this file; its times count from Epoch
	Epoch     time.Time
}

const style = `@page{size:A4;margin:10mm 12mm}
*{box-sizing:border-box}
body{margin:0 auto;max-width:186mm;padding:4mm 0;color:#111;background:#fff;font:10pt/1.35 "Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","Microsoft YaHei","PingFang SC","WenQuanYi Micro Hei",sans-serif}
@media print{body{padding:0}svg{break-inside:avoid;width:92%;margin:0 auto}}
h1{font-size:16pt;margin:0}h2{font-size:10pt;margin:2mm 0 0}
header{display:flex;justify-content:space-between;align-items:flex-end;border-bottom:2px solid #111;padding-bottom:1.5mm}
header p{margin:0;text-align:right;font-size:9pt}
.lead{font-size:10.5pt;margin:2mm 0}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.35mm 2mm;text-align:left;vertical-align:top;font-size:9pt}
th{background:#f0f0f0;font-weight:600;white-space:nowrap}.v{white-space:nowrap}.t{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
svg{display:block;width:100%;height:auto}text{font-family:inherit}
.num{font-size:9.5px;fill:#333}.grid{stroke:#ddd;stroke-width:.7;fill:none}
.wave{stroke:#0645ad;stroke-width:1.1;fill:none}.area{fill:#0645ad;stroke:#0645ad;stroke-width:1.1}
.gap{fill:#bbb}.good{fill:#e3f4e3}path.over{stroke:#c00;fill:none;stroke-dasharray:5 3}path.under{stroke:#b86a00;fill:none;stroke-dasharray:5 3}
path.itic{stroke:#777;fill:none;stroke-dasharray:1.5 2.5}text.over{fill:#c00}text.under{fill:#8a5000}text.itic{fill:#555}path.word{stroke:none;fill:none}
path.mark{stroke:#000;stroke-width:.8;stroke-dasharray:2 2;fill:none}circle.mark{fill:#111}.markno{fill:#fff;font-size:9px}
.no{display:inline-block;min-width:4.2mm;border-radius:2.1mm;background:#111;color:#fff;text-align:center;font-size:8pt}
.small{font-size:8pt;color:#444;margin:1.5mm 0 0}.sign{display:flex;gap:8mm;margin-top:9mm}.sign div{flex:1;border-top:1px solid #111;padding-top:1mm;font-size:9pt}
`

// Render returns the page of r as HTML.
func Render(r *power.Record, s Sheet, cat *text.Catalogue) []byte {
	p := &sheet{Sheet: s, cat: cat, r: r, acts: sorted(r.Acts)}
	p.head = head(p.acts)
	p.b.WriteString("<!DOCTYPE html>\n<html lang=\"" + cat.Lang() + "\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + esc(p.title()) + "</title>\n<style>\n" + style + "</style>\n</head>\n<body>\n")
	p.header()
	p.facts()
	p.charts()
	p.list()
	p.foot()
	p.b.WriteString("</body>\n</html>\n")
	return []byte(p.b.String())
}

// sheet is a page in progress.
type sheet struct {
	Sheet
	b    strings.Builder
	cat  *text.Catalogue
	r    *power.Record
	acts []power.Act
	head power.Act // what the page is about
}

func sorted(acts []power.Act) []power.Act {
	acts = slices.Clone(acts)
	slices.SortStableFunc(acts, func(a, b power.Act) int { return cmp.Compare(a.AtUS, b.AtUS) })
	return acts
}

// head is the act that matters most.
func head(acts []power.Act) power.Act {
	rank := func(a power.Act) int {
		return slices.Index([]string{"contact_closed", "contact_open", "close", "strike", "dip", "swell", "interruption", "open", "outage", "blind", "no_close", "trip", "lockout", "weld"}, a.Kind)
	}
	best := acts[0]
	for _, a := range acts[1:] {
		if rank(a) > rank(best) {
			best = a
		}
	}
	return best
}

// Title names what r is about, for a list: its kind and cause.
func Title(r *power.Record, cat *text.Catalogue) string {
	return name(head(sorted(r.Acts)), cat)
}

func name(a power.Act, cat *text.Catalogue) string {
	switch a.Kind {
	case "contact_open", "contact_closed":
		return cat.Say("guard.page." + a.Kind)
	}
	out := cat.Say("guard.event." + a.Kind)
	if c := cause(cat, a.Cause); c != "" && c != out && a.Kind != "lockout" {
		out += mark(cat, "：", ": ") + c
	}
	return out
}

func (p *sheet) say(key string, args ...any) string { return p.cat.Say("guard.page."+key, args...) }

func (p *sheet) title() string { return p.say("title") + " " + cmp.Or(p.ID, p.Recording) }

// when is the moment us after the middle: a clock, or the time in the recording.
func (p *sheet) when(us int64, layout string) string {
	at := p.r.Wall.Add(time.Duration(us) * time.Microsecond)
	if p.Recording != "" {
		return fmt.Sprintf("%.4f s", at.Sub(p.Epoch).Seconds())
	}
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	return at.In(zone).Format(layout)
}

func (p *sheet) header() {
	who := strings.TrimSpace(p.Station + " " + p.ID)
	if p.Recording != "" {
		who = p.say("recording", "file", p.Recording)
	}
	fmt.Fprintf(&p.b, "<header><h1>%s</h1><p>%s<br>%s</p></header>\n", esc(p.say("title")), esc(who), esc(p.say("number", "n", fmt.Sprintf("%s-%d", p.r.Boot, p.r.Seq))))
	at := p.cat.Say("guard.say.clock", "clock", p.when(p.head.AtUS, "15:04:05.000"))
	if p.Recording != "" {
		at = Since(p.cat, p.r.Wall.Add(time.Duration(p.head.AtUS)*time.Microsecond).Sub(p.Epoch))
	}
	lead := p.sentence(at, p.head)
	if i := slices.IndexFunc(p.acts, func(a power.Act) bool { return a.Kind == "trip" }); i >= 0 && p.head.Kind != "trip" {
		lead = p.sentence(at, p.acts[i]) + gap(p.cat) + lead // a lock-out without its last trip says too little
	}
	fmt.Fprintf(&p.b, "<p class=\"lead\">%s</p>\n", esc(lead))
}

func (p *sheet) sentence(at string, a power.Act) string {
	return Sentence(p.cat, Story{
		At: at, Kind: a.Kind, Cause: a.Cause, MV: p.volts(a), Ongoing: a.Ongoing,
		Lasted: time.Duration(a.LastedUS) * time.Microsecond, Next: p.r.Next, Limits: p.r.Limits, Brief: true,
	})
}

// facts is the table of what was measured.
func (p *sheet) facts() {
	p.b.WriteString("<table>\n")
	p.row([4]string{p.say("time"), p.when(p.head.AtUS, "2006-01-02 15:04:05.000 -07:00"), p.say("what"), name(p.head, p.cat)})
	extreme := "—"
	if mv, known := p.extreme(); known {
		extreme = fmt.Sprintf("%.1f V (%.0f %%)", float64(mv)/1000, float64(mv)/2200)
	}
	p.row([4]string{p.say("extreme"), extreme, p.say("peak"), fmt.Sprintf("%.0f V", peak(p.r))})
	p.row([4]string{p.say("lasted"), p.lasted(), p.say("reaction"), p.reaction()})
	fmt.Fprintf(&p.b, "<tr><th>%s</th><td colspan=\"3\">%s</td></tr>\n</table>\n", esc(p.say("next")), esc(p.next()))
}

func (p *sheet) row(cells [4]string) {
	p.b.WriteString("<tr>")
	for i, c := range cells {
		tag := []string{"th", "td class=\"v\"", "th", "td"}[i]
		fmt.Fprintf(&p.b, "<%s>%s</%s>", tag, esc(c), tag[:2])
	}
	p.b.WriteString("</tr>\n")
}

// extreme is the rms farthest out in the direction of the event, in mV: that of
// the curve nearby, or of a disturbance that went on for longer.
func (p *sheet) extreme() (mv int64, known bool) {
	worse := func(v int64) {
		if !known || p.over() && v > mv || !p.over() && v < mv {
			mv, known = v, true
		}
	}
	for i := range p.r.Fine.Lo {
		lo, hi := p.r.Fine.Lo[i], p.r.Fine.Hi[i]
		near := p.r.Fine.FromMS+int64(i)*p.r.Fine.StepMS >= -justBefore
		if !near || lo < 0 || hi < 0 {
			continue
		}
		worse(100 * int64(lo))
		worse(100 * int64(hi))
	}
	for _, a := range p.acts {
		switch a.Kind {
		case "dip", "swell", "interruption":
			worse(a.MV)
		}
	}
	return mv, known
}

// justBefore the middle, in ms, belongs to the event.
const justBefore = 300

// over says whether the event is about too much voltage.
func (p *sheet) over() bool {
	return slices.ContainsFunc(p.acts, func(a power.Act) bool {
		return a.Kind == "swell" && p.head.Kind == "swell" || a.Kind == "trip" && strings.HasPrefix(a.Cause, "over_voltage")
	})
}

// volts is the rms of a. The guard trips at once by the highest value of the
// wave, which harmonics make larger than any rms.
func (p *sheet) volts(a power.Act) int64 {
	if worst, known := p.extreme(); known && p.over() {
		return min(a.MV, worst)
	}
	return a.MV
}

// lasted is the length of the disturbance, or of what the guard counted.
func (p *sheet) lasted() string {
	of, found := p.head, false
	for _, a := range p.acts {
		switch a.Kind {
		case "dip", "swell", "interruption":
			if !found || a.LastedUS > of.LastedUS {
				of, found = a, true
			}
		}
	}
	if of.LastedUS == 0 && !of.Ongoing {
		return "—"
	}
	span := Span(p.cat, time.Duration(of.LastedUS)*time.Microsecond)
	if of.Ongoing {
		return p.say("ongoing", "lasted", span)
	}
	return span
}

// reaction is the time from the disturbance to the order and to the contact.
func (p *sheet) reaction() string {
	at := map[string]int64{}
	for _, a := range p.acts {
		if _, had := at[a.Kind]; !had {
			at[a.Kind] = a.AtUS
		}
	}
	order, ordered := at["open"]
	if !ordered {
		return p.say("no_order")
	}
	var parts []string
	for _, kind := range []string{"interruption", "dip", "swell"} {
		if began, had := at[kind]; had && began <= order {
			parts = append(parts, p.say("ordered", "lasted", Span(p.cat, time.Duration(order-began)*time.Microsecond)))
			break
		}
	}
	if moved, had := at["contact_open"]; had && moved >= order {
		parts = append(parts, p.say("moved", "lasted", Span(p.cat, time.Duration(moved-order)*time.Microsecond)))
	}
	if len(parts) == 0 {
		return p.say("only_order")
	}
	return strings.Join(parts, mark(p.cat, "，", ", "))
}

func (p *sheet) next() string { return Next(p.cat, p.r.Next, p.r.Limits) }

// markers numbers the moments; what happened within 2 ms is one.
func (p *sheet) markers() (marks []marker, number []int) {
	last := int64(math.MinInt64)
	for _, a := range p.acts {
		if len(marks) == 0 || a.AtUS-last > 2000 {
			last = a.AtUS
			marks = append(marks, marker{float64(a.AtUS) / 1000, len(marks) + 1})
		}
		number = append(number, len(marks))
	}
	return marks, number
}

func (p *sheet) charts() {
	marks, _ := p.markers()
	seconds := slices.Clone(marks)
	for i := range seconds {
		seconds[i].at /= 1000
	}
	p.figure("wave", wave(p.cat, p.r, marks))
	p.figure("fine", rms(p.cat, p.r, &p.r.Fine, true, seconds))
	p.figure("coarse", rms(p.cat, p.r, &p.r.Coarse, false, nil))
}

func (p *sheet) figure(key, svg string) {
	fmt.Fprintf(&p.b, "<h2>%s</h2>\n%s", esc(p.say(key)), svg)
}

// list is what happened, in order of time.
func (p *sheet) list() {
	_, number := p.markers()
	fmt.Fprintf(&p.b, "<h2>%s</h2>\n<table>\n", esc(p.say("list")))
	for i, a := range p.acts {
		if i == 6 && len(p.acts) > 7 {
			fmt.Fprintf(&p.b, "<tr><td colspan=\"5\">%s</td></tr>\n", esc(p.say("more", "n", len(p.acts)-i)))
			break
		}
		about := ""
		if a.MV > 0 {
			about = fmt.Sprintf("%.1f V", float64(p.volts(a))/1000)
		}
		fmt.Fprintf(&p.b, "<tr><td class=\"t\"><span class=\"no\">%d</span></td><td class=\"t\">%s</td><td class=\"t\">%s</td><td>%s</td><td class=\"t\">%s</td></tr>\n",
			number[i], esc(p.when(a.AtUS, "15:04:05.000")), esc(strings.Replace(offset(a.AtUS), "-", "−", 1)), esc(name(a, p.cat)), about)
	}
	p.b.WriteString("</table>\n")
}

func (p *sheet) foot() {
	note := p.say("note")
	if !p.r.Whole {
		note = p.say("half") + gap(p.cat) + note
	}
	fmt.Fprintf(&p.b, "<p class=\"small\">%s</p>\n<div class=\"sign\"><div>%s</div><div>%s</div><div>%s</div></div>\n",
		esc(note), esc(p.say("sign_station")), esc(p.say("sign_bureau")), esc(p.say("sign_date")))
}

func esc(s string) string { return html.EscapeString(s) }
