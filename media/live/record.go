package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	partSuffix   = ".part"
	mostAttempts = 3 // recordings of one showing
	recordPause  = 15 * time.Second
	finishBound  = 8 * time.Second // for ffmpeg to write the end
	feedBound    = 5 * time.Second // for ffmpeg to take a piece
	roomEvery    = time.Second     // the disk is looked at
	recordNice   = 10              // the picture comes first
)

var (
	errSlow   = errors.New("the disk is too slow")
	errNoRoom = errors.New("the disk is full")
	errNames  = errors.New("no free name")
)

// record writes the programme to a file from begin until ctx ends. Whatever
// happens to it stays here.
func (c *Channel) record(ctx context.Context, begin time.Time) {
	if !rest(ctx, begin.Sub(c.o.Now())) {
		return
	}
	for range mostAttempts {
		r := c.awaitProgramme(ctx)
		if r == nil {
			return
		}
		again := c.recordOnce(ctx, r)
		c.intake.leave(r)
		if !again || !rest(ctx, recordPause) {
			return
		}
	}
}

// awaitProgramme joins as soon as there is something to record; nil means that
// ctx ended before.
func (c *Channel) awaitProgramme(ctx context.Context) *reader {
	for {
		if r := c.intake.join(); r != nil {
			return r
		}
		if !rest(ctx, tickEvery) {
			return nil
		}
	}
}

// recordOnce makes one file; it says whether it broke off.
func (c *Channel) recordOnce(ctx context.Context, r *reader) bool {
	begun := c.o.Now()
	part, err := c.recordTo(ctx, r)
	file := strings.TrimSuffix(part, partSuffix)
	if err == nil || errors.Is(err, errNoRoom) {
		if e := publish(part, file); e != nil {
			err = e
		}
	}
	c.setRecording("")
	switch {
	case err == nil && ctx.Err() != nil:
		c.emit(Event{Kind: RecordDone, File: file, For: c.o.Now().Sub(begun)})
	case err == nil || errors.Is(err, errNoRoom) && part != "":
		c.emit(Event{Kind: RecordDone, Reason: ReasonLimit, File: file, For: c.o.Now().Sub(begun)})
	default:
		c.emit(Event{Kind: RecordFailed, File: part, For: c.o.Now().Sub(begun), Detail: err.Error()})
		return true
	}
	return false
}

// recordTo lets ffmpeg write until ctx ends, the file has its greatest size
// (both nil), or something fails. The name is of the part that was written.
func (c *Channel) recordTo(ctx context.Context, r *reader) (string, error) {
	if free, err := room(filepath.Dir(c.o.Record)); err != nil || free < c.o.KeepFree {
		return "", errors.Join(err, errNoRoom)
	}
	part, err := newPart(c.o.Record)
	if err != nil {
		return "", err
	}
	f, err := spawn(c.o.FFmpeg, "-v", "error", "-y", "-f", "mpegts", "-i", "pipe:0",
		"-map", "0:v?", "-map", "0:a?", "-c", "copy", "-fs", strconv.FormatInt(c.o.RecordMost, 10), "-f", "matroska", "file:"+part)
	if err != nil {
		return part, errors.Join(err, os.Remove(part))
	}
	defer f.kill()
	_ = unix.Setpriority(unix.PRIO_PROCESS, f.cmd.Process.Pid, recordNice)
	hard := uint64(c.o.RecordMost + c.o.RecordMost/8 + 1<<20) // should it not keep to its own limit
	_ = unix.Prlimit(f.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: hard, Max: hard}, nil)
	c.setRecording(part)
	c.emit(Event{Kind: RecordBegun, File: part})
	full := c.feed(ctx, r, f)
	if full != nil && !errors.Is(full, errNoRoom) {
		return part, full
	}
	_ = f.in.Close() // the end of the stream
	if !f.await(finishBound) {
		return part, errSlow
	}
	if f.err != nil {
		return part, fmt.Errorf("ffmpeg: %w: %s", f.err, f.complaint())
	}
	return part, full
}

// feed hands the stream to ffmpeg until ctx or ffmpeg ends (nil), or it cannot
// go on.
func (c *Channel) feed(ctx context.Context, r *reader, f *child) error {
	look := time.NewTicker(roomEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.done:
			return nil
		case <-look.C:
			if free, err := room(filepath.Dir(c.o.Record)); err == nil && free < c.o.KeepFree {
				return errNoRoom
			}
			continue
		case <-r.wake:
		}
		waiting, late := r.get()
		if late {
			return errSlow
		}
		for _, b := range waiting {
			if err := f.in.SetWriteDeadline(time.Now().Add(feedBound)); err != nil {
				return fmt.Errorf("ffmpeg's input: %w", err)
			}
			_, err := f.in.Write(b)
			switch {
			case errors.Is(err, unix.EPIPE):
				f.await(finishBound) // it has ended, which says why
				return nil
			case err != nil:
				return errSlow
			}
		}
	}
}

// newPart makes the first free of name.mkv.part, name-2.mkv.part … name-9.mkv.part:
// what an earlier attempt at this lesson has left is not overwritten.
func newPart(file string) (string, error) {
	ext := filepath.Ext(file)
	for i := 1; i <= 9; i++ {
		name := file
		if i > 1 {
			name = strings.TrimSuffix(file, ext) + "-" + strconv.Itoa(i) + ext
		}
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f, err := os.OpenFile(name+partSuffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return name + partSuffix, f.Close()
	}
	return "", fmt.Errorf("recording %s: %w", file, errNames)
}

// publish gives a whole recording its name, for certain.
func publish(part, file string) error {
	if part == "" {
		return nil
	}
	f, err := os.Open(part)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// room is how many bytes are free for us on the disk of that folder.
func room(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("disk of %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
