package journal

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"stationbox/firmware"
)

// badCard fails the writes for which fail says so, in the given segments only.
type badCard struct {
	disk
	fail func() error
}

func (b badCard) WriteAt(p []byte, off int64) (int, error) {
	if len(p) > 4*BlockSize {
		return b.disk.WriteAt(p, off) // a segment made ready
	}
	if err := b.fail(); err != nil {
		n, _ := b.disk.WriteAt(p[:60], off)
		return n, err
	}
	return b.disk.WriteAt(p, off)
}

func TestCardFails(t *testing.T) {
	dir := t.TempDir()
	var failures atomic.Int32
	o := opts()
	o.open = func(path string) (disk, error) {
		f, err := openDurable(path)
		return badCard{f, func() error {
			if failures.Add(-1) >= 0 {
				return syscall.EIO
			}
			return nil
		}}, err
	}
	j := open(t, dir, o)
	press(t, j, 1)
	failures.Store(1) // the next segment takes it
	press(t, j, 2)
	failures.Store(2) // that fails too
	if _, err := j.Append(t.Context(), firmware.KindPress, "a", firmware.Press{Number: 3}); !errors.Is(err, syscall.EIO) {
		t.Errorf("want EIO, got %v", err)
	}
	if s := j.Stats(); s.Failures != 1 || !strings.Contains(s.LastError, "input/output error") {
		t.Errorf("stats %+v", s)
	}
	press(t, j, 4)
	_ = j.Close()
	j = open(t, dir, opts())
	got := numbers(t, dir)
	if got[1] != 1 || got[2] != 2 || got[4] != 4 || len(got) != 3 {
		t.Errorf("got %v", got)
	}
	_ = j.Close()
}

// When the disk is full the reserve goes on taking presses, and what is not one
// only until half of the last segment is left.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	var full atomic.Bool
	o := opts()
	o.open = func(path string) (disk, error) {
		d, err := openDurable(path)
		return fullDisk{d, &full}, err
	}
	j := open(t, dir, o)
	full.Store(true)
	notes, presses := 0, 0
	for ; ; notes++ {
		if _, err := j.Append(t.Context(), "note", "", nil); errors.Is(err, ErrReserve) {
			break
		} else if err != nil || notes > 128 {
			t.Fatalf("note %d: %v", notes, err)
		}
	}
	for ; ; presses++ {
		if _, err := j.Append(t.Context(), firmware.KindPress, "a", firmware.Press{Number: presses + 1}); errors.Is(err, syscall.ENOSPC) {
			break
		} else if err != nil || presses > 128 {
			t.Fatalf("press %d: %v", presses, err)
		}
	}
	if notes != 96 || presses != 32 || len(numbers(t, dir)) != presses {
		t.Errorf("%d notes and %d presses, %d presses found", notes, presses, len(numbers(t, dir)))
	}
	full.Store(false)
	if rec := press(t, j, 33); rec.Seq != 129 {
		t.Errorf("after space is free: %+v", rec)
	}
	if _, err := j.Append(t.Context(), "note", "", nil); err != nil {
		t.Error(err)
	}
}

type fullDisk struct {
	disk
	full *atomic.Bool
}

func (d fullDisk) WriteAt(p []byte, off int64) (int, error) {
	old := make([]byte, 1)
	if _, err := d.ReadAt(old, off); d.full.Load() && err != nil {
		return 0, syscall.ENOSPC
	}
	return d.disk.WriteAt(p, off)
}

// A place that the card cannot write any more is passed over.
func TestBadPlace(t *testing.T) {
	dir := t.TempDir()
	o := opts()
	o.open = func(path string) (disk, error) {
		d, err := openDurable(path)
		return badPlace{d}, err
	}
	j := open(t, dir, o)
	for i := range 200 {
		press(t, j, i+1)
	}
	got := numbers(t, dir)
	for seq := range uint64(200) {
		if got[seq+1] != int(seq)+1 {
			t.Errorf("record %d says %d", seq+1, got[seq+1])
		}
	}
	if s := j.Stats(); s.Segment != 4 || s.Failures != 0 || !s.Reserve {
		t.Errorf("%+v", s)
	}
}

// badPlace cannot write the second segment.
type badPlace struct{ disk }

func (d badPlace) WriteAt(p []byte, off int64) (int, error) {
	if off/(64*BlockSize) == 1 {
		return 0, syscall.EIO
	}
	return d.disk.WriteAt(p, off)
}

func TestSlowCardAndImpatientCaller(t *testing.T) {
	o := opts()
	gate, opened := make(chan struct{}), false
	o.open = func(path string) (disk, error) {
		f, err := openDurable(path)
		return badCard{f, func() error {
			if opened {
				<-gate
			}
			return nil
		}}, err
	}
	j := open(t, t.TempDir(), o)
	opened = true
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := j.Append(ctx, "x", "", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(gate)
	press(t, j, 1)
}
