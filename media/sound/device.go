package sound

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gen2brain/malgo"
)

const (
	period     = 20 // ms; three of them bridge the pauses of a busy machine, and bcm2835 needs the fixed size
	periods    = 3  // in the device's buffer
	watchEvery = 100 * time.Millisecond
	backoffMin = 500 * time.Millisecond
	backoffMax = 10 * time.Second
)

var errDead = errors.New("device asks for no more samples")

// own keeps a device open until stop.
func (s *Sound) own() {
	defer close(s.ended)
	for delay := backoffMin; ; delay = min(2*delay, backoffMax) {
		began := s.o.Now()
		err := s.serve()
		s.note("", false, err)
		if errors.Is(err, ErrClosed) {
			return
		}
		s.o.Log.Warn("sound: no device", "device", s.o.Device, "err", err, "again_in", delay)
		if s.o.Now().Sub(began) > backoffMax {
			delay = backoffMin
		}
		timer := time.NewTimer(delay)
		select {
		case <-s.stop:
			timer.Stop()
			s.note("", false, ErrClosed)
			return
		case <-timer.C:
		}
	}
}

// note records the state of the device.
func (s *Sound) note(device string, open bool, problem error) {
	s.mix.turn(open)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.Device, s.st.Open, s.st.Problem = device, open, problem
	s.st.Silent = open && s.o.Device == None
	if open {
		s.st.Opened++
	}
}

// serve opens the device and returns when it died or stop came.
func (s *Sound) serve() error {
	// malgo's BackendNull is miniaudio's "custom"; null is the next one (malgo v0.11.24).
	backend, name := malgo.Backend(malgo.BackendAlsa), "default"
	if s.o.Device == None {
		backend, name = malgo.BackendNull+1, None
	}
	ctx, err := malgo.InitContext([]malgo.Backend{backend}, malgo.ContextConfig{}, nil)
	if err != nil {
		return fmt.Errorf("sound: ALSA is missing (apt-get install libasound2): %w", err)
	}
	defer func() {
		_ = ctx.Uninit() // nothing to be done about it
		ctx.Free()
	}()
	config := malgo.DefaultDeviceConfig(malgo.Playback)
	config.SampleRate, config.PeriodSizeInMilliseconds, config.Periods = Rate, period, periods
	config.Playback.Format, config.Playback.Channels = malgo.FormatS16, 2
	config.Alsa.NoMMap = 1
	if backend == malgo.BackendAlsa && s.o.Device != "" && s.o.Device != "default" {
		info, err := choose(ctx, s.o.Device)
		if err != nil {
			return err
		}
		config.Playback.DeviceID, name = info.ID.Pointer(), info.Name()
	}
	return s.drive(ctx, config, name)
}

// drive plays on the configured device and watches that it goes on asking for
// samples: an unplugged one stops, some drivers just fall silent.
func (s *Sound) drive(ctx *malgo.AllocatedContext, config malgo.DeviceConfig, name string) error {
	var asked atomic.Int64 // when, in Unix nanoseconds
	died := make(chan struct{}, 1)
	device, err := malgo.InitDevice(ctx.Context, config, malgo.DeviceCallbacks{
		Data: func(out, _ []byte, _ uint32) {
			asked.Store(s.o.Now().UnixNano())
			s.mix.fill(out)
		},
		Stop: func() {
			select {
			case died <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		return fmt.Errorf("sound %s: %w", name, err)
	}
	defer device.Uninit()
	asked.Store(s.o.Now().UnixNano())
	if err := device.Start(); err != nil {
		return fmt.Errorf("sound %s: start: %w", name, err)
	}
	s.note(name, true, nil)
	s.o.Log.Info("sound: open", "device", name)
	// Said before Uninit, which may take long on a device that is gone.
	end := func(err error) error {
		s.note("", false, err)
		return err
	}
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	for {
		select {
		case <-s.stop:
			return end(ErrClosed)
		case <-died:
			return end(fmt.Errorf("sound %s: device stopped", name))
		case <-watch.C:
			if s.o.Now().Sub(time.Unix(0, asked.Load())) > s.o.DeadAfter {
				return end(fmt.Errorf("sound %s: %w", name, errDead))
			}
		}
	}
}

// choose finds the one device whose name or ALSA id contains the wanted text.
// Cards are matched by name, never by number: numbers change with plugging.
func choose(ctx *malgo.AllocatedContext, wanted string) (malgo.DeviceInfo, error) {
	all, err := ctx.Devices(malgo.Playback)
	if err != nil {
		return malgo.DeviceInfo{}, fmt.Errorf("sound: list of devices: %w", err)
	}
	names := make([]string, 0, len(all))
	for _, info := range all {
		id, _, _ := bytes.Cut(info.ID[:], []byte{0})
		if matches(info.Name(), wanted) || matches(string(id), wanted) {
			return info, nil
		}
		names = append(names, fmt.Sprintf("%q (%s)", info.Name(), id))
	}
	if len(names) == 0 {
		names = []string{"none at all"}
	}
	return malgo.DeviceInfo{}, fmt.Errorf("sound: no device like %q; there is %s", wanted, strings.Join(names, ", "))
}

func matches(name, wanted string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(wanted))
}
