package sound_test

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"stationbox/media/sound"
)

// room is an ALSA device that captures what comes out of a pipe: a sine of a given
// level, in two channels as the device says.
type room struct {
	conf   string
	fifo   string
	amp    atomic.Int64 // amplitude of the sine
	silent atomic.Bool  // gives no samples at all
}

const roomConf = `
pcm.!default { type plug slave { pcm "roomfile" rate 48000 channels 2 format S16_LE } }
pcm.roomfile { type file slave.pcm { type null } file "/dev/null" infile "FIFO" format "raw" }
ctl.!default { type null }
`

func plugInRoom(t *testing.T, conf string) *room {
	t.Helper()
	needALSA(t)
	dir := t.TempDir()
	r := &room{conf: filepath.Join(dir, "asound.conf"), fifo: filepath.Join(dir, "room")}
	if err := syscall.Mkfifo(r.fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r.write(t, conf)
	t.Setenv("ALSA_CONFIG_PATH", r.conf)
	f, err := os.OpenFile(r.fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.talk(f)
	}()
	t.Cleanup(func() {
		_ = f.Close()
		<-ended
	})
	return r
}

func (r *room) write(t *testing.T, conf string) {
	t.Helper()
	if err := os.WriteFile(r.conf, []byte(strings.ReplaceAll(conf, "FIFO", r.fifo)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// talk gives samples as fast as they are taken, until the pipe is closed.
func (r *room) talk(f *os.File) {
	buf := make([]byte, 4*480)
	for n := 0; ; {
		if r.silent.Load() {
			time.Sleep(time.Millisecond)
			continue
		}
		for i := 0; i < len(buf); i += 4 {
			v := uint16(int16(float64(r.amp.Load()) * math.Sin(2*math.Pi*440*float64(n)/sound.Rate)))
			binary.LittleEndian.PutUint16(buf[i:], v)
			binary.LittleEndian.PutUint16(buf[i+2:], v)
			n++
		}
		if _, err := f.Write(buf); err != nil {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func listen(t *testing.T, o sound.MicOpts) *sound.Microphone {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	m := sound.Listen(o)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func untilMic(t *testing.T, m *sound.Microphone, what string, ok func(sound.MicState, []sound.Level) bool) sound.MicState {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		st, levels := m.State(), m.Since(0)
		if ok(st, levels) {
			return st
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %s: %+v, %d levels", what, st, len(levels))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// newest says whether the last levels are all near to one.
func newest(levels []sound.Level, dbfs float64) bool {
	if len(levels) < 3 {
		return false
	}
	for _, l := range levels[len(levels)-3:] {
		if math.Abs(l.DBFS-dbfs) > 0.5 {
			return false
		}
	}
	return true
}

func TestMicrophoneIsOffUnlessNamed(t *testing.T) {
	m := listen(t, sound.MicOpts{})
	if st := m.State(); st.Open || !errors.Is(st.Problem, sound.ErrOff) || len(m.Since(0)) != 0 {
		t.Errorf("%+v", st)
	}
}

func TestLevelsOfARoom(t *testing.T) {
	r := plugInRoom(t, roomConf)
	r.amp.Store(math.MaxInt16)
	m := listen(t, sound.MicOpts{Device: "default"})
	untilMic(t, m, "a full sine", func(_ sound.MicState, l []sound.Level) bool { return newest(l, -3) })
	r.amp.Store(math.MaxInt16 / 100)
	untilMic(t, m, "40 dB less", func(_ sound.MicState, l []sound.Level) bool { return newest(l, -43) })
	r.amp.Store(0)
	untilMic(t, m, "nothing, and says so", func(st sound.MicState, l []sound.Level) bool { return newest(l, -120) && st.Mute })
	r.amp.Store(1000)
	untilMic(t, m, "something again", func(st sound.MicState, _ []sound.Level) bool { return st.Open && !st.Mute })
	all := m.Since(0)
	for i := 1; i < len(all); i++ {
		if all[i].N != all[i-1].N+1 || all[i].At.Before(all[i-1].At) {
			t.Fatalf("%+v after %+v", all[i], all[i-1])
		}
	}
	last := all[len(all)-1].N
	if next := m.Since(last - 2); len(next) < 2 || next[0].N != last-1 {
		t.Errorf("%+v", next)
	}
	if more := m.Since(last + 1000); len(more) != 0 {
		t.Errorf("%+v", more)
	}
}

func TestMicrophoneThatFallsSilentIsOpenedAnew(t *testing.T) {
	r := plugInRoom(t, roomConf)
	r.amp.Store(1000)
	m := listen(t, sound.MicOpts{Device: "default", DeadAfter: time.Second})
	t.Cleanup(func() { r.silent.Store(false) })
	untilMic(t, m, "open", func(st sound.MicState, l []sound.Level) bool { return st.Open && len(l) > 0 })
	r.silent.Store(true)
	st := untilMic(t, m, "noticed", func(st sound.MicState, _ []sound.Level) bool { return !st.Open })
	if st.Problem == nil || !strings.Contains(st.Problem.Error(), "no more samples") {
		t.Errorf("%+v", st)
	}
	r.silent.Store(false)
	before := m.Since(0)
	untilMic(t, m, "heard again", func(st sound.MicState, l []sound.Level) bool {
		return st.Open && st.Opened >= 2 && l[len(l)-1].N > before[len(before)-1].N
	})
}

func TestMicrophoneThatComesLater(t *testing.T) {
	r := plugInRoom(t, "# no device\n")
	r.amp.Store(1000)
	m := listen(t, sound.MicOpts{Device: "default"})
	st := untilMic(t, m, "refused", func(st sound.MicState, _ []sound.Level) bool {
		return st.Problem != nil && !strings.Contains(st.Problem.Error(), "yet")
	})
	if st.Open || len(m.Since(0)) != 0 {
		t.Errorf("%+v", st)
	}
	r.write(t, roomConf)
	later := time.Now().Add(2 * time.Second) // ALSA looks at the time of the file
	if err := os.Chtimes(r.conf, later, later); err != nil {
		t.Fatal(err)
	}
	untilMic(t, m, "heard", func(_ sound.MicState, l []sound.Level) bool { return len(l) > 3 })
}

func TestMicrophoneByName(t *testing.T) {
	plugInRoom(t, roomConf)
	m := listen(t, sound.MicOpts{Device: "USB PnP"})
	st := untilMic(t, m, "explained", func(st sound.MicState, _ []sound.Level) bool {
		return st.Problem != nil && strings.Contains(st.Problem.Error(), "USB PnP")
	})
	if st.Open {
		t.Errorf("%+v", st)
	}
}
