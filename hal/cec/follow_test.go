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
