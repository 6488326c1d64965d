package faults

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestMain is a second program too: one that tells its clocks for each line.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "tell-clocks" {
		start := time.Now()
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			fmt.Println(time.Now().Unix(), time.Since(start).Milliseconds())
		}
		return
	}
	os.Exit(m.Run())
}

func TestShiftClockMovesOnlyTheWallOfOneProcess(t *testing.T) {
	cmd := exec.Command(os.Args[0], "tell-clocks")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	ask := func() (wall time.Duration, since int64) {
		var unix int64
		fmt.Fprintln(in)
		if _, err := fmt.Fscan(out, &unix, &since); err != nil {
			t.Fatal(err)
		}
		return time.Duration(unix-time.Now().Unix()) * time.Second, since
	}
	ask()
	const year = 365 * 24 * time.Hour
	for _, d := range []time.Duration{24 * time.Hour, -10 * year, 10 * year, 0} {
		if _, err := shiftClock(cmd.Process.Pid, d); err != nil {
			t.Skip(err)
		}
		if wall, since := ask(); wall < d-time.Second || wall > d+time.Second || since < 0 || since > 10_000 {
			t.Errorf("shifted by %v: wall is off by %v, %d ms since the start", d, wall, since)
		}
	}
}
