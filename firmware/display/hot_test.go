package display_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/display"
	"stationbox/hal"
)

// A projector says standby as soon as it has mains again; whether its lamp is cold
// is another question.
func TestHotLampIsNotLit(t *testing.T) {
	const rest = 2 * time.Minute
	cases := []struct {
		name string
		fed  time.Duration // as the guard tells it when the keeper starts
		was  []hal.DisplayState
		cut  time.Duration // mains away after that
		want time.Duration // from then to the command
	}{
		{"box starts, mains just came", 0, nil, 0, rest},
		{"box starts, mains has been there for long", time.Hour, nil, 0, 0},
		{"box starts, mains there for half of it", time.Minute, nil, 0, time.Minute},
		{"mains went while it was on", time.Hour, []hal.DisplayState{hal.DisplayOn}, 10 * time.Second, rest},
		{"mains went while it warmed up", time.Hour, []hal.DisplayState{hal.DisplayWarming}, 10 * time.Second, rest},
		{"mains went while it cooled", time.Hour, []hal.DisplayState{hal.DisplayOn, hal.DisplayCooling}, 10 * time.Second, rest},
		{"mains went after it had cooled", time.Hour, []hal.DisplayState{hal.DisplayOn, hal.DisplayCooling, hal.DisplayStandby}, 10 * time.Second, 0},
		{"mains was away for long", time.Hour, []hal.DisplayState{hal.DisplayOn}, 6 * rest, 0},
		{"it cooled by itself", time.Hour, []hal.DisplayState{hal.DisplayOn, hal.DisplayCooling}, 0, 0},
		{"it dropped out by a dip that nobody saw", time.Hour, []hal.DisplayState{hal.DisplayOn}, 0, rest},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dev := &lamp{state: hal.DisplayStandby, deaf: true} // its state is the script's
				k := display.New("projector", display.NewChain([]display.Way{{Name: "pjlink", Dev: dev}}, display.ChainOpts{Lamp: true, Restrike: rest}), display.Opts{})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); _ = k.Run(ctx) }()
				k.Powered(true)
				k.FedFor(c.fed)
				if c.was != nil {
					time.Sleep(10 * time.Second)
				}
				for _, s := range c.was {
					dev.set(s)
					time.Sleep(10 * time.Second)
				}
				if c.cut > 0 {
					k.Powered(false)
					synctest.Wait() // nobody asks it in between
				}
				dev.set(hal.DisplayStandby)
				if c.cut > 0 {
					time.Sleep(c.cut)
					k.Powered(true)
				} else if c.was != nil {
					time.Sleep(6 * time.Second) // it is asked every five
				}
				k.Want(true)
				began := time.Now()
				for !slices.Contains(strings.Fields(dev.commands()), "on") && time.Since(began) < time.Hour {
					time.Sleep(100 * time.Millisecond)
				}
				if took := time.Since(began); took < c.want-20*time.Second || took > c.want+5*time.Second {
					t.Errorf("lit after %v, want about %v", took, c.want)
				}
				cancel()
				<-done
			})
		})
	}
}

func (l *lamp) set(s hal.DisplayState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
}
