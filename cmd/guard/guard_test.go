package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/link"
)

// TestMain runs the guard itself when a test starts this binary again: priority,
// memory lock and collector are matters of a whole process.
func TestMain(m *testing.M) {
	if os.Getenv("STATIONBOX_TEST_AS_GUARD") == "1" {
		main()
	}
	if dir := os.Getenv("STATIONBOX_TEST_AS_LOAD"); dir != "" {
		load(dir)
	}
	os.Exit(m.Run())
}

// program is a guard in its own process.
type program struct {
	*exec.Cmd
	mu  sync.Mutex
	out bytes.Buffer
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}
func (p *program) said() string { p.mu.Lock(); defer p.mu.Unlock(); return p.out.String() }

func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{Cmd: exec.Command(os.Args[0], args...)}
	p.Env = append(os.Environ(), "STATIONBOX_TEST_AS_GUARD=1", "LC_ALL=en_US.UTF-8")
	p.Stdout, p.Stderr = p, p
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			p.Process.Kill()
			p.Wait()
		}
	})
	return p
}

// end waits for the process and returns its exit code.
func (p *program) end(t *testing.T) int {
	t.Helper()
	timer := time.AfterFunc(20*time.Second, func() { p.Process.Kill() })
	defer timer.Stop()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// until waits for a condition with a generous deadline.
func until(t *testing.T, what string, p *program, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 s; the guard said:\n%s", what, p.said())
		}
	}
}

// configure writes a station around the far ends and returns its file.
func configure(t testing.TB, dir, port, pins string) string {
	t.Helper()
	file := filepath.Join(dir, "station.toml")
	roster := filepath.Join(dir, "roster.csv")
	text := fmt.Sprintf(`
[station]
id = "370100-014"
state_dir = %[1]q
run_dir = %[1]q
[gpio]
chip = "unix:%[3]s"
[mains]
port = %[2]q
[guard]
good_time = "1s"
slot = "0s"
min_off = "1s"
stale = "160ms"
[contactor]
drive = "GPIO17"
aux_no = "GPIO27"
aux_nc = "GPIO22"
hold = "200ms"
[[load]]
name = "receiver"
relay = "GPIO5"
channel = 3
on_delay = "100ms"
always_on = true
[sound]
device = "none"
[library]
dir = %[1]q
[roster]
file = %[4]q
[panel]
rows = ["GPIO23", "GPIO24", "GPIO25", "GPIO8"]
cols = ["GPIO7", "GPIO12", "GPIO16", "GPIO20"]
lamp = "GPIO21"
buzzer = "GPIO26"
`, dir, port, pins, roster)
	if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.WriteFile(roster, []byte("number,name,branch\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGuardOverRealWires(t *testing.T) {
	dir := t.TempDir()
	pins := newPinServer(t, filepath.Join(dir, "pins"))
	port, volts := newFrontEnd(t)
	file := configure(t, dir, port, filepath.Join(dir, "pins"))
	p := start(t, "-config", file)

	ctx, cancel := context.WithCancel(t.Context())
	client := link.NewClient(filepath.Join(dir, "guard.sock"), link.ClientOpts{})
	var group sync.WaitGroup
	group.Go(func() { client.Run(ctx) })
	defer group.Wait()
	defer cancel()
	until(t, "closing", p, func() bool { return pins.closed() && pins.level("GPIO5") })
	until(t, "status", p, func() bool {
		st := client.Status().Value
		return st.State == firmware.GuardClosed && st.MainsMV > 218_000 && st.MainsMV < 222_000 && st.AuxClosed
	})

	second := start(t, "-config", file)
	if code := second.end(t); code != exitRunning || !strings.Contains(second.said(), "another guard is running") {
		t.Errorf("second guard: exit code %d, said %s", code, second.said())
	}

	volts.Store(310)
	until(t, "opening at 310 V", p, func() bool { return !pins.closed() && !pins.level("GPIO5") })
	volts.Store(220)
	until(t, "closing again", p, pins.closed)
	p.Process.Kill()
	p.end(t)
	until(t, "opening after kill -9", p, func() bool { return !pins.closed() && !pins.level("GPIO5") })

	p = start(t, "-config", file)
	until(t, "closing after the restart", p, pins.closed)
	p.Process.Signal(syscall.SIGTERM)
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM; said %s", code, p.said())
	}
	until(t, "opening after SIGTERM", p, func() bool { return !pins.closed() && !pins.level("GPIO5") })
	kinds := map[string]bool{}
	for len(client.Events()) > 0 {
		kinds[(<-client.Events()).Kind] = true
	}
	for _, kind := range []string{"start", "close", "load_on", "trip", "open", "load_off"} {
		if !kinds[kind] {
			t.Errorf("no event %s", kind)
		}
	}
}

func TestGuardRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.toml")
	if err := os.WriteFile(bad, []byte("[gaurd]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"version", []string{"-version"}, 0, "guard "},
		{"help", []string{"-h"}, 0, "-config"},
		{"unknown flag", []string{"-x"}, exitUsage, "-x"},
		{"a word", []string{"start"}, exitUsage, "start"},
		{"no file", []string{"-config", filepath.Join(dir, "none.toml")}, exitFailed, "none.toml"},
		{"bad file", []string{"-config", bad}, exitFailed, "gaurd"},
		{"no pins", []string{"-config", configure(t, dir, "/dev/null", filepath.Join(dir, "none"))}, exitFailed, "gpio unix:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, tt.args...)
			if code := p.end(t); code != tt.code || !strings.Contains(p.said(), tt.says) {
				t.Errorf("exit code %d, said %s; want %d with %q", code, p.said(), tt.code, tt.says)
			}
		})
	}
}
