package village

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// missingFile is the name of a lesson's file that no clip is made for, so that
// a scenario can show what a missing video does.
const missingFile = "missing.mp4"

// makeMedia fills the library and the prompts. Clips are made once and kept in
// the cache under a name that says what is in them.
func (v *Village) makeMedia() error {
	if err := os.MkdirAll(v.cfg.Library.Dir, 0o755); err != nil {
		return fmt.Errorf("library: %w", err)
	}
	if err := os.MkdirAll(v.o.Cache, 0o755); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	for _, l := range v.o.Script.Lessons {
		if l.File == missingFile {
			continue
		}
		if err := v.makeLesson(l.File, l.Length, l.Title); err != nil {
			return fmt.Errorf("lesson %s: %w", l.File, err)
		}
		if l.Spare == "" {
			continue
		}
		if err := v.makeLesson(l.Spare, l.Length, "备用节目"); err != nil {
			return fmt.Errorf("lesson %s: %w", l.Spare, err)
		}
	}
	return v.makePrompts()
}

func (v *Village) makeLesson(file string, length time.Duration, title string) error {
	h := fnv.New32a()
	_, _ = h.Write([]byte(title)) // a hash never fails
	seconds := strconv.Itoa(int(length / time.Second))
	clip := filepath.Join(v.o.Cache, fmt.Sprintf("lesson-%ss-%08x.mp4", seconds, h.Sum32()))
	v.log.Info("lesson clip", "title", title, "seconds", seconds, "file", clip)
	if err := v.script("make-lesson.sh", clip, seconds, title); err != nil {
		return err
	}
	target := filepath.Join(v.cfg.Library.Dir, file)
	if err := os.Remove(target); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	abs, err := filepath.Abs(clip)
	if err != nil {
		return err
	}
	return os.Symlink(abs, target)
}

func (v *Village) makePrompts() error {
	dir, err := filepath.Abs(filepath.Join(v.o.Cache, "prompts"))
	if err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	v.cfg.Sound.Prompts = dir
	if err := v.script("make-prompts.sh", dir); err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	return nil
}

// script runs one of the media scripts, which do nothing when what they make
// is already there.
func (v *Village) script(name string, args ...string) error {
	cmd := exec.CommandContext(v.ctx, filepath.Join(v.o.Media, name), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ended := make(chan error, 1)
	go func() { calm(); ended <- cmd.Run() }()
	if err := <-ended; err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLine(out.String()))
	}
	return nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
