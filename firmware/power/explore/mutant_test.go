package explore_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var runMutants = flag.Bool("mutants", false, "seed faults into the core one by one and see who notices (minutes)")

// mutant is one fault: in file the only occurrence of old becomes new.
type mutant struct {
	name, file, old, new string
	// equal says why the fault changes nothing that can be seen.
	equal string
}

// TestMutants asks whether the judges are awake: every seeded fault must be
// found by the exploration or, with real times, by the tests of package power.
func TestMutants(t *testing.T) {
	if !*runMutants {
		t.Skip("takes minutes; run with -args -mutants")
	}
	if len(mutants) < 40 {
		t.Fatalf("only %d mutants", len(mutants))
	}
	killed, equal, survived := 0, 0, 0
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			begun := time.Now()
			by := m.judge(t)
			switch {
			case by != "":
				killed++
			case m.equal != "":
				equal++
				by = "survives, equal: " + m.equal
			default:
				survived++
				by = "SURVIVES"
			}
			t.Logf("%-50s %s, %.1f s", m.name, by, time.Since(begun).Seconds())
		})
	}
	t.Logf("%d killed, %d survived, %d equal", killed, survived, equal)
	if survived*20 > killed+survived {
		t.Error("fewer than 95 % are killed")
	}
}

// judge returns who killed m, or "".
func (m *mutant) judge(t *testing.T) string {
	file, err := filepath.Abs(filepath.Join("..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		t.Fatalf("%s: %q is %d times in %s", m.name, m.old, n, m.file)
	}
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, judge := range []struct{ name, run, pkg string }{{"explorer", "TestExplore", "."}, {"tests", "Test", ".."}} {
		cmd := exec.Command("go", "test", "-p", "1", "-vet=off", "-count=1", "-failfast", "-timeout=5m", "-overlay", overlay, "-run", judge.run, "-skip", "Spin|Mutants", judge.pkg)
		out, err := cmd.CombinedOutput()
		if err == nil {
			continue
		}
		if strings.Contains(string(out), "[build failed]") {
			t.Fatalf("%s does not compile:\n%s", m.name, out)
		}
		return judge.name + " " + firstFinding(string(out))
	}
	return ""
}

// firstFinding is the invariant or the test that failed.
func firstFinding(out string) string {
	for line := range strings.Lines(out) {
		id, _, ok := strings.Cut(line, " ")
		if ok && (strings.HasPrefix(line, "I") || strings.HasPrefix(line, "E ")) && len(id) < 4 {
			return id
		}
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
			name, _, _ = strings.Cut(name, " ")
			return name
		}
		if strings.Contains(line, "panic:") {
			return "panic"
		}
	}
	return "?"
}
