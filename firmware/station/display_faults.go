package station

import (
	"slices"
	"strconv"
	"time"

	"stationbox/firmware/display"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// worn raises and ends the faults of one display: what it does, what it says of its
// parts, and what its hours say.
func (w *watch) worn(sc fitted, st display.Status) {
	w.faults.Set(st.Stubborn, "fault.display.stubborn", sc.name)
	w.faults.Set(st.State == hal.DisplayFault, "fault.display.fault", sc.name)
	w.faults.Set(st.Unasked, "fault.display.unasked", sc.name)
	w.faults.Set(st.InputErr != nil, "fault.display.input", sc.name)
	w.faults.Set(st.InputWrong, "fault.display.input_wrong", sc.name, "is", st.InputIs)
	d := st.Details.Value
	for _, part := range []string{hal.PartFan, hal.PartLamp, hal.PartTemperature, hal.PartCover, hal.PartFilter, hal.PartOther} {
		w.faults.Set(slices.Contains(d.Errors, part), "fault.display."+part, sc.name)
		w.faults.Set(slices.Contains(d.Warnings, part), "fault.display.warning", sc.name+" "+part, "name", sc.name, "part", "part."+part)
	}
	for _, wear := range sc.keeper.Wears(w.now(), sc.lampLife, sc.filterLife) {
		code := "fault.display.lamp_old"
		if wear.Part == display.WearFilter {
			code = "fault.display.filter_due"
		}
		w.faults.Set(wear.Due, code, sc.name, "used", hours(wear.Used), "life", hours(wear.Life))
	}
}

// hours writes whole hours with commas: "1,812".
func hours(d time.Duration) string {
	s := strconv.FormatInt(int64(d/time.Hour), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// wearLine is the forecast for people: "lamp is at 1,812 of 3,000 h; at 12 h a week
// until 2028-10".
func wearLine(words *text.Catalogue, w display.Wear) string {
	part := words.Say("part." + w.Part)
	used, life := hours(w.Used), hours(w.Life)
	switch {
	case w.Life == 0:
		return words.Say("cmd.display.hours", "part", part, "used", used)
	case w.Due:
		return words.Say("cmd.display.due", "part", part, "used", used, "life", life)
	case w.Until.IsZero():
		return words.Say("cmd.display.of", "part", part, "used", used, "life", life)
	}
	weekly := strconv.FormatFloat(w.Weekly.Hours(), 'f', 1, 64)
	if w.Weekly >= 10*time.Hour {
		weekly = hours(w.Weekly.Round(time.Hour))
	}
	return words.Say("cmd.display.until", "part", part, "used", used, "life", life, "weekly", weekly, "until", w.Until.Format("2006-01"))
}
