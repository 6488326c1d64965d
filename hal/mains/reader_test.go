package mains_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/mains"
)

// patience is how long a test waits for what must happen on a busy machine.
const patience = 20 * time.Second

// script is a Source that returns one piece a call, and then nothing.
type script struct {
	pieces [][]byte
	last   error
}

func (s *script) ReadUntil(b []byte, _ time.Time) (int, error) {
	if len(s.pieces) == 0 {
		return 0, s.last
	}
	n := copy(b, s.pieces[0])
	s.pieces = s.pieces[1:]
	return n, nil
}

func TestFramesThatPiledUpAreDatedBack(t *testing.T) {
	now := time.Unix(1000, 0)
	var pile []byte
	for seq := range 4 {
		pile = append(pile, encode(uint16(seq), [20]int16{})...)
	}
	r := mains.NewReader(&script{pieces: [][]byte{pile[:20], pile[20:]}}, mains.Opts{Now: func() time.Time { return now }})
	for seq := range 4 {
		f, err := r.Next(now.Add(time.Second))
		if err != nil || int(f.Seq) != seq {
			t.Fatalf("frame %d: %+v, %v", seq, f, err)
		}
		if want := now.Add(-time.Duration(3-seq) * mains.FrameTime); !f.At.Equal(want) {
			t.Errorf("frame %d at %v, want %v", seq, f.At, want)
		}
	}
}

func TestNextErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		src  script
		want error
	}{
		{"silent", script{last: hal.ErrSilent}, hal.ErrSilent},
		{"noise", script{pieces: [][]byte{{1, 2, 3}}, last: hal.ErrSilent}, hal.ErrGarbled},
		{"unplugged", script{pieces: [][]byte{{1, 2, 3}}, last: hal.ErrGone}, hal.ErrGone},
		{"nothing at all", script{}, hal.ErrSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mains.NewReader(&c.src, mains.Opts{})
			if r.State() == nil {
				t.Error("State is good before the first frame")
			}
			_, err := r.Next(time.Now().Add(50 * time.Millisecond))
			if !errors.Is(err, c.want) {
				t.Errorf("Next = %v, want %v", err, c.want)
			}
			if !errors.Is(r.State(), c.want) {
				t.Errorf("State = %v, want %v", r.State(), c.want)
			}
		})
	}
}

// frontEnd sends frames from seq on, at the pace of the real one but never more
// than 30 in one piece, until ctx ends.
func frontEnd(ctx context.Context, far *os.File, seq uint16) {
	tick := time.NewTicker(mains.FrameTime)
	defer tick.Stop()
	for ; ctx.Err() == nil; seq++ {
		_ = far.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := far.Write(encode(seq, [20]int16{int16(seq)})); err != nil {
			return
		}
		<-tick.C
	}
}

func TestReaderOverPTY(t *testing.T) {
	name, far := linetest.PTY(t)
	port := line.Open(name, line.Opts{Baud: 460800})
	defer port.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	sent := make(chan struct{})
	go func() { defer close(sent); frontEnd(ctx, far, 100) }()

	r := mains.NewReader(port, mains.Opts{Name: "mains ttyAMA3"})
	const want = 200
	got := 0
	var last mains.Arrived
	err := r.Run(ctx, func(f mains.Arrived) {
		if f.At.Before(last.At) {
			t.Errorf("frame %d at %v, before frame %d", f.Seq, f.At, last.Seq)
		}
		if int16(f.Seq) != f.Samples[0] {
			t.Errorf("frame %d carries the samples of %d", f.Seq, f.Samples[0])
		}
		last = f
		if got++; got == want {
			cancel()
		}
	})
	<-sent
	if err != nil || got < want {
		t.Fatalf("Run = %v after %d frames", err, got)
	}
	if c := r.Counters(); c.Good < want || c.Garbled > 1 {
		t.Errorf("counters = %+v", c)
	}
}

func TestReaderSurvivesUnplug(t *testing.T) {
	dir := t.TempDir()
	link := dir + "/tty"
	name, far := linetest.PTY(t)
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	port := line.Open(link, line.Opts{Baud: 460800})
	defer port.Close()
	r := mains.NewReader(port, mains.Opts{})
	first, cancel := context.WithCancel(t.Context())
	defer cancel()
	go frontEnd(first, far, 0)
	untilNext(t, r, nil)
	cancel()
	_ = far.Close()
	untilNext(t, r, hal.ErrGone)

	name, far = linetest.PTY(t)
	_ = os.Remove(link)
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	second, cancel := context.WithCancel(t.Context())
	defer cancel()
	go frontEnd(second, far, 500)
	untilNext(t, r, nil)
}

// untilNext calls Next until it ends as wanted.
func untilNext(t *testing.T, r *mains.Reader, want error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if _, err = r.Next(time.Now().Add(20 * time.Millisecond)); errors.Is(err, want) {
			return
		}
	}
	t.Fatalf("Next never was %v, last %v", want, err)
}

func TestNextAllocatesNothing(t *testing.T) {
	name, far := linetest.PTY(t)
	port := line.Open(name, line.Opts{Baud: 460800})
	defer port.Close()
	r := mains.NewReader(port, mains.Opts{})
	_, _ = r.Next(time.Now().Add(time.Millisecond)) // opens the line
	frame := encode(0, [20]int16{})
	allocs := testing.AllocsPerRun(200, func() {
		_, _ = far.Write(frame)
		if _, err := r.Next(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	})
	if allocs >= 1 {
		t.Errorf("%v allocations for one frame", allocs)
	}
}
