package device

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

func meterOn(t *testing.T, o world.Opts) (*world.World, *Meter, string) {
	t.Helper()
	w := powered(t, o)
	port := newPTY(t)
	m := NewMeter(w, port, MeterOpts{Seed: 1})
	start(t, m.Run)
	return w, m, port.Path()
}

// quietFor wants nothing on c for d.
func quietFor(t *testing.T, c *os.File, d time.Duration) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(d))
	b := make([]byte, 64)
	if n, err := c.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v; want silence", b[:n], err)
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
}

const readAll = "\x01\x04\x00\x00\x00\x0a\x70\x0d"

func TestMeterOverAPTY(t *testing.T) {
	w, m, path := meterOn(t, world.Opts{})
	c := openClient(t, path)
	answer := exchange(t, c, readAll, 25)
	if volts := int(answer[3])<<8 + int(answer[4]); volts < 2180 || volts > 2220 {
		t.Errorf("%d dV", volts)
	}
	if err := m.Fault("cut"); err != nil {
		t.Fatal(err)
	}
	if s := exchange(t, c, readAll, 12); s[:2] != "\x01\x04" {
		t.Errorf("cut: % x", s)
	}
	quietFor(t, c, 30*time.Millisecond)
	if err := m.Fault("silent"); err != nil {
		t.Fatal(err)
	}
	_, _ = c.WriteString(readAll)
	quietFor(t, c, 300*time.Millisecond)
	if err := m.Fault("none"); err != nil {
		t.Fatal(err)
	}
	w.SetVolts(300)
	hold(w, 100*time.Millisecond)
	if s := exchange(t, c, readAll, 25); hex.EncodeToString([]byte(s[3:5])) != "0a28" { // 260.0 V
		t.Errorf("at 300 V: % x", s)
	}
	w.SetOn(false)
	hold(w, 100*time.Millisecond)
	_, _ = c.WriteString(readAll)
	quietFor(t, c, 300*time.Millisecond)
	if err := m.Fault("gone"); err == nil || !strings.Contains(err.Error(), "frozen") {
		t.Errorf("unknown fault: %v", err)
	}
}

// TestMeterAgainstMbpoll lets an independent Modbus master read the meter.
func TestMeterAgainstMbpoll(t *testing.T) {
	mbpoll, err := exec.LookPath("mbpoll")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	_, _, path := meterOn(t, world.Opts{})
	real, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, mbpoll, "-m", "rtu", "-a", "1", "-b", "9600", "-P", "none", "-t", "3", "-0", "-r", "0", "-c", "10", "-1", "-o", "5", real).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	regs := map[int]int{}
	for line := range strings.Lines(string(out)) {
		place, value, ok := strings.Cut(line, "]:")
		if !ok {
			continue
		}
		i, _ := strconv.Atoi(strings.TrimPrefix(place, "["))
		v, err := strconv.Atoi(strings.Fields(value)[0])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		regs[i] = v
	}
	if len(regs) != 10 || regs[0] < 2180 || regs[0] > 2220 || regs[7] != 500 || regs[1] < 115 || regs[1] > 135 {
		t.Errorf("registers %v of\n%s", regs, out)
	}
}

func TestTVOverAPTY(t *testing.T) {
	w := powered(t, world.Opts{})
	port := newPTY(t)
	tv := NewTV(w, port, TVOpts{})
	start(t, tv.Run)
	c := openClient(t, port.Path())
	ask := func(request, want string) {
		t.Helper()
		if got := exchange(t, c, request+"\r", len(want)); got != want {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
	ask("ka 01 ff", "a 01 OK00x")
	ask("xb 01 ff", "b 01 NG00x")
	ask("ka 01 01", "a 01 OK01x")
	hold(w, 3500*time.Millisecond)
	ask("ka 01 FF", "a 01 OK01x")
	ask("xb 01 91", "b 01 OK91x")
	ask("xb 01 77", "b 01 NG00x")
	ask("kf 01 1e", "f 01 OK1ex")
	ask("kf 01 65", "f 01 NG00x")
	ask("ke 01 00", "e 01 OK00x")
	if v := tv.Snapshot(); v != (TVView{State: "on", Input: "hdmi2", Volume: 30, Mute: true}) {
		t.Errorf("%+v", v)
	}
	_, _ = c.WriteString("ka 02 00\rrubbish\rka 00 00\r") // another's; nothing; all: no answer
	eventually(t, "standby", func() bool { hold(w, 20*time.Millisecond); return w.Snapshot().TV.State == hal.DisplayStandby })
	ask("ka 01 ff", "a 01 OK00x")
	w.SetRelay(0, false)
	hold(w, 200*time.Millisecond)
	_, _ = c.WriteString("ka 01 ff\r")
	quietFor(t, c, 200*time.Millisecond)
}

func TestTVMuteInStandby(t *testing.T) {
	w := powered(t, world.Opts{})
	port := newPTY(t)
	start(t, NewTV(w, port, TVOpts{MuteInStandby: true, Baud: -1}).Run)
	c := openClient(t, port.Path())
	_, _ = c.WriteString("ka 01 ff\r")
	quietFor(t, c, 200*time.Millisecond)
	_, _ = c.WriteString("ka 01 01\r")
	eventually(t, "warming", func() bool { hold(w, 20*time.Millisecond); return w.Snapshot().TV.State != hal.DisplayStandby })
	if got := exchange(t, c, "ka 01 ff\r", 10); got != "a 01 OK01x" {
		t.Errorf("warming: %q", got)
	}
}

func TestConsole(t *testing.T) {
	port := newPTY(t)
	con := NewConsole(port)
	start(t, con.Run)
	c := openClient(t, port.Path())
	_, _ = c.WriteString("station> ")
	eventually(t, "prompt", func() bool { return con.Text() == "station> " })
	if err := con.Type("status"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 7)
	if _, err := c.Read(b); err != nil || string(b) != "status\r" {
		t.Errorf("%q, %v", b, err)
	}
	con.show(make([]byte, 20000))
	if n := len(con.Text()); n != consoleKeeps {
		t.Errorf("keeps %d bytes", n)
	}
}
