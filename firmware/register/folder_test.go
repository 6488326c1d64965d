package register_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/register"
	"stationbox/firmware/text"
)

// hand is a key of the test.
type hand struct{ key ed25519.PrivateKey }

func aHand(seed byte) hand {
	s := make([]byte, ed25519.SeedSize)
	s[0] = seed
	return hand{ed25519.NewKeyFromSeed(s)}
}

func (h hand) KeyID() string { return fmt.Sprintf("%x", h.key.Public().(ed25519.PublicKey)[:8]) }

func (h hand) Statement(domain string, message []byte) []byte {
	return ed25519.Sign(h.key, append([]byte(domain+"\x00"), message...))
}

func (h hand) check(key, domain string, message, sig []byte) (known, good bool) {
	return key == h.KeyID(), ed25519.Verify(h.key.Public().(ed25519.PublicKey), append([]byte(domain+"\x00"), message...), sig)
}

// written is a folder with the books of October.
func written(t *testing.T, dir string) string {
	t.Helper()
	s, o := october(t)
	man, err := register.Write(dir, build(t, s, o), text.New("zh"), aHand(1), false)
	if err != nil {
		t.Fatal(err)
	}
	if len(man.Files) != 12 || man.Month != "2026-10" || man.Records.Holes != 1 {
		t.Errorf("manifest %+v", man)
	}
	return dir
}

func edit(t *testing.T, path string, change func(string) string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if after := change(string(b)); after != string(b) {
		b = []byte(after)
	} else {
		t.Fatalf("%s: nothing was changed", path)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever is done to a folder is told, by the name of the file.
func TestTampering(t *testing.T) {
	swap := func(from, to string) func(string) string {
		return func(s string) string { return strings.Replace(s, from, to, 1) }
	}
	tests := []struct {
		name string
		do   func(t *testing.T, dir string)
		want string // changed|missing|added|signature
	}{
		{"nothing", func(*testing.T, string) {}, "[]|[]|[]|holds"},
		{"a member more", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "members.csv"), func(s string) string { return s + "61,张三\r\n" })
		}, "[members.csv]|[]|[]|holds"},
		{"as long as before", func(t *testing.T, dir string) { edit(t, filepath.Join(dir, "study.csv"), swap("60", "61")) }, "[study.csv]|[]|[]|holds"},
		{"one bit of the workbook", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "register.xlsx"), func(s string) string { b := []byte(s); b[len(b)/2] ^= 1; return string(b) })
		}, "[register.xlsx]|[]|[]|holds"},
		{"taken away", func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "corrections.csv"))) }, "[]|[corrections.csv]|[]|holds"},
		{"added", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "more.csv"), []byte("x"), 0o600))
		}, "[]|[]|[more.csv]|holds"},
		{"a folder added", func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700)) }, "[]|[]|[sub]|holds"},
		{"a file that is a link to the same bytes", func(t *testing.T, dir string) {
			path := filepath.Join(dir, "duty.csv")
			must(t, os.Rename(path, path+".x"))
			must(t, os.Symlink("duty.csv.x", path))
		}, "[duty.csv]|[]|[duty.csv.x]|holds"},
		{"renamed", func(t *testing.T, dir string) {
			must(t, os.Rename(filepath.Join(dir, "duty.csv"), filepath.Join(dir, "Duty.csv")))
		}, "[]|[duty.csv]|[Duty.csv]|holds"},
		{"another month", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest.json"), swap("2026-10", "2026-09"))
		}, "[]|[]|[]|broken"},
		{"a space in the list", func(t *testing.T, dir string) { edit(t, filepath.Join(dir, "manifest.json"), swap(": ", ":  ")) }, "[]|[]|[]|broken"},
		{"no signature", func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "manifest.sig"))) }, "[]|[]|[]|missing"},
		{"half a signature", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest.sig"), func(s string) string { return s[:20] })
		}, "[]|[]|[]|broken"},
		{"an old signature of the station on a new list", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest.json"), swap("槐树村", "柳树村"))
			other := written(t, filepath.Join(t.TempDir(), "other"))
			sig, err := os.ReadFile(filepath.Join(other, "manifest.sig"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, "manifest.sig"), sig, 0o600))
		}, "[]|[]|[]|broken"},
	}
	whole := os.DirFS(written(t, filepath.Join(t.TempDir(), "2026-10")))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, whole))
			tt.do(t, dir)
			v, err := register.Verify(dir, aHand(1).check)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%v|%v|%v|%s", v.Changed, v.Missing, v.Added, v.Signature); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if v.OK() != (tt.want == "[]|[]|[]|holds") {
				t.Errorf("OK is %v", v.OK())
			}
		})
	}
}

// A folder that somebody signed with a key of his own is whole, and does not hold.
func TestAnotherKey(t *testing.T) {
	dir := written(t, filepath.Join(t.TempDir(), "m"))
	v, err := register.Verify(dir, aHand(2).check)
	if err != nil || v.Signature != register.UnknownKey || v.OK() || v.Problems() != 1 {
		t.Errorf("%+v %v", v, err)
	}
	lying := func(_, domain string, m, sig []byte) (bool, bool) {
		_, good := aHand(1).check("", domain+"x", m, sig)
		return true, good
	}
	if v, err := register.Verify(dir, lying); err != nil || v.Signature != register.Broken {
		t.Errorf("another domain: %+v %v", v.Signature, err)
	}
}

func TestNoBooks(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		want error
	}{
		"no list":         {"", register.ErrNoManifest},
		"nonsense":        {"nonsense", register.ErrForm},
		"a newer program": {`{"v":2,"station":"s","files":[]}`, register.ErrForm},
		"a way out":       {`{"v":1,"station":"s","files":[{"name":"../../etc/passwd","bytes":1,"sha256":""}]}`, register.ErrForm},
		"a name twice":    {`{"v":1,"station":"s","files":[{"name":"a"},{"name":"a"}]}`, register.ErrForm},
		"an escape":       {`{"v":1,"station":"s","files":[{"name":"a\u001b[2J"}]}`, register.ErrForm},
	} {
		dir := t.TempDir()
		if tt.file != "" {
			must(t, os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(tt.file), 0o600))
		}
		if _, err := register.Verify(dir, aHand(1).check); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := register.Verify(filepath.Join(t.TempDir(), "none"), aHand(1).check); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

// The same month is made anew; another month's books stay unless force is given, and
// what is none of the books stays for ever.
func TestReplacing(t *testing.T) {
	parent := t.TempDir()
	dir := written(t, filepath.Join(parent, "books"))
	written(t, dir)
	s, o := october(t)
	write := func(month time.Month, station string, force bool) error {
		o.Month, o.Station = month, station
		_, err := register.Write(dir, build(t, s, o), text.New("en"), aHand(1), force)
		return err
	}
	var other *register.Other
	if err := write(time.November, stationID, false); !errors.As(err, &other) || !strings.Contains(other.What, "2026-10") {
		t.Errorf("another month: %v", err)
	}
	if err := write(time.October, "370100-015", false); !errors.As(err, &other) {
		t.Errorf("another station: %v", err)
	}
	if err := write(time.November, stationID, true); err != nil {
		t.Errorf("with force: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "scan.pdf"), nil, 0o600))
	var foreign *register.Foreign
	if err := write(time.November, stationID, true); !errors.As(err, &foreign) || foreign.File != "scan.pdf" {
		t.Errorf("with a file of somebody's: %v", err)
	}
	if got := names(t, parent); !slices.Equal(got, []string{"books"}) {
		t.Errorf("left behind: %v", got)
	}
	if err := os.Remove(filepath.Join(dir, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	if err := write(time.November, stationID, true); !errors.As(err, &foreign) {
		t.Errorf("a folder that is none of ours: %v", err)
	}
}

// What cannot be written leaves nothing; an empty folder, a link to a folder and what a
// power cut left are no hindrance.
func TestPlaces(t *testing.T) {
	s, o := october(t)
	m := build(t, s, o)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, []byte("mine"), 0o600))
	for _, dir := range []string{file, filepath.Join(file, "x"), filepath.Join(t.TempDir(), "no", "parent")} {
		if _, err := register.Write(dir, m, text.New("zh"), aHand(1), true); err == nil {
			t.Errorf("%s was written", dir)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("the file is %q, %v", b, err)
	}
	parent := t.TempDir()
	real, link := filepath.Join(parent, "real"), filepath.Join(parent, "link")
	must(t, os.Mkdir(real, 0o700))
	must(t, os.Symlink("real", link))
	written(t, real+".old")
	written(t, link)
	written(t, link)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if got := names(t, parent); !slices.Equal(got, []string{"link", "real"}) {
		t.Errorf("there is %v", got)
	}
	if v, err := register.Verify(real, aHand(1).check); err != nil || !v.OK() {
		t.Errorf("%+v %v", v, err)
	}
}
