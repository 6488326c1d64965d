package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// script is a tool that does what the shell is told.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestToolIsBounded runs tools that do not end, do not stop talking or want too
// much.
func TestToolIsBounded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		bound      time.Duration
		want       error
	}{
		{"ends", "cat <&3", time.Minute, nil},
		{"fails", "echo no >&2; exit 3", time.Minute, nil},
		{"hangs", "exec sleep 1000", 300 * time.Millisecond, errTime},
		{"leaves a child with its pipes", "sleep 1000 & exec sleep 1000", 300 * time.Millisecond, errTime},
		{"floods", "exec yes", time.Minute, errOutput},
		{"floods with complaints", "exec yes >&2", time.Minute, errOutput},
		{"ignores", "trap '' TERM INT; while :; do sleep 1; done", 300 * time.Millisecond, errTime},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := openPlain(script(t, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			begun := time.Now()
			err = job{program: f.Name(), file: f, bound: tt.bound, out: &buffer{most: 4096}, err: &buffer{most: 4096}}.run(t.Context())
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestToolIsRestrained asks a tool what it may use.
func TestToolIsRestrained(t *testing.T) {
	t.Parallel()
	// The limits are set a moment after the start: the script gives that moment.
	path := script(t, "sleep 0.3\ncat /proc/self/limits\nnice\nionice\ncat /proc/self/oom_score_adj\necho x >"+filepath.Join(t.TempDir(), "file")+" && echo wrote")
	f, err := openPlain(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	out := &buffer{most: 1 << 16}
	if err := (job{program: path, file: f, bound: 10 * time.Second, out: out, err: out}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := string(out.b)
	for _, want := range []string{"Max data size             419430400", "Max file size             0", "Max core file size        0", "\n19\n", "idle\n1000"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	if strings.Contains(said, "wrote") {
		t.Error("it could write a file")
	}
}

// TestToolMissing is a box without FFmpeg, and with one that knows nothing.
func TestToolMissing(t *testing.T) {
	film := filepath.Join(t.TempDir(), "x.mp4")
	if err := os.WriteFile(film, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Time{} }
	l := Open(t.TempDir(), now, Opts{FFprobe: "/no/such/ffprobe"})
	if _, v, err := l.Add(t.Context(), Arrival{Path: film}); err != nil || v.Cause().Code != NoTool {
		t.Errorf("%v %v", v, err)
	}
	l = Open(t.TempDir(), now, Opts{FFmpeg: script(t, "echo \"[fatal] Unrecognized option 'fps_mode'.\" >&2; exit 1")})
	f, err := openPlain(film)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	p := Probe{Container: "mp4"}
	s, found, err := l.scan(t.Context(), f, p, func(int64) {})
	if err != nil || len(found) > 0 || judgeScan(p, s, Boards()[0])[0].Code != NoTool {
		t.Errorf("%+v %v %v", s, found, err)
	}
}

// TestToolEndsWithItsContext cancels a tool and sees that it is gone, and what it
// started too.
func TestToolEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := script(t, "sleep 1000 &\necho $! $$\nexec sleep 1000")
	f, err := openPlain(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	var pids []string
	out := &lines{most: 20, take: func(line string) error { pids = strings.Fields(line); cancel(); return nil }}
	if err := (job{program: path, file: f, bound: time.Minute, out: out, err: &buffer{most: 100}}).run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(pids) != 2 {
		t.Fatalf("pids %v", pids)
	}
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range pids {
		for running(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %s still runs", pid)
			}
			runtime.Gosched()
		}
	}
}

// running says whether a process runs; one that nobody buries does not.
func running(pid string) bool {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z ")
}
