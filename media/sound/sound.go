// Package sound is the station's own voice beside the programme: the bell, the
// beep that answers a press, spoken prompts. It owns one sound device for as
// long as it is open and mixes into it, because opening a device for every
// sound is late and loses the first syllable.
//
// It promises that no call waits for the device, that an unplugged device is
// taken up again when it is back, and that it is never silent without saying
// so: State tells whether there is a device and which one. Sounds that come
// while there is none are dropped and counted, never played late.
//
// Film sound is not its business; mpv has a device of its own. It is the only
// package that uses malgo (miniaudio), and of that only ALSA.
//
// A Microphone tells how loud the room is, ten times a second. What it hears is
// never kept: of every tenth of a second only the level remains.
package sound

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gen2brain/malgo"
)

// Rate is the sample rate of every Clip, in hertz.
const Rate = 48000

// Clip is mono sound at Rate. It must not change after it was handed over.
type Clip []int16

// Length is how long the clip sounds.
func (c Clip) Length() time.Duration { return time.Duration(len(c)) * time.Second / Rate }

// None is the device name for playing into nothing.
const None = "none"

// Opts says where to play. The zero value plays on ALSA's default device.
type Opts struct {
	Device    string           // part of an ALSA device's name or id; "" or "default"; None
	Prompts   string           // folder of spoken prompts NAME.wav, for PlayFile
	DeadAfter time.Duration    // without a call for samples, before the device is opened anew; default 2 s
	Log       *slog.Logger     // default: nothing is logged
	Now       func() time.Time // default time.Now

	// Speaks is told when speech or the bell begins and when all of it has ended, so
	// that the programme can be turned down meanwhile; nil: nobody wants to know. It
	// is called from one goroutine, never twice with the same, the last time with
	// false; it should not take longer than a tenth of a second. Beeps do not count.
	Speaks func(speaks bool)
}

// State is how the sound is right now.
type State struct {
	Device  string `json:"device"`  // what is open, "" while nothing is
	Open    bool   `json:"open"`    // sounds are played, or swallowed when Silent
	Silent  bool   `json:"silent"`  // plays into nothing because Opts say so
	Busy    bool   `json:"busy"`    // something is sounding or queued
	Dropped int    `json:"dropped"` // sounds that came while nothing was open, or in too great a number
	Opened  int    `json:"opened"`  // times a device was opened
	Problem error  `json:"-"`       // why nothing is open
}

// ErrClosed is the Problem of a Sound that was closed.
var ErrClosed = errors.New("sound: closed")

// Sound is a running mixer on a sound device. Its methods may be called from
// any goroutine and return at once, except Close.
type Sound struct {
	o    Opts
	mix  mixer
	ok   Clip
	no   Clip
	bell Clip
	keep *keeper
	told chan struct{} // closed when Speaks is called no more

	mu sync.Mutex
	st State
}

// Open starts the mixer and goes on trying to open the device until Close. It
// never fails; State says how it is.
func Open(o Opts) *Sound {
	o.Log, o.DeadAfter, o.Now = defaults(o.Log, o.DeadAfter, o.Now)
	s := &Sound{o: o, ok: beepOK(), no: beepNo(), bell: strikes(), told: make(chan struct{})}
	s.st.Problem = errNotYet
	s.keep = &keeper{kind: malgo.Playback, name: o.Device, data: func(out, _ []byte) { s.mix.fill(out) }, turn: s.note, idle: s.idle, ms: quick,
		dead: o.DeadAfter, log: o.Log, now: o.Now, stop: make(chan struct{}), ended: make(chan struct{})}
	if o.Speaks == nil {
		close(s.told)
	} else {
		s.mix.changed = make(chan struct{}, 1)
		go s.duck()
	}
	go s.keep.run()
	return s
}

var errNotYet = errors.New("sound: not open yet")

// defaults fill in what Opts leave out.
func defaults(log *slog.Logger, dead time.Duration, now func() time.Time) (*slog.Logger, time.Duration, func() time.Time) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if dead <= 0 {
		dead = 2 * time.Second
	}
	if now == nil {
		now = time.Now
	}
	return log, dead, now
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

func (s *Sound) idle() bool {
	busy, _ := s.mix.busy()
	return !busy
}

// closeBound is for a device that is stuck in the kernel.
const closeBound = 3 * time.Second

// Close ends all sound and releases the device. It waits at most three
// seconds; an error means that the device is stuck and stays with us.
func (s *Sound) Close() error {
	if err := s.keep.close(); err != nil {
		return err
	}
	timer := time.NewTimer(closeBound)
	defer timer.Stop()
	select {
	case <-s.told:
		return nil
	case <-timer.C:
		return fmt.Errorf("sound %s: Speaks does not return in %v", s.o.Device, closeBound)
	}
}

// State says whether it sounds and where.
func (s *Sound) State() State {
	s.mu.Lock()
	st := s.st
	s.mu.Unlock()
	st.Busy, st.Dropped = s.mix.busy()
	return st
}

// Play mixes the clip into what is sounding, now.
func (s *Sound) Play(c Clip) { s.mix.play(c) }

// Say queues the clip behind what is being said, so that speech never overlaps.
func (s *Sound) Say(c Clip) { s.mix.say(c) }

// Hush ends what is being said and forgets what is queued; beeps go on.
func (s *Sound) Hush() { s.mix.hush() }

// Beep answers a press: two rising notes for ok, a low buzz for not. It is
// audible after the device's buffer: 30 ms, or 60 where shorter periods do not work.
func (s *Sound) Beep(ok bool) {
	if ok {
		s.mix.play(s.ok)
		return
	}
	s.mix.play(s.no)
}

// Bell queues three strikes of a bell, 4 s.
func (s *Sound) Bell() { s.mix.say(s.bell) }

// PlayFile queues a spoken prompt: a name in Opts.Prompts ("roll-call"), or
// the path of a WAV file (ends in ".wav"; 48 kHz, mono or stereo, 16 bit, at
// most ten minutes). An error says what is wrong with the file.
func (s *Sound) PlayFile(name string) error {
	c, err := s.prompt(name)
	if err != nil {
		return err
	}
	s.mix.say(c)
	return nil
}

func (s *Sound) prompt(name string) (Clip, error) {
	path := name
	if !strings.HasSuffix(name, ".wav") {
		path = filepath.Join(s.o.Prompts, filepath.Base(name)+".wav")
	}
	c, err := Load(path)
	if err != nil {
		return nil, fmt.Errorf("prompt %s: %w", name, err)
	}
	return c, nil
}

// Load reads a WAV file, see PlayFile.
func Load(path string) (Clip, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxWAV {
		return nil, fmt.Errorf("%s: %d bytes: longer than ten minutes", path, st.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
