package power_test

import (
	"testing"
	"time"

	"stationbox/firmware/power"
)

func TestLampIsHeldUntilItIsProvedCold(t *testing.T) {
	b := closed(t, village(), projector)
	if !b.on(projector) {
		t.Fatal("projector is off")
	}
	b.burn()
	in := &b.in.Loads[projector]
	in.Wanted = false
	steps := []struct {
		name    string
		report  power.Report
		known   bool
		current int32
		lasts   time.Duration
		held    power.Cause
	}{
		{"still on", power.ReportBusy, true, 1200, 10 * time.Second, power.CauseNoStandby},
		{"station died", power.ReportNone, true, 1200, 10 * time.Second, power.CauseNoStandby},
		{"station died, small current", power.ReportNone, true, 10, 10 * time.Second, power.CauseNoStandby},
		{"on again by hand", power.ReportBusy, true, 1200, 3 * time.Second, power.CauseNoStandby},
		{"fan runs", power.ReportCooling, true, 400, 2 * time.Second, power.CauseNoStandby},
		{"says standby, draws much", power.ReportStandby, true, 1200, 10 * time.Second, power.CauseCurrent},
		{"says standby, current unknown", power.ReportStandby, false, 0, 10 * time.Second, power.CauseNoCurrent},
		{"standby and small current, too early", power.ReportStandby, true, 90, 2900 * time.Millisecond, power.CauseCooling},
	}
	for _, st := range steps {
		in.Report, in.Known, in.Current = st.report, st.known, st.current
		b.volts(220, st.lasts)
		if !b.on(projector) {
			t.Fatalf("%s: mains was cut", st.name)
		}
		if held := b.state.Loads[projector].Held; held != st.held {
			t.Errorf("%s: held by %v; want %v", st.name, held, st.held)
		}
	}
	b.volts(220, 200*time.Millisecond)
	if b.on(projector) {
		t.Errorf("cold and still on: %v", b.state.Loads[projector])
	}
}

func TestShortGapInProofDoesNotStartCoolingAnew(t *testing.T) {
	b := closed(t, village(), projector)
	b.burn()
	in := &b.in.Loads[projector]
	in.Wanted = false
	in.Report, in.Current = power.ReportCooling, 400
	b.volts(220, 2500*time.Millisecond)
	in.Report = power.ReportStandby // before the current has fallen
	b.volts(220, 300*time.Millisecond)
	in.Current = 20
	b.volts(220, time.Second)
	if b.on(projector) {
		t.Error("300 ms of contradiction cost a whole cooling time")
	}
}

func TestOnlyStrongReasonsCutAHotLamp(t *testing.T) {
	tests := []struct {
		name string
		do   func(b *bench)
		cut  bool
	}{
		{"over-voltage", func(b *bench) { b.volts(310, 400*time.Millisecond) }, true},
		{"outage", func(b *bench) { b.volts(0, 400*time.Millisecond) }, true},
		{"blind", func(b *bench) { b.silence(60 * time.Millisecond); b.silence(60 * time.Millisecond) }, true},
		{"under-voltage", func(b *bench) { b.volts(160, 20*time.Second); b.volts(120, 5*time.Second) }, false},
		{"not wanted", func(b *bench) { b.in.Loads[projector].Wanted = false; b.volts(220, time.Minute) }, false},
		{"reset", func(b *bench) { b.in.Reset = true; b.volts(220, time.Second) }, false},
		{"aux contact broken", func(b *bench) {
			b.follow, b.in.Aux, b.in.Feed = false, power.ContactUnknown, power.ContactClosed
			b.volts(220, time.Minute)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := closed(t, village(), projector)
			b.burn()
			tt.do(b)
			if b.on(projector) == tt.cut {
				t.Errorf("projector on: %v; want cut %v; %v", b.on(projector), tt.cut, b.events)
			}
		})
	}
}

func TestHotLampIsNotStruckAgain(t *testing.T) {
	s := village()
	s.Loads[projector].CoolTime = 20 * time.Second
	b := closed(t, s, tv, projector)
	b.burn()
	b.volts(400, 50*time.Millisecond)
	cut := b.at
	b.in.Loads[projector].Report, b.in.Loads[projector].Current = power.ReportNone, 0
	b.until(t, "television on", func() bool { return b.on(tv) })
	if b.on(projector) {
		t.Fatal("projector before television")
	}
	b.volts(220, time.Second)
	if held := b.state.Loads[projector].Held; held != power.CauseLampHot || b.state.Phase != power.Closed {
		t.Errorf("held by %v in phase %v; want lamp hot, closed", held, b.state.Phase)
	}
	b.until(t, "projector on", func() bool { return b.on(projector) })
	if off := b.at - cut; off < 19900*time.Millisecond {
		t.Errorf("lamp got mains %v after it was cut hot", off)
	}
}

func TestUnderVoltageShedsAllButCoolingLamps(t *testing.T) {
	b := closed(t, village(), tv, projector)
	b.burn()
	b.volts(150, 600*time.Millisecond)
	if !b.has(power.EventTrip, power.CauseUnder) || !b.orders.Contactor {
		t.Fatalf("no trip, or contactor open: %v", b.events)
	}
	b.volts(150, 100*time.Millisecond)
	if b.on(tv) || b.on(receiver) || !b.on(projector) {
		t.Errorf("relays %b; want the projector alone", b.orders.Relays)
	}
	in := &b.in.Loads[projector]
	in.Report, in.Current = power.ReportCooling, 300
	b.volts(150, 2*time.Second)
	in.Report, in.Current = power.ReportStandby, 20
	b.volts(150, 1500*time.Millisecond)
	if b.orders.Contactor || b.state.Phase != power.Trip && b.state.Phase != power.Off || b.state.TripCount() != 1 {
		t.Errorf("lamp is cold; contactor %v, phase %v, %d trips", b.orders.Contactor, b.state.Phase, b.state.TripCount())
	}
}

func TestShedEndsWithGoodMains(t *testing.T) {
	b := closed(t, village(), tv, projector)
	b.burn()
	b.volts(150, time.Second)
	b.volts(220, 2400*time.Millisecond)
	if b.on(tv) {
		t.Error("television back before the good time")
	}
	b.until(t, "all back", func() bool { return b.state.Phase == power.Closed && b.on(tv) && b.on(receiver) })
	if !b.on(projector) || b.has(power.EventOpen, power.CauseNone) {
		t.Error("the projector lost mains")
	}
}
