package gpioline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"
)

// gpioSimRig is the real kernel behind its simulated chip. It needs root, the
// module gpio-sim and configfs; elsewhere the contract is held by the other kinds.
func gpioSimRig(t *testing.T) *rig {
	t.Helper()
	const root = "/sys/kernel/config/gpio-sim"
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no gpio-sim in this kernel (%v): modprobe gpio-sim as root where the kernel has it", err)
	}
	dir := filepath.Join(root, fmt.Sprintf("gpioline-%d", os.Getpid()))
	if err := os.MkdirAll(filepath.Join(dir, "bank"), 0o755); err != nil {
		t.Skipf("gpio-sim is not ours to use: %v", err)
	}
	t.Cleanup(func() { removeSim(t, dir) })
	numbers := map[string]int{"GPIO4": 4, "GPIO17": 17, "GPIO18": 18}
	write(t, filepath.Join(dir, "bank", "num_lines"), "20")
	for name, n := range numbers {
		lineDir := filepath.Join(dir, "bank", fmt.Sprintf("line%d", n))
		must(t, os.Mkdir(lineDir, 0o755))
		write(t, filepath.Join(lineDir, "name"), name)
	}
	write(t, filepath.Join(dir, "live"), "1")
	chip := read(t, filepath.Join(dir, "bank", "chip_name"))
	dev := filepath.Join("/sys/devices/platform", read(t, filepath.Join(dir, "dev_name")), chip)
	sim := func(name, file string) string {
		return filepath.Join(dev, fmt.Sprintf("sim_gpio%d", numbers[name]), file)
	}

	b, err := Open(t.Context(), "/dev/"+chip, "gpioline-test")
	must(t, err)
	stranger, err := Open(t.Context(), "/dev/"+chip, "stranger")
	must(t, err)
	t.Cleanup(func() { _ = stranger.Close() })
	return &rig{
		bank: b,
		pull: func(name string, l gpio.Level) {
			write(t, sim(name, "pull"), map[gpio.Level]string{gpio.Low: "pull-down", gpio.High: "pull-up"}[l])
		},
		state: func(name string) (bool, gpio.Level) {
			return simIsOutput(t, "/dev/"+chip, numbers[name]), read(t, sim(name, "value")) == "1"
		},
		hold: func(name string) {
			p, err := stranger.Pin(name)
			must(t, err)
			must(t, p.In(gpio.PullNoChange, gpio.NoEdge))
		},
	}
}

// simIsOutput asks the kernel for the direction of a line.
func simIsOutput(t *testing.T, chip string, offset int) bool {
	t.Helper()
	info, err := lineInfo(chip, uint32(offset))
	must(t, err)
	return info.Flags&flagOutput != 0 && info.Flags&1 != 0
}

func removeSim(t *testing.T, dir string) {
	t.Helper()
	write(t, filepath.Join(dir, "live"), "0")
	lines, err := filepath.Glob(filepath.Join(dir, "bank", "line*"))
	must(t, err)
	for _, d := range append(lines, filepath.Join(dir, "bank"), dir) {
		must(t, os.Remove(d))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return strings.TrimSpace(string(b))
}
