package cec_test

import (
	"context"
	"encoding/hex"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal/cec"
	"stationbox/hal/cec/cectest"
)

func TestFollow(t *testing.T) {
	for _, c := range []struct {
		name    string
		showing bool
		asked   string
		answer  string // "" for none
	}{
		{"power", false, "048f", "409000"},
		{"who is active: we", true, "0f85", "4f822100"},
		{"who is active: not we", false, "0f85", ""},
		{"our input chosen", false, "0f862100", "4f822100"},
		{"another input chosen", true, "0f861000", ""},
		{"path cut off", true, "0f8621", ""},
		{"a key we do not have", true, "044441", "40004400"},
		{"said to everybody", true, "0f36", ""},
		{"a refusal is not refused", true, "04009000", ""},
		{"a report is not refused", true, "049000", ""},
		{"somebody without an address", true, "f444", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := cectest.New(0x2100)
				a := adapter(s, cec.Opts{Follow: true})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- a.Follow(ctx, func() bool { return c.showing }) }()
				time.Sleep(time.Second)
				frame, err := hex.DecodeString(c.asked)
				if err != nil {
					t.Fatal(err)
				}
				s.Say(frame...)
				time.Sleep(2 * time.Second)
				got := ""
				for _, f := range s.Heard() {
					got += hex.EncodeToString(f)
				}
				if got != c.answer {
					t.Errorf("answered %q, want %q", got, c.answer)
				}
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestFollowOutlivesTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		a := adapter(s, cec.Opts{Follow: true})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Follow(ctx, func() bool { return false }) }()
		time.Sleep(time.Second)
		s.Unload(true)
		time.Sleep(time.Hour)
		s.Unload(false)
		time.Sleep(3 * time.Second)
		s.Say(0x04, 0x8F)
		time.Sleep(time.Second)
		if heard := s.Heard(); len(heard) != 1 || hex.EncodeToString(heard[0]) != "409000" {
			t.Errorf("answered % x", heard)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// What others say of the picture is known until we claim it, they go to standby or
// the device is gone.
func TestPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x2100)
		a := adapter(s, cec.Opts{Follow: true})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Follow(ctx, func() bool { return false }) }()
		time.Sleep(time.Second)
		for _, c := range []struct {
			what, frame string
			path        uint16
			known       bool
		}{
			{"nothing said", "", 0, false},
			{"another device's picture", "4f821000", 0x1000, true},
			{"a key says nothing", "044441", 0x1000, true},
			{"the tuner", "0f820000", 0, true},
			{"routed from one input to another", "0f8010002000", 0x2000, true},
			{"a switch says further", "1f812200", 0x2200, true},
			{"cut off", "0f8010002", 0x2200, true},
			{"to us alone", "04821000", 0x2200, true},
			{"the TV sleeps", "0f36", 0, false},
			{"our input is chosen, and we claim it", "0f862100", 0x2100, true},
			{"another is chosen", "0f863000", 0x3000, true},
			{"we claim it", "!", 0, false},
			{"and another is chosen again", "0f863000", 0x3000, true},
			{"the device is gone", "-", 0, false},
		} {
			switch c.frame {
			case "":
			case "!":
				if err := a.Send(t.Context(), cec.Broadcast, 0x82, 0x21, 0x00); err != nil {
					t.Fatal(err)
				}
			case "-":
				s.Unload(true)
			default:
				frame, _ := hex.DecodeString(c.frame[:len(c.frame)&^1])
				s.Say(frame...)
			}
			time.Sleep(2 * time.Second)
			if path, known := a.Path(); path != c.path || known != c.known {
				t.Errorf("%s: %04x, %v; want %04x, %v", c.what, path, known, c.path, c.known)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
