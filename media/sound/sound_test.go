package sound_test

import (
	"encoding/binary"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stationbox/media/sound"
)

const patience = 30 * time.Second

func open(t *testing.T, o sound.Opts) *sound.Sound {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s := sound.Open(o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func until(t *testing.T, s *sound.Sound, what string, ok func(sound.State) bool) sound.State {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		st := s.State()
		if ok(st) {
			return st
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %s: %+v", what, st)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestNonePlaysIntoNothingAndSaysSo(t *testing.T) {
	s := open(t, sound.Opts{Device: sound.None})
	st := until(t, s, "open", func(st sound.State) bool { return st.Open })
	if !st.Silent || st.Device != sound.None || st.Problem != nil {
		t.Errorf("%+v", st)
	}
	s.Beep(true)
	if !s.State().Busy {
		t.Error("not busy after Beep")
	}
	until(t, s, "quiet", func(st sound.State) bool { return !st.Busy })
	s.Bell()
	s.Hush()
	if st := s.State(); st.Busy {
		t.Errorf("busy after Hush: %+v", st)
	}
}

func TestAfterCloseNothingIsOpen(t *testing.T) {
	s := open(t, sound.Opts{Device: sound.None})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Beep(true)
	if st := s.State(); st.Open || st.Problem == nil || st.Dropped != 1 {
		t.Errorf("%+v", st)
	}
}

// speaker is an ALSA device that is a pipe: what is played comes out of it, at
// the pace at which it is read.
type speaker struct {
	conf string
	fifo string
	end  *os.File

	mu    sync.Mutex
	heard []int16
	stuck bool      // takes no more samples
	real  bool      // as fast as it sounds, not three times as fast
	first time.Time // when the first sound came out of it
}

func needALSA(t *testing.T) {
	t.Helper()
	if found, err := filepath.Glob("/usr/lib/*/libasound.so.2"); err != nil || len(found) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("libasound2 is not installed")
		}
		t.Skip("libasound2 is not installed")
	}
}

// plugIn makes ALSA's default device write into the speaker. The text is
// written into ALSA's configuration; "FIFO" stands for the pipe.
func plugIn(t *testing.T, config string) *speaker {
	t.Helper()
	needALSA(t)
	sp := newSpeaker(t)
	sp.conf = filepath.Join(t.TempDir(), "asound.conf")
	if err := os.WriteFile(sp.conf, []byte(strings.ReplaceAll(config, "FIFO", sp.fifo)), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ALSA_CONFIG_PATH", sp.conf)
	return sp
}

func newSpeaker(t *testing.T) *speaker {
	t.Helper()
	sp := &speaker{fifo: filepath.Join(t.TempDir(), "speaker")}
	if err := syscall.Mkfifo(sp.fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for both directions, so that neither side waits for the other.
	f, err := os.OpenFile(sp.fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	shrink(t, f)
	sp.end = f
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		sp.listen()
	}()
	t.Cleanup(func() {
		_ = f.Close()
		wg.Wait()
	})
	return sp
}

// shrink gives the pipe the size of a card's small buffer, 21 ms of sound.
func shrink(t *testing.T, f *os.File) {
	t.Helper()
	c, err := f.SyscallConn()
	if err == nil {
		err = c.Control(func(fd uintptr) { _, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, 1031, 4096) }) // F_SETPIPE_SZ
	}
	if err != nil {
		t.Fatal(err)
	}
}

// listen reads 10 ms of sound every 3 ms, or every 10.
func (sp *speaker) listen() {
	buf := make([]byte, sound.Rate*4/100)
	rest := 0
	for due := time.Now(); ; {
		stuck, wait := sp.pace()
		if stuck {
			time.Sleep(time.Millisecond)
			continue
		}
		n, err := sp.end.Read(buf[rest:])
		if err != nil {
			return
		}
		n += rest
		sp.take(buf[:n-n%4])
		rest = copy(buf, buf[n-n%4:n])
		due = due.Add(wait * time.Duration(n) / time.Duration(len(buf)))
		if late := time.Since(due); late > 100*time.Millisecond {
			due = time.Now()
		}
		time.Sleep(time.Until(due))
	}
}

func (sp *speaker) take(b []byte) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	for i := 0; i+4 <= len(b); i += 4 {
		v := int16(binary.LittleEndian.Uint16(b[i:]))
		if sp.first.IsZero() && (v > 200 || v < -200) {
			sp.first = time.Now().Add(time.Duration(i/4) * time.Second / sound.Rate)
		}
		sp.heard = append(sp.heard, v)
	}
}

func (sp *speaker) pace() (stuck bool, each time.Duration) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.real {
		return sp.stuck, 10 * time.Millisecond
	}
	return sp.stuck, 3 * time.Millisecond
}

func (sp *speaker) inTime() {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.real = true
}

// again forgets what was heard.
func (sp *speaker) again() {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.heard, sp.first = nil, time.Time{}
}

func (sp *speaker) firstAt() time.Time {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.first
}

func (sp *speaker) stick(on bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.stuck = on
}

// loud cuts what was heard to the part between the first and the last sound.
func (sp *speaker) loud() []int16 {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	first, last := -1, 0
	for i, v := range sp.heard {
		if v > 200 || v < -200 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil
	}
	return append([]int16(nil), sp.heard[first:last+1]...)
}

// level is the amplitude of one frequency in c, of full scale (Goertzel).
func level(c []int16, hz float64) float64 {
	w := 2 * math.Cos(2*math.Pi*hz/sound.Rate)
	var a, b float64
	for _, v := range c {
		a, b = w*a-b+float64(v)/math.MaxInt16, a
	}
	return 2 * math.Sqrt(a*a+b*b-w*a*b) / float64(len(c))
}

const defaultIsSpeaker = `
pcm.!default { type file slave.pcm { type null } file "FIFO" format "raw" }
ctl.!default { type null }
`

func TestBeepIsHeardThroughALSA(t *testing.T) {
	sp := plugIn(t, defaultIsSpeaker)
	s := open(t, sound.Opts{})
	st := until(t, s, "open", func(st sound.State) bool { return st.Open })
	if st.Silent || st.Device != "default" {
		t.Errorf("%+v", st)
	}
	s.Beep(true)
	until(t, s, "played", func(st sound.State) bool { return !st.Busy })
	want := 200 * sound.Rate / 1000
	until(t, s, "heard", func(sound.State) bool { return len(sp.loud()) > want*9/10 })
	c := sp.loud()
	if len(c) > want*11/10 {
		t.Errorf("%d samples, want about %d", len(c), want)
	}
	low, high, none := level(c[:sound.Rate*60/1000], 880), level(c[sound.Rate*80/1000:], 1318.5), level(c, 3100)
	if low < 0.1 || high < 0.05 || none > 0.01 {
		t.Errorf("880 Hz %.3f, 1318.5 Hz %.3f, 3100 Hz %.3f", low, high, none)
	}
}

func TestPromptsFollowEachOtherAndNeverOverlap(t *testing.T) {
	sp := plugIn(t, defaultIsSpeaker)
	dir := t.TempDir()
	write(t, dir, "a.wav", wave(1, 500, 0.1))
	write(t, dir, "b.wav", wave(2, 1500, 0.1))
	s := open(t, sound.Opts{Prompts: dir})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	for _, name := range []string{"a", "b", filepath.Join(dir, "a.wav")} {
		if err := s.PlayFile(name); err != nil {
			t.Error(err)
		}
	}
	tenth := sound.Rate / 10
	until(t, s, "heard", func(sound.State) bool { return len(sp.loud()) > 3*tenth-100 })
	c := sp.loud()
	for i, hz := range []float64{500, 1500, 500} {
		part := c[i*tenth+200 : (i+1)*tenth-200]
		if right, wrong := level(part, hz), level(part, 2000-hz); right < 0.2 || wrong > 0.02 {
			t.Errorf("part %d: %.3f at %v Hz, %.3f of the other", i, right, hz, wrong)
		}
	}
}

func TestDeviceByName(t *testing.T) {
	plugIn(t, defaultIsSpeaker)
	s := open(t, sound.Opts{Device: "USB Speaker"})
	st := until(t, s, "explained", func(st sound.State) bool {
		return st.Problem != nil && strings.Contains(st.Problem.Error(), "USB Speaker")
	})
	t.Log(st.Problem)
	s.Beep(true)
	s.Bell()
	if st := s.State(); st.Open || st.Silent || st.Dropped != 2 {
		t.Errorf("sounds without a device: %+v", st)
	}
}

func TestDeviceThatComesLaterIsTaken(t *testing.T) {
	sp := plugIn(t, "# no device\n")
	s := open(t, sound.Opts{})
	st := until(t, s, "refused", func(st sound.State) bool { return st.Problem != nil && !strings.Contains(st.Problem.Error(), "yet") })
	t.Log(st.Problem)
	if err := os.WriteFile(sp.conf, []byte(strings.ReplaceAll(defaultIsSpeaker, "FIFO", sp.fifo)), 0o644); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(2 * time.Second) // ALSA looks at the time of the file
	if err := os.Chtimes(sp.conf, later, later); err != nil {
		t.Fatal(err)
	}
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	s.Beep(false)
	until(t, s, "heard", func(sound.State) bool { return len(sp.loud()) > sound.Rate/4 })
}

func TestStuckDeviceIsNoticedAndOpenedAnew(t *testing.T) {
	sp := plugIn(t, defaultIsSpeaker)
	s := open(t, sound.Opts{DeadAfter: time.Second})
	t.Cleanup(func() { sp.stick(false) })
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	sp.stick(true)
	st := until(t, s, "noticed", func(st sound.State) bool { return !st.Open })
	if st.Problem == nil || !strings.Contains(st.Problem.Error(), "no more samples") {
		t.Errorf("%+v", st)
	}
	sp.stick(false)
	until(t, s, "open again", func(st sound.State) bool { return st.Open && st.Opened >= 2 })
	until(t, s, "heard", func(st sound.State) bool {
		if !st.Busy {
			s.Beep(true)
		}
		return len(sp.loud()) > sound.Rate/10
	})
}

func TestPromptThatIsNotThere(t *testing.T) {
	s := open(t, sound.Opts{Device: sound.None, Prompts: t.TempDir()})
	if err := s.PlayFile("roll-call"); err == nil || !strings.Contains(err.Error(), "roll-call") {
		t.Error(err)
	}
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}
