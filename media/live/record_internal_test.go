package live

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// rehearse runs a whole channel on a source of the test, with a screen, for as
// long as f takes.
func rehearse(t *testing.T, o Opts, f func(c *Channel, s *screen)) Summary {
	t.Helper()
	s := &screen{}
	c := New(endless{}, s, o)
	ctx, cancel := context.WithCancel(t.Context())
	var sum Summary
	var all sync.WaitGroup
	all.Go(func() {
		var err error
		if sum, err = c.Run(ctx, time.Now()); err != nil {
			t.Error(err)
		}
	})
	f(c, s)
	cancel()
	all.Wait()
	return sum
}

// endless is a source that never has a break.
type endless struct{}

func (endless) Receive(ctx context.Context, take func([]byte) bool) error {
	m := newMux()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		take(m.tick(n))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// awaitAll waits for one event of each kind, in any order.
func awaitAll(t *testing.T, c *Channel, kinds ...EventKind) map[EventKind]Event {
	t.Helper()
	timeout := time.After(time.Minute)
	all := map[EventKind]Event{}
	for {
		missing := 0
		for _, k := range kinds {
			if _, ok := all[k]; !ok {
				missing++
			}
		}
		if missing == 0 {
			return all
		}
		select {
		case e := <-c.Events():
			all[e.Kind] = e
		case <-timeout:
			t.Fatalf("only %v", all)
		}
	}
}

// The showing does not notice what becomes of its recording.
func TestARecordingThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := map[string]Opts{
		"no such folder":  {Record: filepath.Join(dir, "none", "a.mkv")},
		"no such program": {Record: filepath.Join(dir, "b.mkv"), FFmpeg: "/nonexistent"},
		"dies at once":    {Record: filepath.Join(dir, "c.mkv"), FFmpeg: program("dies", "echo no such codec >&2; exit 1")},
		"no room":         {Record: filepath.Join(dir, "d.mkv"), KeepFree: 1 << 60},
		"never ends":      {Record: filepath.Join(dir, "e.mkv"), FFmpeg: program("stuck", "exec sleep 1000")},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if o.KeepFree == 0 {
				o.KeepFree = 1
			}
			sum := rehearse(t, o, func(c *Channel, _ *screen) {
				if name == "never ends" {
					awaitAll(t, c, Live, RecordBegun)
					return
				}
				if e := awaitAll(t, c, Live, RecordFailed)[RecordFailed]; e.Detail == "" || strings.HasSuffix(e.File, ".mkv") {
					t.Errorf("%+v", e)
				}
			})
			if sum.Switches != 0 {
				t.Errorf("%+v", sum)
			}
		})
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lesson.mkv")
	for _, name := range []string{"lesson.mkv", "lesson-2.mkv.part"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := 3; i <= 9; i++ {
		part, err := newPart(file)
		if err != nil || filepath.Base(part) != "lesson-"+string(rune('0'+i))+".mkv.part" {
			t.Errorf("%s, %v", part, err)
		}
	}
	if part, err := newPart(file); err == nil {
		t.Errorf("a tenth: %s", part)
	}
}
