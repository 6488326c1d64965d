package tuner_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
	"stationbox/hal/tuner"
	"stationbox/hal/tuner/psi"
)

// The carrier of these tests has the programmes 7 and 9. Seven's map is on 0x100, its
// picture and clock on 0x101, its sound on 0x102; nine has 0x200 and 0x201.
const (
	mapOf7, picture7, sound7 = 0x100, 0x101, 0x102
	mapOf9, picture9         = 0x200, 0x201
	carrierRate              = 376_000 // bits a second: 250 packets
)

// sectionOn is a packet with a whole section behind a pointer.
func sectionOn(pid uint16, table byte, id uint16, body ...byte) []byte {
	s := []byte{table, 0xB0, byte(9 + len(body)), byte(id >> 8), byte(id), 0xC1, 0, 0}
	s = append(s, body...)
	s = binary.BigEndian.AppendUint32(s, psi.CRC32(s))
	return packetOn(pid, 0x40, append([]byte{0}, s...))
}

func packetOn(pid uint16, start byte, body []byte) []byte {
	p := bytes.Repeat([]byte{0xFF}, 188)
	copy(p, []byte{0x47, start | byte(pid>>8), byte(pid), 0x10})
	copy(p[4:], body)
	return p
}

// carrier is a round of ten packets, which is sent again and again.
func carrier() []byte {
	var b []byte
	b = append(b, sectionOn(0, 0, 0x100, 0, 7, 0xE1, 0, 0, 9, 0xE2, 0)...)
	b = append(b, sectionOn(mapOf7, 2, 7, 0xE1, 1, 0xF0, 0, 0x1B, 0xE1, 1, 0xF0, 0, 0x0F, 0xE1, 2, 0xF0, 0)...)
	b = append(b, sectionOn(mapOf9, 2, 9, 0xE2, 1, 0xF0, 0, 0x1B, 0xE2, 1, 0xF0, 0)...)
	for i := range byte(7) {
		b = append(b, packetOn([]uint16{picture7, sound7, picture9, 0x1FFF}[i%4], 0, []byte{i})...)
	}
	return b
}

// streaming is tried with a carrier that sends, and a lock.
func streaming(t *testing.T, o device.DVBCardOpts, f func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish)) {
	t.Helper()
	tried(t, o, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish) {
		c.Transmit(0x100, device.LoopTS(carrier()), carrierRate)
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		f(t, u, c, d)
	})
}

// openStream opens a stream that is closed before the tuner is.
func openStream(t *testing.T, u *tuner.Tuner, c tuner.Choice, f func(s *tuner.Stream)) {
	t.Helper()
	s, err := u.Stream(t.Context(), c)
	if err != nil {
		t.Error(err)
		return
	}
	f(s)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// pidsIn reads for d and counts the packets of each PID.
func pidsIn(t *testing.T, s *tuner.Stream, d time.Duration) map[uint16]int {
	t.Helper()
	seen := map[uint16]int{}
	b := make([]byte, 300*188)
	for end := time.Now().Add(d); time.Now().Before(end); {
		n, err := s.Read(t.Context(), b)
		if err != nil {
			t.Error(err)
			return seen
		}
		for p := b[:n]; len(p) >= 188; p = p[188:] {
			if p[0] != 0x47 {
				t.Error("out of step")
				return seen
			}
			seen[binary.BigEndian.Uint16(p[1:])&0x1FFF]++
		}
	}
	return seen
}

func TestStreamOfAProgramme(t *testing.T) {
	for _, c := range []struct {
		name   string
		choice tuner.Choice
		number uint16
		want   []uint16
	}{
		{"the first", tuner.Choice{}, 7, []uint16{0, mapOf7, picture7, sound7}},
		{"by its number", tuner.Choice{Programme: 9}, 9, []uint16{0, mapOf9, picture9}},
		{"all", tuner.Choice{Whole: true}, 0, []uint16{0, mapOf7, picture7, sound7, mapOf9, picture9, 0x1FFF}},
	} {
		t.Run(c.name, func(t *testing.T) {
			streaming(t, device.DVBCardOpts{}, func(t *testing.T, u *tuner.Tuner, _ *device.DVBCard, _ *world.Dish) {
				openStream(t, u, c.choice, func(s *tuner.Stream) {
					seen := pidsIn(t, s, 2*time.Second)
					var got []uint16
					for pid := range seen {
						got = append(got, pid)
					}
					slices.Sort(got)
					slices.Sort(c.want)
					// 500 packets in two seconds, of ten each table once
					if !slices.Equal(got, c.want) || seen[0] < 45 || seen[0] > 52 || s.Programme() != c.number || s.Lost() != 0 {
						t.Errorf("PIDs %x, %v, programme %d, lost %d", got, seen, s.Programme(), s.Lost())
					}
				})
			})
		})
	}
}

func TestStreamRefused(t *testing.T) {
	streaming(t, device.DVBCardOpts{NoWhole: true}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish) {
		if _, err := u.Stream(t.Context(), tuner.Choice{Programme: 8}); !errors.Is(err, tuner.ErrNoProgramme) || !strings.Contains(err.Error(), "[7 9]") {
			t.Errorf("a programme that is not there: %v", err)
		}
		if _, err := u.Stream(t.Context(), tuner.Choice{Whole: true}); !errors.Is(err, hal.ErrRefused) {
			t.Errorf("whole: %v", err)
		}
		openStream(t, u, tuner.Choice{}, func(*tuner.Stream) {
			if _, err := u.Stream(t.Context(), tuner.Choice{}); !errors.Is(err, hal.ErrRefused) {
				t.Errorf("a second one: %v", err)
			}
		})
		d.Rain(20)
		begun := time.Now()
		if _, err := u.Stream(t.Context(), tuner.Choice{}); !errors.Is(err, hal.ErrSilent) || time.Since(begun) > 11*time.Second {
			t.Errorf("without a lock: %v after %v", err, time.Since(begun))
		}
		d.Rain(0)
		fail(t, c, "unplugged")
		if _, err := u.Stream(t.Context(), tuner.Choice{}); !errors.Is(err, hal.ErrGone) {
			t.Errorf("unplugged: %v", err)
		}
	})
}

// A stream lasts over a loss of the lock, and over all that is done to get it back.
func TestStreamOverALossOfTheLock(t *testing.T) {
	streaming(t, device.DVBCardOpts{}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish) {
		openStream(t, u, tuner.Choice{}, func(s *tuner.Stream) {
			pidsIn(t, s, time.Second)
			b := make([]byte, 300*188)
			d.Rain(20)
			begun := time.Now()
			var err error
			for err == nil && time.Since(begun) < 10*time.Second { // what waited comes first
				_, err = s.Read(t.Context(), b)
			}
			if !errors.Is(err, hal.ErrSilent) {
				t.Errorf("without a lock: %v", err)
			}
			d.Rain(0)
			for _, remedy := range []func() error{
				func() error { return nil },
				func() error { return u.Off(t.Context()) },
				func() error { return u.Restart(t.Context()) },
			} {
				if err := errors.Join(remedy(), u.Tune(t.Context(), cBand)); err != nil {
					t.Error(err)
				}
				if seen := pidsIn(t, s, time.Second); seen[picture7] < 20 {
					t.Errorf("back again: %v", seen)
				}
			}
			fail(t, c, "mute")
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			begun = time.Now()
			for err = nil; err == nil; {
				_, err = s.Read(ctx, b)
			}
			if !errors.Is(err, hal.ErrSilent) || time.Since(begun) > 200*time.Millisecond {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
		})
	})
}

// Who does not read loses packets and goes on behind them.
func TestStreamOverflow(t *testing.T) {
	streaming(t, device.DVBCardOpts{}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, _ *world.Dish) {
		c.Transmit(0x100, device.LoopTS(carrier()), 100_000_000) // two seconds of it are 25 MB
		time.Sleep(time.Second)
		openStream(t, u, tuner.Choice{}, func(s *tuner.Stream) {
			time.Sleep(2 * time.Second)
			if seen := pidsIn(t, s, 100*time.Millisecond); s.Lost() != 1 || seen[picture7] < 100 {
				t.Errorf("lost %d times, %v", s.Lost(), seen)
			}
		})
	})
}

// The kinds of trouble of a card end no stream but the last.
func TestStreamTrouble(t *testing.T) {
	streaming(t, device.DVBCardOpts{}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish) {
		openStream(t, u, tuner.Choice{}, func(s *tuner.Stream) {
			fail(t, c, "overflow")
			b := make([]byte, 300*188)
			if n, err := s.Read(t.Context(), b); err != nil || n == 0 || s.Lost() != 1 {
				t.Errorf("overflow: %d, %v, %d", n, err, s.Lost())
			}
			fail(t, c, "none")
			d.Rain(14 - 6) // 0.2 dB above the threshold: packets get lost
			bad := 0
			for end := time.Now().Add(4 * time.Second); time.Now().Before(end); {
				n, err := s.Read(t.Context(), b)
				if err != nil {
					t.Error(err)
					return
				}
				for p := b[:n]; len(p) >= 188; p = p[188:] {
					bad += int(p[1] >> 7)
				}
			}
			if bad < 10 {
				t.Errorf("%d packets are marked at the threshold", bad)
			}
			fail(t, c, "unplugged")
			if _, err := s.Read(t.Context(), b); !errors.Is(err, hal.ErrGone) {
				t.Errorf("unplugged: %v", err)
			}
		})
	})
}

// A tuner that is closed ends the read of its stream.
func TestCloseWithAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := device.NewDVBCard(world.NewDish(sky()), device.DVBCardOpts{LowMHz: 5150})
		c.Transmit(0x100, device.LoopTS(carrier()), carrierRate)
		u := tuner.New(opener(c), "/dev/dvb/adapter0", tuner.Opts{LNB: tuner.Single(5150 * physic.MegaHertz)})
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		s, err := u.Stream(t.Context(), tuner.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		fail(t, c, "mute")
		done := make(chan error)
		go func() {
			b := make([]byte, 300*188)
			var err error
			for err == nil {
				_, err = s.Read(t.Context(), b)
			}
			done <- errors.Join(err, s.Close())
		}()
		time.Sleep(time.Second)
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, hal.ErrGone) {
			t.Errorf("read of a closed tuner: %v", err)
		}
		if _, err := u.Stream(t.Context(), tuner.Choice{}); !errors.Is(err, hal.ErrGone) {
			t.Errorf("stream of a closed tuner: %v", err)
		}
		if c.Files() != 0 {
			t.Errorf("%d files are open", c.Files())
		}
	})
}

// Whatever faults come in which order, every read is bounded, and a mended card streams.
func TestStreamSurvivesEverything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"none", "overflow", "mute", "damaged", "scrambled", "slipped", "lnb_stuck", "jammed", "no_stats"}), 1, 6).Draw(rt, "faults")
		streaming(t, device.DVBCardOpts{}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, _ *world.Dish) {
			openStream(t, u, tuner.Choice{}, func(s *tuner.Stream) {
				b := make([]byte, 300*188)
				for _, kind := range kinds {
					fail(t, c, kind)
					for range 20 {
						begun := time.Now()
						_, err := s.Read(t.Context(), b)
						if d := time.Since(begun); d > 3500*time.Millisecond || err != nil && !errors.Is(err, hal.ErrSilent) {
							t.Errorf("%s: %v after %v", kind, err, d)
						}
					}
				}
				fail(t, c, "none")
				if err := u.Tune(t.Context(), cBand); err != nil {
					t.Error(err)
				}
				if seen := pidsIn(t, s, time.Second); seen[picture7] == 0 {
					t.Errorf("mended: %v", seen)
				}
			})
		})
	})
}

// drowsy is a device file whose Wait ends after a tenth of a second, with or without
// anything to read, as one behind a socket does.
type drowsy struct{ tuner.Kernel }

func (d drowsy) Wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	return d.Kernel.Wait(ctx)
}

// Waits that take their time are no sign of a device that is gone.
func TestDrowsyDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := device.NewDVBCard(world.NewDish(sky()), device.DVBCardOpts{LowMHz: 5150})
		c.Transmit(0x100, device.LoopTS(carrier()), carrierRate)
		open := opener(c)
		u := tuner.New(func(name string) (tuner.Kernel, error) {
			k, err := open(name)
			if err != nil {
				return nil, err
			}
			return drowsy{k}, nil
		}, "/dev/dvb/adapter0", tuner.Opts{LNB: tuner.Single(5150 * physic.MegaHertz)})
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		openStream(t, u, tuner.Choice{}, func(s *tuner.Stream) {
			fail(t, c, "mute")
			b := make([]byte, 300*188)
			_, err := s.Read(t.Context(), b) // what waited
			for err == nil {
				_, err = s.Read(t.Context(), b)
			}
			if !errors.Is(err, hal.ErrSilent) {
				t.Errorf("stream: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if _, err := u.Network(ctx); !errors.Is(err, hal.ErrSilent) {
				t.Errorf("table: %v", err)
			}
		})
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	})
}
