package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	endless := filepath.Join(t.TempDir(), "endless.txt")
	if err := os.WriteFile(endless, []byte("start 08:00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.txt")
	if err := os.WriteFile(wrong, []byte("start 08:00\n08:01 prss 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		code int
		want string // in what it says
	}{
		{"-version", 0, "simstation"},
		{"-h", 0, "-scenario"},
		{"-frob", exitUsage, "not defined"},
		{"village", exitUsage, "all options begin with a dash"},
		{"-lang de", exitUsage, "zh or en"},
		{"-scenario nowhere.txt", exitUsage, "first-lesson"},
		{"-scenario " + wrong, exitUsage, `line 2: unknown action "prss": did you mean "press"?`},
		{"-exit -scenario " + endless, exitUsage, "has no end"},
		{"-starts 3 -control slow", exitFailed, "with -starts one of late missed early"},
		{"-starts 3 -bin " + t.TempDir(), exitFailed, "make build"},
		{"-starts 301", exitFailed, "1 to 300"},
		{"-starts -1", exitUsage, "above 0"},
		{"-starts 3 -faults 3", exitUsage, "one of them"},
		{"-compare 301", exitFailed, "1 to 300"},
		{"-compare 3 -rivals -1", exitFailed, "-rivals -1"},
		{"-compare 3 -starts 3", exitUsage, "one of them"},
		{"-compare -1", exitUsage, "above 0"},
		{"-faults 3 -control early -bin " + t.TempDir(), exitFailed, "make build"},
		{"-faults 3 -only tickle", exitFailed, "one of kill stop"},
		{"-faults 3 -bin " + t.TempDir(), exitFailed, "make build"},
		{"-listen= -bin " + t.TempDir(), exitFailed, "make build"},
	}
	for _, tt := range tests {
		var out strings.Builder
		if code := run(t.Context(), strings.Fields(tt.args), &out, &out); code != tt.code || !strings.Contains(out.String(), tt.want) {
			t.Errorf("simstation %s: exit %d, said %q", tt.args, code, out.String())
		}
	}
}
