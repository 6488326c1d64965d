package cec_test

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/cec"
	"stationbox/hal/cec/cectest"
)

func adapter(s *cectest.Set, o cec.Opts) *cec.Adapter {
	return cec.New(func() (cec.Kernel, error) { return s.Open() }, o)
}

// powerOf asks as a driver of a television does.
func powerOf(ctx context.Context, a *cec.Adapter) (string, error) {
	b, err := a.Ask(ctx, cec.TV, 0x90, 0x8F)
	return hex.EncodeToString(b), err
}

func took(began time.Time, least, most time.Duration) bool {
	d := time.Since(began)
	return d >= least && d <= most
}

func TestAskKeepsTheTimeOfTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		a := adapter(s, cec.Opts{})
		if p, err := a.PhysicalAddress(t.Context()); p != 0x1000 || err != nil {
			t.Fatalf("address %04x, %v", p, err)
		}
		for power, want := range []string{"00", "01", "02", "03"} {
			s.Become(byte(power))
			began := time.Now()
			got, err := powerOf(t.Context(), a)
			if got != want || err != nil {
				t.Errorf("power %q, %v, want %s", got, err, want)
			}
			if !took(began, 100*time.Millisecond, 300*time.Millisecond) {
				t.Errorf("took %v", time.Since(began))
			}
		}
		if heard := s.Heard(); len(heard) != 4 || hex.EncodeToString(heard[0]) != "408f" {
			t.Errorf("on the wire % x", heard)
		}
		if n, _ := s.Claims(); n != 1 {
			t.Errorf("%d claims", n)
		}
	})
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name  string
		mood  cectest.Mood
		ask   error // of a question
		send  error // of a command
		least time.Duration
		most  time.Duration // of the question
		text  string
	}{
		{"nobody acknowledges", cectest.Deaf, hal.ErrSilent, hal.ErrSilent, 200 * time.Millisecond, 500 * time.Millisecond, "not acknowledged, 4 times"},
		{"acknowledges and says nothing", cectest.Mute, hal.ErrSilent, nil, time.Second, 1200 * time.Millisecond, "acknowledged, not answered"},
		{"says no", cectest.Refuses, hal.ErrRefused, hal.ErrRefused, 100 * time.Millisecond, 300 * time.Millisecond, "refused"},
		{"wire disturbed", cectest.Disturbed, hal.ErrGarbled, hal.ErrGarbled, 200 * time.Millisecond, 500 * time.Millisecond, "wire disturbed (status 28)"},
		{"wire stuck", cectest.Stuck, hal.ErrSilent, hal.ErrSilent, 3 * time.Second, 3100 * time.Millisecond, "stuck"},
	} {
		for _, twoStep := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := cectest.New(0x1000)
					s.TwoStep = twoStep
					a := adapter(s, cec.Opts{})
					if _, err := powerOf(t.Context(), a); err != nil {
						t.Fatal(err)
					}
					s.Behave(c.mood)
					began := time.Now()
					got, err := powerOf(t.Context(), a)
					if got != "" || !errors.Is(err, c.ask) || !strings.Contains(err.Error(), c.text) {
						t.Errorf("ask: %q, %v; want %v with %q", got, err, c.ask, c.text)
					}
					if !took(began, c.least, c.most) {
						t.Errorf("ask took %v", time.Since(began))
					}
					if err := a.Send(t.Context(), cec.TV, 0x36); !errors.Is(err, c.send) {
						t.Errorf("send: %v, want %v", err, c.send)
					}
					s.Behave(cectest.Well)
					if got, err := powerOf(t.Context(), a); got == "" || err != nil {
						t.Errorf("after it: %q, %v", got, err)
					}
				})
			})
		}
	}
}

// A television that takes its hot-plug signal away in standby takes our address
// with it; it can still be woken.
func TestWakeWithoutHotPlugSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x2000)
		s.DropsHPD = true
		a := adapter(s, cec.Opts{})
		if err := a.Send(t.Context(), cec.TV, 0x36); err != nil {
			t.Fatal(err)
		}
		_, err := powerOf(t.Context(), a)
		if !errors.Is(err, hal.ErrSilent) || !strings.Contains(err.Error(), "hot-plug") {
			t.Errorf("asked in deep sleep: %v", err)
		}
		if _, err := a.PhysicalAddress(t.Context()); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("address in deep sleep: %v", err)
		}
		s.Heard()
		if err := a.Send(t.Context(), cec.TV, 0x04); err != nil {
			t.Fatalf("wake: %v", err)
		}
		if heard := s.Heard(); len(heard) != 1 || hex.EncodeToString(heard[0]) != "f004" {
			t.Errorf("on the wire % x", heard)
		}
		// The kernel claims the address again by itself; the call waits for it.
		if got, err := powerOf(t.Context(), a); got != "00" || err != nil {
			t.Errorf("awake: %q, %v", got, err)
		}
		if n, _ := s.Claims(); n != 1 {
			t.Errorf("%d claims", n)
		}
	})
}

func TestDeviceThatNeedsTheHotPlugSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(cectest.None)
		s.NeedsHPD = true
		a := adapter(s, cec.Opts{})
		if err := a.Send(t.Context(), cec.TV, 0x04); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("wake: %v", err)
		}
		s.Plug(0x1000)
		if got, err := powerOf(t.Context(), a); got != "01" || err != nil {
			t.Errorf("plugged in: %q, %v", got, err)
		}
	})
}

func TestConfigurationOfOthers(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*cectest.Set)
		claims int
	}{
		{"none", func(*cectest.Set) {}, 1},
		{"ours of the run before", func(s *cectest.Set) { s.Configure(3, "Stationbox") }, 0},
		{"a television's", func(s *cectest.Set) { s.Configure(0, "TV") }, 1},
		{"a television's of our name", func(s *cectest.Set) { s.Configure(0, "Stationbox") }, 1},
		{"a player's of another name", func(s *cectest.Set) { s.Configure(3, "Kodi") }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := cectest.New(0x1000)
				c.before(s)
				a := adapter(s, cec.Opts{})
				if got, err := powerOf(t.Context(), a); got != "01" || err != nil {
					t.Fatalf("%q, %v", got, err)
				}
				n, structure := s.Claims()
				if n != c.claims {
					t.Errorf("%d claims, want %d", n, c.claims)
				}
				if name, _, _ := strings.Cut(string(structure[16:31]), "\x00"); name != "Stationbox" {
					t.Errorf("called %q", name)
				}
			})
		})
	}
	t.Run("taken away while we run", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := cectest.New(0x1000)
			a := adapter(s, cec.Opts{Name: "a name longer than it may be"})
			for range 2 {
				if got, err := powerOf(t.Context(), a); got != "01" || err != nil {
					t.Fatalf("%q, %v", got, err)
				}
				s.Forget()
			}
			n, structure := s.Claims()
			if n != 2 || string(structure[16:31]) != "a name longer \x00" {
				t.Errorf("%d claims, name %q", n, structure[16:31])
			}
		})
	})
}

func TestUnloadedDriverComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		a := adapter(s, cec.Opts{})
		if _, err := powerOf(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		s.Unload(true)
		for range 2 {
			if _, err := powerOf(t.Context(), a); !errors.Is(err, hal.ErrGone) {
				t.Errorf("unloaded: %v", err)
			}
		}
		s.Unload(false)
		if got, err := powerOf(t.Context(), a); got != "01" || err != nil {
			t.Errorf("back: %q, %v", got, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if _, err := powerOf(t.Context(), a); !errors.Is(err, hal.ErrGone) {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestErrorsOfTheKernel(t *testing.T) {
	for _, c := range []struct {
		request uint32
		errno   unix.Errno
		want    error
	}{
		{0xc0386105, unix.EBUSY, hal.ErrRefused},
		{0xc0386105, unix.ENONET, hal.ErrSilent},
		{0xc0386105, unix.ENODEV, hal.ErrGone},
		{0x40046109, unix.ENOTTY, hal.ErrRefused},
		{0xc05c6104, unix.EBUSY, hal.ErrRefused},
		{0x805c6103, unix.ENODEV, hal.ErrGone},
		{0x80026101, unix.ENODEV, hal.ErrGone},
		{0xc0386106, unix.ENODEV, hal.ErrGone},
		{0xc0506107, unix.EIO, hal.ErrRefused},
	} {
		t.Run(c.errno.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := cectest.New(0x1000)
				s.Fail(c.request, c.errno)
				a := adapter(s, cec.Opts{})
				if got, err := powerOf(t.Context(), a); got != "" || !errors.Is(err, c.want) {
					t.Errorf("%q, %v; want %v", got, err, c.want)
				}
				s.Fail(c.request, nil)
				if got, err := powerOf(t.Context(), a); got != "01" || err != nil {
					t.Errorf("mended: %q, %v", got, err)
				}
			})
		})
	}
}

func TestNoDeviceFile(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "cec7")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for device, want := range map[string]error{
		filepath.Join(dir, "none"): hal.ErrGone,
		plain:                      hal.ErrRefused, // not a CEC device
	} {
		a := cec.Open(device, cec.Opts{})
		if _, err := a.PhysicalAddress(t.Context()); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", device, err, want)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	s := cectest.New(0x1000)
	s.Speed = 1000
	a := adapter(s, cec.Opts{})
	if err := a.Send(t.Context(), 16, 0x36); err == nil {
		t.Error("receiver 16")
	}
	if err := a.Send(t.Context(), cec.TV); err == nil {
		t.Error("empty message")
	}
	if err := a.Send(t.Context(), cec.TV, make([]byte, 16)...); err == nil {
		t.Error("message of 16 bytes and a header")
	}
	if _, err := a.Ask(t.Context(), cec.Broadcast, 0x90, 0x8F); err == nil {
		t.Error("question to everybody")
	}
	if _, err := a.Ask(t.Context(), cec.TV, 0, 0x8F); err == nil {
		t.Error("question without an answer")
	}
	if heard := s.Heard(); len(heard) != 0 {
		t.Errorf("heard % x", heard)
	}
}

func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		a := adapter(s, cec.Opts{Follow: true})
		if _, err := powerOf(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() { s.Say(0x0F, 0x86, 0x10, 0x00) })
		began := time.Now()
		m, err := a.Receive(t.Context())
		if err != nil || m.From != 0 || m.To != cec.Broadcast || hex.EncodeToString(m.Body) != "861000" {
			t.Errorf("%+v, %v", m, err)
		}
		if !took(began, time.Minute, time.Minute+60*time.Millisecond) {
			t.Errorf("took %v", time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Receive(ctx); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("nothing said: %v", err)
		}
	})
}

func TestReceiveDoesNotHoldUpCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		a := adapter(s, cec.Opts{Follow: true})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := a.Receive(ctx); done <- err }()
		time.Sleep(time.Second)
		began := time.Now()
		if _, err := powerOf(t.Context(), a); err != nil || !took(began, 0, 400*time.Millisecond) {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		cancel()
		if err := <-done; !errors.Is(err, hal.ErrSilent) {
			t.Error(err)
		}
	})
}

func TestInboxIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		a := adapter(s, cec.Opts{Follow: true})
		if _, err := powerOf(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		s.Say(0x04) // a poll carries nothing
		for i := range 40 {
			s.Say(0x04, 0x44, byte(i))
		}
		if _, err := powerOf(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		m, err := a.Receive(t.Context())
		if err != nil || hex.EncodeToString(m.Body) != "4408" || a.Lost() != 8 {
			t.Errorf("oldest kept % x, %v, %d lost", m.Body, err, a.Lost())
		}
	})
}

func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		a := adapter(s, cec.Opts{})
		time.AfterFunc(time.Minute, func() { s.Plug(cectest.None) })
		time.AfterFunc(2*time.Minute, func() { s.Plug(0x3000) })
		var got []cec.Change
		for range 5 {
			c, err := a.NextChange(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c)
		}
		want := []cec.Change{
			{Address: 0x1000}, {Address: 0x1000, Claimed: 1 << 4}, // how it was, and our claim
			{Address: cec.NoAddress}, {Address: 0x3000}, {Address: 0x3000, Claimed: 1 << 4},
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("change %d: %+v, want %+v", i, got[i], want[i])
			}
		}
	})
}

func TestCallsEndWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cectest.New(0x1000)
		s.Behave(cectest.Stuck)
		a := adapter(s, cec.Opts{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := powerOf(ctx, a); !errors.Is(err, hal.ErrSilent) || !took(began, 0, 1100*time.Millisecond) {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if _, err := powerOf(ctx, a); err == nil {
			t.Error("context over, no error")
		}
	})
}
