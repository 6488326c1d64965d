package fault_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"stationbox/firmware"
	"stationbox/firmware/station/internal/fault"
)

// A fault is written down when it begins and when it is over, and told of as it is now.
func TestBook(t *testing.T) {
	var written []string
	b := fault.New(slog.New(slog.DiscardHandler), func(kind, _ string, data any) {
		f := data.(firmware.Fault)
		written = append(written, fmt.Sprintf("%s %s %v %s", kind, f.Code, f.On, f.Args["name"]+f.Args["cause"]))
	})
	b.Set(false, "fault.tv.lost", "tv")
	b.Set(true, "fault.tv.lost", "tv", "cause", "no answer")
	b.Set(true, "fault.tv.lost", "tv", "cause", "other")
	b.Set(true, "fault.tv.hot", "tv")
	b.Set(true, "fault.tv.lost", "projector")
	b.Set(true, "fault.card.slow", "")
	var now []string
	for _, f := range b.List() {
		now = append(now, f.Code+" "+f.Args["name"]+" "+f.Args["cause"])
	}
	if want := []string{"fault.card.slow  ", "fault.tv.hot tv ", "fault.tv.lost projector ", "fault.tv.lost tv other"}; !slices.Equal(now, want) {
		t.Errorf("%q", now)
	}
	if !b.Standing("fault.tv.lost") || b.Standing("fault.tv") {
		t.Error("what stands")
	}
	b.Over("fault.tv.", "tv")
	if !b.Standing("fault.tv.lost") || b.Standing("fault.tv.hot") || len(b.List()) != 2 {
		t.Errorf("after all: %v", b.List())
	}
	want := []string{"fault fault.tv.lost true tvno answer", "fault fault.tv.hot true tv", "fault fault.tv.lost true projector",
		"fault fault.card.slow true ", "fault fault.tv.hot false tv", "fault fault.tv.lost false tv"}
	if !slices.Equal(written, want) {
		t.Errorf("written:\n%q\n%q", written, want)
	}
}
