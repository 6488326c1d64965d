package power_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSpin proves with a model checker that a guard which dies or hangs at any
// moment leaves no over-voltage on a closed contactor, thanks to the retriggerable
// drive, and that the contactor closes at all. Without the drive the same promise
// must be broken, by deaths alone and by hangs alone, or the model would prove
// nothing.
func TestSpin(t *testing.T) {
	alone(t)
	for _, tool := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed (apt install spin gcc)", tool)
		}
		t.Skipf("%s is not installed (apt install spin gcc)", tool)
	}
	model, err := filepath.Abs("testdata/guard.pml")
	if err != nil {
		t.Fatal(err)
	}
	for _, world := range []struct {
		name  string
		flags []string
		safe  string
	}{
		{"with the drive", []string{"-a"}, "errors: 0\n"},
		{"with the drive, hangs alone", []string{"-DNOCRASH", "-a"}, "errors: 0\n"},
		{"with the drive, crashes alone", []string{"-DNOHANG", "-a"}, "errors: 0\n"},
		{"without it", []string{"-DLATCHED", "-a"}, "errors: 1\n"},
		{"without it, hangs alone", []string{"-DLATCHED", "-DNOCRASH", "-a"}, "errors: 1\n"},
		{"without it, crashes alone", []string{"-DLATCHED", "-DNOHANG", "-a"}, "errors: 1\n"},
	} {
		t.Run(world.name, func(t *testing.T) {
			dir := t.TempDir()
			tool(t, dir, "spin", append(world.flags, model)...)
			tool(t, dir, "gcc", "-O1", "-w", "-o", "pan", "pan.c")
			for claim, want := range map[string]string{"safe": world.safe, "live": "errors: 0\n"} {
				out := tool(t, dir, "./pan", "-a", "-m100000", "-N", claim)
				if !strings.Contains(out, want) || strings.Contains(out, "max search depth too small") {
					t.Errorf("%s: want %q:\n%s", claim, want, out)
				}
			}
		})
	}
}

// tool runs one program in dir and returns what it said.
func tool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
