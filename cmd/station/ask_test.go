package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestWhole: a file is named from where the asker stands, and nothing else is touched.
func TestWhole(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("花名册.xlsx", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name       string
		args, want []string
	}{
		{"roster import", []string{"roster", "import", "花名册.xlsx", "-sheet", "第一支部"}, []string{"roster", "import", filepath.Join(dir, "花名册.xlsx"), "-sheet", "第一支部"}},
		{"roster import", []string{"roster", "import", "-sheet", "1", "missing.csv"}, []string{"roster", "import", "-sheet", "1", filepath.Join(dir, "missing.csv")}},
		{"roster export", []string{"roster", "export", "new.csv"}, []string{"roster", "export", filepath.Join(dir, "new.csv")}},
		{"roster export", []string{"roster", "export", "/mnt/new.csv"}, []string{"roster", "export", "/mnt/new.csv"}},
		{"member", []string{"member", "花名册.xlsx"}, []string{"member", "花名册.xlsx"}},
	} {
		before := slices.Clone(tt.args)
		if got := whole(tt.name, tt.args); !slices.Equal(got, tt.want) || !slices.Equal(tt.args, before) {
			t.Errorf("%v: %v", tt.args, got)
		}
	}
}
