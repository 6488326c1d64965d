package firmware_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rule says what the folders under a prefix may import: of ours, and of others.
// The first rule whose prefix fits counts. A trailing slash means everything
// below; "=" means just this folder.
type rule struct {
	folder string
	ours   []string
	others []string
}

// layout is the import table of the house, in the order in which it is tried.
// firmware/text and firmware/link are words too: the catalogue of what people
// read, and the language that guard and station share. A room's own folders
// below it are its private business.
var layout = []rule{
	{"cmd/guard", []string{"firmware", "hal", "firmware/power", "firmware/power/explore", "firmware/link", "firmware/config", "firmware/text", "hal/"}, []string{"golang.org/x/sys", "periph.io/x/conn", "periph.io/x/host/v3/sysfs", "periph.io/x/conn/v3/driver/driverreg"}},
	{"cmd/station", []string{"firmware", "firmware/station", "firmware/config", "firmware/text", "firmware/command"}, []string{"periph.io/x/host/v3/sysfs", "periph.io/x/host/v3/gpioioctl", "periph.io/x/conn/v3/driver/driverreg"}},
	// It measures the player itself beside other programs, a second a start; through
	// a village it would be sixteen.
	{"cmd/simstation/internal/compare", []string{"cmd/simstation/internal/machine", "cmd/simstation/internal/report", "hal/sim/eye", "media/player"}, []string{"golang.org/x/sys"}},
	{"cmd/simstation", []string{"firmware", "firmware/config", "firmware/text", "hal", "hal/sim/"}, []string{"golang.org/x/sys", "github.com/pelletier/go-toml/v2"}},
	{"firmware=", []string{"hal"}, nil},
	{"firmware/text", []string{"firmware"}, nil},
	{"firmware/link", []string{"firmware", "hal"}, nil},
	{"firmware/config", []string{"firmware", "firmware/text", "hal"}, []string{"github.com/pelletier/go-toml/v2"}},
	{"firmware/command", []string{"firmware", "firmware/text", "hal"}, nil},
	{"firmware/page", []string{"firmware", "firmware/text", "firmware/command", "hal"}, nil},
	{"firmware/console", []string{"firmware", "firmware/text", "firmware/command", "hal"}, nil},
	{"firmware/station", []string{"firmware", "firmware/", "hal", "hal/", "media/"}, []string{"periph.io/x/conn", "golang.org/x/sys"}},
	{"firmware/power/explore", []string{"firmware", "firmware/power", "hal"}, nil},
	// The read model is SQLite; the truth, in firmware/journal, is not.
	{"firmware/ledger", []string{"firmware"}, []string{"modernc.org/sqlite"}},
	// Rosters come and go as office files.
	{"firmware/attendance", []string{"firmware", "firmware/text", "hal"}, []string{"github.com/xuri/excelize/v2", "golang.org/x/text"}},
	{"firmware/register", []string{"firmware", "firmware/text"}, []string{"github.com/xuri/excelize/v2"}},
	{"firmware/", []string{"firmware", "firmware/text", "hal"}, []string{"periph.io/x/conn/v3/physic", "golang.org/x/sys"}},
	{"media/sound", []string{"media/"}, []string{"github.com/gen2brain/malgo"}},
	{"media/library", []string{"media/"}, []string{"golang.org/x/sys", "github.com/pelletier/go-toml/v2"}},
	{"media/notice", nil, []string{"golang.org/x/image", "golang.org/x/text"}},
	{"media/screen", []string{"media/"}, []string{"golang.org/x/image"}},
	{"media/", []string{"media/"}, []string{"golang.org/x/sys"}},
	{"hal=", nil, nil},
	{"hal/ioctl", nil, []string{"golang.org/x/sys"}},
	{"hal/sim/", []string{"hal", "hal/sim/"}, []string{"periph.io/x/conn", "golang.org/x/sys"}},
	{"hal/displaytest", []string{"hal", "hal/line", "hal/line/linetest"}, nil},
	{"hal/line", []string{"hal"}, []string{"go.bug.st/serial", "golang.org/x/sys"}},
	{"hal/meter", []string{"hal", "hal/modbus"}, []string{"periph.io/x/conn"}},
	{"hal/panel", []string{"hal", "hal/evdev"}, []string{"periph.io/x/conn"}},
	{"hal/tuner", []string{"hal", "hal/ioctl", "hal/tuner/psi"}, []string{"periph.io/x/conn", "golang.org/x/sys", "golang.org/x/text"}},
	{"hal/", []string{"hal", "hal/ioctl"}, []string{"periph.io/x/conn", "golang.org/x/sys"}},
}

// covers says whether r is about folder.
func (r rule) covers(folder string) bool {
	if exact, ok := strings.CutSuffix(r.folder, "="); ok {
		return folder == exact
	}
	prefix := strings.TrimSuffix(r.folder, "/")
	return folder == prefix || strings.HasPrefix(folder, prefix+"/")
}

func allowed(list []string, pkg string) bool {
	for _, a := range list {
		if a == pkg {
			return true
		}
		if prefix, ok := strings.CutSuffix(a, "/"); ok && strings.HasPrefix(pkg, prefix+"/") {
			return true
		}
	}
	return false
}

// verdict says why folder may not import imp, or "".
func verdict(folder, imp string) string {
	var r *rule
	for i := range layout {
		if layout[i].covers(folder) {
			r = &layout[i]
			break
		}
	}
	if r == nil {
		return "no rule of the import table covers this folder"
	}
	if ours, ok := strings.CutPrefix(imp, "stationbox/"); ok {
		inSim := strings.HasPrefix(folder, "hal/sim") || strings.HasPrefix(folder, "cmd/simstation")
		if strings.HasPrefix(ours, "hal/sim") && !inSim {
			return "only the simulator may know the simulation"
		}
		own := strings.TrimSuffix(strings.TrimSuffix(r.folder, "="), "/")
		sameRoom := ours == folder || (strings.HasPrefix(ours, own+"/") && (strings.HasPrefix(own, "cmd/") || strings.Contains(ours, "/internal/")))
		if sameRoom || allowed(r.ours, ours) {
			return ""
		}
		return "the table allows of ours only " + strings.Join(r.ours, ", ")
	}
	if !strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
		return "" // standard library
	}
	for _, o := range r.others {
		if imp == o || strings.HasPrefix(imp, o+"/") {
			return ""
		}
	}
	return "the table allows of others only " + strings.Join(r.others, ", ")
}

func TestLayoutImportTable(t *testing.T) {
	files := 0
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name != ".." && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder := path.Dir(filepath.ToSlash(strings.TrimPrefix(filepath.ToSlash(file), "../")))
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := verdict(folder, imp); why != "" {
				t.Errorf("%s imports %q: %s", strings.TrimPrefix(file, "../"), imp, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("read only %d Go files: is the test in its place?", files)
	}
}

// TestLayoutVerdicts proves that the table can say no.
func TestLayoutVerdicts(t *testing.T) {
	tests := []struct {
		folder, imp string
		ok          bool
	}{
		{"firmware/power", "stationbox/hal", true},
		{"firmware/power", "stationbox/hal/mains", false},
		{"firmware/lesson", "stationbox/firmware/journal", false},
		{"firmware/station", "stationbox/hal/projector/pjlink", true},
		{"firmware/station", "stationbox/hal/sim/world", false},
		{"hal/sim/device", "stationbox/hal/modbus", false},
		{"hal/meter", "stationbox/hal/line", false},
		{"hal/panel", "go.bug.st/serial", false},
		{"media/player", "stationbox/firmware", false},
		{"media/player", "github.com/gen2brain/malgo", false},
		{"media/sound", "github.com/gen2brain/malgo", true},
		{"cmd/station", "stationbox/hal/line", false},
		{"cmd/station", "periph.io/x/host/v3", false},
		{"deploy/x", "fmt", false},
	}
	for _, tt := range tests {
		if got := verdict(tt.folder, tt.imp) == ""; got != tt.ok {
			t.Errorf("%s imports %s: allowed %v, want %v (%s)", tt.folder, tt.imp, got, tt.ok, verdict(tt.folder, tt.imp))
		}
	}
}

func TestLayoutTopLevel(t *testing.T) {
	fixed := map[string]bool{"cmd": true, "firmware": true, "hal": true, "media": true, "deploy": true,
		"go.mod": true, "go.sum": true, "Makefile": true, "README.md": true, "LICENSE": true,
		"bin": true} // bin is built, never committed
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !fixed[e.Name()] && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("top level has %q, which is not one of the fixed entries", e.Name())
		}
	}
}
