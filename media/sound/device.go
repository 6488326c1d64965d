package sound

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gen2brain/malgo"
)

const (
	// Three periods are in the device's buffer. Nine milliseconds each let a beep out in
	// thirty; a machine or a driver (bcm2835) that cannot keep up gets twenty, which
	// bridge longer pauses.
	quick      = 9  // ms: one to be asked for, two in the buffer, and what a thread wakes late by
	calm       = 20 // ms
	periods    = 3
	mostLate   = 20 // calls that came when the buffer was empty, before quick is too quick
	watchEvery = 100 * time.Millisecond
	backoffMin = 500 * time.Millisecond
	backoffMax = 10 * time.Second
)

// Why a device is opened anew although nothing was said by it.
var (
	errDead = errors.New("device asks for no more samples")
	errMute = errors.New("device gives no more samples")
	errLate = errors.New("machine is too slow for short periods")
)

// keeper holds one sound device open for as long as it is wanted.
type keeper struct {
	kind  malgo.DeviceType
	name  string // as configured
	data  func(out, in []byte)
	turn  func(device string, open bool, problem error)
	idle  func() bool // nothing would be cut off by opening it anew
	ms    int         // of a period
	dead  time.Duration
	log   *slog.Logger
	now   func() time.Time
	stop  chan struct{}
	ended chan struct{}
	once  sync.Once
}

// close ends run; it waits at most closeBound.
func (k *keeper) close() error {
	k.once.Do(func() { close(k.stop) })
	timer := time.NewTimer(closeBound)
	defer timer.Stop()
	select {
	case <-k.ended:
		return nil
	case <-timer.C:
		return fmt.Errorf("sound %s: device does not let go in %v", k.name, closeBound)
	}
}

// run keeps the device open until close.
func (k *keeper) run() {
	defer close(k.ended)
	for delay := backoffMin; ; delay = min(2*delay, backoffMax) {
		began := k.now()
		err := k.serve()
		k.turn("", false, err)
		if errors.Is(err, ErrClosed) {
			return
		}
		if errors.Is(err, errDead) || errors.Is(err, errLate) {
			k.ms = calm
		}
		k.log.Warn("sound: no device", "device", k.name, "err", err, "again_in", delay)
		if k.now().Sub(began) > backoffMax {
			delay = backoffMin
		}
		timer := time.NewTimer(delay)
		select {
		case <-k.stop:
			timer.Stop()
			k.turn("", false, ErrClosed)
			return
		case <-timer.C:
		}
	}
}

// serve opens the device and returns when it died or stop came.
func (k *keeper) serve() error {
	// malgo's BackendNull is miniaudio's "custom"; null is the next one (malgo v0.11.24).
	backend, name := malgo.Backend(malgo.BackendAlsa), "default"
	if k.name == None {
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
	config := malgo.DefaultDeviceConfig(k.kind)
	config.SampleRate, config.PeriodSizeInMilliseconds, config.Periods = Rate, uint32(k.ms), periods
	config.Playback.Format, config.Playback.Channels = malgo.FormatS16, 2
	config.Capture.Format, config.Capture.Channels = malgo.FormatS16, 1
	config.Alsa.NoMMap = 1
	if backend == malgo.BackendAlsa && k.name != "" && k.name != "default" {
		info, err := choose(ctx, k.kind, k.name)
		if err != nil {
			return err
		}
		name = info.Name()
		config.Playback.DeviceID, config.Capture.DeviceID = info.ID.Pointer(), info.ID.Pointer()
	}
	return k.drive(ctx, config, name)
}

// drive runs the configured device and watches that it goes on: an unplugged one
// stops, some drivers just fall silent.
func (k *keeper) drive(ctx *malgo.AllocatedContext, config malgo.DeviceConfig, name string) error {
	var called, late atomic.Int64 // when, in Unix nanoseconds; and how often too late
	died := make(chan struct{}, 1)
	device, err := malgo.InitDevice(ctx.Context, config, malgo.DeviceCallbacks{
		Data: func(out, in []byte, _ uint32) {
			now := k.now().UnixNano()
			if time.Duration(now-called.Swap(now)) > periods*time.Duration(k.ms)*time.Millisecond {
				late.Add(1)
			}
			k.data(out, in)
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
	called.Store(k.now().UnixNano())
	if err := device.Start(); err != nil {
		return fmt.Errorf("sound %s: start: %w", name, err)
	}
	k.turn(name, true, nil)
	k.log.Info("sound: open", "device", name)
	err = k.watch(name, &called, &late, died)
	// Said before Uninit, which may take long on a device that is gone.
	k.turn("", false, err)
	return err
}

func (k *keeper) watch(name string, called, late *atomic.Int64, died <-chan struct{}) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-k.stop:
			return ErrClosed
		case <-died:
			return fmt.Errorf("sound %s: device stopped", name)
		case <-tick.C:
			if k.ms < calm && late.Load() >= mostLate && k.idle() {
				return fmt.Errorf("sound %s: %w", name, errLate)
			}
			if k.now().Sub(time.Unix(0, called.Load())) <= k.dead {
				continue
			}
			if k.kind == malgo.Capture {
				return fmt.Errorf("sound %s: %w", name, errMute)
			}
			return fmt.Errorf("sound %s: %w", name, errDead)
		}
	}
}

// choose finds the one device whose name or ALSA id contains the wanted text.
// Cards are matched by name, never by number: numbers change with plugging.
func choose(ctx *malgo.AllocatedContext, kind malgo.DeviceType, wanted string) (malgo.DeviceInfo, error) {
	all, err := ctx.Devices(kind)
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
