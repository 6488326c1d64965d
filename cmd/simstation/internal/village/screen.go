package village

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stationbox/hal/sim/eye"
)

// The screen of the village: a monitor output that both displays hang on.
const (
	screenWidth  = 960
	screenHeight = 540
)

// raiseScreen starts an X server without a monitor and points the eye at it.
func (v *Village) raiseScreen() error {
	program, err := exec.LookPath("Xvfb")
	if err != nil {
		return fmt.Errorf("screen: %w: install the package xvfb, or run `make setup-run`", err)
	}
	out, err := v.logFile("xvfb")
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		_ = out.Close()
		return fmt.Errorf("screen: %w", err)
	}
	defer r.Close()
	dir := filepath.Join(v.dir, "screen")
	v.xvfb = &process{
		argv: []string{program, "-screen", "0", fmt.Sprintf("%dx%dx24", screenWidth, screenHeight),
			"-fbdir", dir, "-nolisten", "tcp", "-noreset", "-displayfd", "3"},
		log: v.log, out: out, extra: []*os.File{w}, once: true,
		told: func(string) {}, view: Process{Name: "screen"},
	}
	v.xvfb.run()
	number, err := readDisplay(r)
	if err != nil {
		return fmt.Errorf("screen: %w; see %s", err, filepath.Join(v.dir, "log", "xvfb.log"))
	}
	v.cfg.Player.Display = ":" + number
	if v.screen, err = eye.Open(dir); err != nil {
		return err
	}
	v.watch = eye.NewWatch(v.screen, v.now)
	return nil
}

// readDisplay waits for the number that the X server chose.
func readDisplay(r *os.File) (string, error) {
	if err := r.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	var text string
	b := make([]byte, 16)
	for !strings.HasSuffix(text, "\n") {
		n, err := r.Read(b)
		if err != nil {
			return "", fmt.Errorf("no display number: %w", err)
		}
		text += string(b[:n])
	}
	number := strings.TrimSpace(text)
	if _, err := strconv.Atoi(number); err != nil {
		return "", errors.New("no display number: " + strconv.Quote(number))
	}
	return number, nil
}

// logFile opens the file that a program of the village writes to.
func (v *Village) logFile(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(v.dir, "log", name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	return f, nil
}
