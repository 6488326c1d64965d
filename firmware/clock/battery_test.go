package clock

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

func TestBattery(t *testing.T) {
	built := start.Add(-24 * time.Hour)
	saved := start
	compared := rtcMemory{At: start.Add(-time.Minute), Bound: time.Second}
	tests := []struct {
		name    string
		memory  rtcMemory
		got     reading
		verdict string
		cause   string
	}{
		{"twelve hours on", compared, reading{wall: start.Add(12 * time.Hour)}, batteryOK, ""},
		{"never compared, later", rtcMemory{}, reading{wall: start.Add(time.Hour)}, batteryOK, ""},
		{"never compared, earlier", rtcMemory{}, reading{wall: start.Add(-time.Hour)}, batteryDead, causeBehind},
		{"a second behind is rounding", compared, reading{wall: start.Add(-2 * time.Second)}, batteryOK, ""},
		{"a minute behind", compared, reading{wall: start.Add(-time.Minute)}, batteryDead, causeBehind},
		{"2000", compared, reading{wall: time.Date(2000, 1, 1, 0, 0, 3, 0, time.UTC)}, batteryDead, causeDefault},
		{"1970", compared, reading{wall: time.Unix(7, 0)}, batteryDead, causeDefault},
		{"before the build", compared, reading{wall: built.Add(-time.Minute)}, batteryDead, causeDefault},
		{"flag, though it counts", compared, reading{wall: start.Add(time.Hour), empty: true}, batteryDead, causeFlag},
		{"low", compared, reading{wall: start.Add(time.Hour), low: true}, batteryLow, ""},
		{"oscillator stopped", compared, reading{err: fmt.Errorf("rtc: %w", hal.ErrGarbled)}, batteryDead, causeStopped},
		{"not there: not tested", rtcMemory{Battery: batteryOK}, reading{err: hal.ErrGone}, batteryOK, ""},
		{"a warm start proves nothing", rtcMemory{At: start, Battery: batteryDead, Cause: causeFlag}, reading{wall: start.Add(time.Minute)}, batteryDead, causeFlag},
		{"a new battery", rtcMemory{At: start, Battery: batteryDead, Cause: causeFlag}, reading{wall: start.Add(3 * time.Minute)}, batteryOK, ""},
		// It runs slow by 100 s a day at worst, so a month away it may be behind.
		{"slow within its error", rtcMemory{At: start.Add(-30 * 24 * time.Hour), PPB: -1_000_000, PPBErr: 1000}, reading{wall: start.Add(-40 * time.Minute)}, batteryOK, ""},
	}
	for _, tt := range tests {
		verdict, cause := tt.memory.test(tt.got, saved, built)
		if verdict != tt.verdict || cause != tt.cause {
			t.Errorf("%s: %q %q, want %q %q", tt.name, verdict, cause, tt.verdict, tt.cause)
		}
	}
	if v, _ := (&rtcMemory{}).test(reading{wall: start}, time.Time{}, built); v != batteryOK {
		t.Errorf("nothing was known before: %q", v)
	}
}

func TestDriftIsMeasured(t *testing.T) {
	day := 24 * time.Hour
	for _, ppm := range []int64{-80, -3, 0, 40} {
		var r rtcMemory
		read := func(truth time.Time) time.Time { // fast by ppm since start, whole seconds
			return truth.Add(time.Duration(int64(truth.Sub(start)) / 1e6 * ppm)).Truncate(time.Second)
		}
		for _, after := range []time.Duration{0, time.Hour, 10 * day} {
			truth := start.Add(after)
			r.compare(read(truth), truth, 500*time.Millisecond, false)
			if after < driftSpan && r.PPBErr != 0 {
				t.Fatalf("measured after %v", after)
			}
		}
		if off := r.PPB - ppm*1000; r.PPBErr == 0 || max(off, -off) > r.PPBErr {
			t.Errorf("%d ppm measured as %d ± %d ppb", ppm, r.PPB, r.PPBErr)
		}
		// What it says three months later is within the error that is claimed.
		later := start.Add(100 * day)
		o := r.observation(read(later), 0)
		if d := o.Wall.Sub(later); max(d, -d) > o.Bound || o.Bound > time.Hour {
			t.Errorf("%d ppm: %v off, claimed %v", ppm, d, o.Bound)
		}
	}
}

// A reading is on average half a second behind, and an offset that is known is
// taken off.
func TestObservationTakesTheOffsetOff(t *testing.T) {
	var r rtcMemory
	if o := r.observation(start, 0); o.Bound != unknownRTC || !o.Wall.Equal(start.Add(halfSecond)) {
		t.Errorf("never compared: %+v", o)
	}
	r.compare(start.Add(90*time.Second), start, time.Second, false)
	if r.Offset != 90*time.Second+halfSecond || r.Bound != 2*time.Second {
		t.Errorf("%+v", r)
	}
	o := r.observation(start.Add(time.Hour+90*time.Second), time.Minute)
	if !o.Wall.Equal(start.Add(time.Hour)) || o.Bound < 3*time.Second+360*time.Millisecond || o.Bound > 3400*time.Millisecond || o.Mono != time.Minute || o.Source != RTC {
		t.Errorf("%+v", o)
	}
}

func TestDriftNotMeasured(t *testing.T) {
	day := 24 * time.Hour
	tests := []struct {
		name  string
		bound time.Duration
		moved bool
		span  time.Duration
	}{
		{"set by somebody meanwhile", time.Second, true, 10 * day},
		{"too soon", time.Second, false, 20 * time.Hour},
		{"against a wristwatch", time.Minute, false, 10 * day},
		{"time went back", time.Second, false, -10 * day},
	}
	for _, tt := range tests {
		var r rtcMemory
		r.compare(start, start, tt.bound, false)
		r.compare(start.Add(tt.span), start.Add(tt.span), tt.bound, tt.moved)
		if r.PPBErr != 0 {
			t.Errorf("%s: measured %d ± %d", tt.name, r.PPB, r.PPBErr)
		}
	}
}

func TestKernelWords(t *testing.T) {
	tests := []struct {
		name     string
		maxerror int64
		status   int32
		synced   bool
		bound    time.Duration
	}{
		{"ntpd", 25_000, 0x2001, true, 25 * time.Millisecond},
		{"timesyncd", 0, 1, true, 0},
		{"chrony without rtcsync", 40_000, unix.STA_UNSYNC, true, 40 * time.Millisecond},
		{"never set", 16_000_000, unix.STA_UNSYNC, false, 16 * time.Second},
		{"set by hand", 16_000_000, unix.STA_UNSYNC | 1, false, 16 * time.Second},
		{"daemon away for hours", 15_999_999, 1, true, 15_999_999 * time.Microsecond},
		{"clock hardware fault", 25_000, unix.STA_CLOCKERR, false, 25 * time.Millisecond},
	}
	for _, tt := range tests {
		var tx unix.Timex
		tx.Status = tt.status
		// The field is as wide as a word of the machine.
		switch p := any(&tx.Maxerror).(type) {
		case *int64:
			*p = tt.maxerror
		case *int32:
			*p = int32(tt.maxerror)
		}
		k := kernelOf(&tx, start, time.Hour, 0)
		if k.Synced != tt.synced || k.Bound != tt.bound || !k.Wall.Equal(start) || k.Mono != time.Hour {
			t.Errorf("%s: %+v", tt.name, k)
		}
	}
}

// TestLinux asks the kernel of this machine.
func TestLinux(t *testing.T) {
	var l Linux
	before := time.Now()
	k, err := l.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	if d := k.Wall.Sub(before); d < -time.Millisecond || d > time.Second {
		t.Errorf("the kernel's clock is %v beside ours", d)
	}
	if m := l.Mono(); m < k.Mono || m > k.Mono+time.Second || k.Mono == 0 {
		t.Errorf("%v then %v", k.Mono, m)
	}
	if len(l.Boot()) != 36 {
		t.Errorf("boot %q", l.Boot())
	}
}
