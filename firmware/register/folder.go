package register

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stationbox/firmware/text"
)

// The files of a folder besides a CSV file for each book.
const (
	HTMLFile      = "register.html"
	XLSXFile      = "register.xlsx"
	ManifestFile  = "manifest.json"
	SignatureFile = "manifest.sig"
)

// Domain is what the station's key signs a manifest for, so that no signature of it
// for another purpose is one of these.
const Domain = "registers 1"

// Signer is the station's key.
type Signer interface {
	KeyID() string
	Statement(domain string, message []byte) (signature []byte)
}

// Manifest lists what is in a folder. Its very bytes are signed; manifest.sig is the
// Ed25519 signature in base64.
type Manifest struct {
	V       int       `json:"v"` // 1
	Station string    `json:"station"`
	Name    string    `json:"name"`
	Month   string    `json:"month"` // "2026-10"
	Zone    string    `json:"zone"`
	Made    time.Time `json:"made"`
	Lang    string    `json:"lang"`
	Key     string    `json:"key"` // ID of the key that signs
	Records Records   `json:"records"`
	Files   []File    `json:"files"`
}

// Records are the journal's records of the month.
type Records struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Count int    `json:"count"`
	Holes int    `json:"holes"`
}

// File is a file of the folder.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Other means that the folder holds the books of another station or month.
type Other struct{ What string }

func (e *Other) Error() string { return "it holds the books of " + e.What }

// Foreign means that the folder holds something that is none of the books. It is never
// replaced.
type Foreign struct{ File string }

func (e *Foreign) Error() string { return "it holds " + e.File + ", which is none of the books" }

// Write makes the folder dir out of m: all of it, or nothing. What is there already is
// replaced when it is the same station's books of the same month, made before; those
// of another are replaced with force only, and a folder with anything else in it never
// is (errors *Other, *Foreign). A power cut leaves the old folder, the new one, or,
// between two names, the old one as "dir.old".
func Write(dir string, m *Month, words *text.Catalogue, key Signer, force bool) (Manifest, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Manifest{}, err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if err := replaceable(dir, m, force); err != nil {
		return Manifest{}, err
	}
	parent := filepath.Dir(dir)
	stage, err := os.MkdirTemp(parent, ".register-")
	if err != nil {
		return Manifest{}, err
	}
	defer func() { _ = os.RemoveAll(stage) }() // nothing is there after the renaming
	man, err := fill(stage, m, words, key)
	if err != nil {
		return Manifest{}, err
	}
	if err := os.Chmod(stage, 0o755); err != nil {
		return Manifest{}, err
	}
	if old := dir + ".old"; replaceable(old, m, force) == nil {
		_ = os.RemoveAll(old) // of a power cut between two names; what stays is told by swap
	}
	if err := swap(stage, dir); err != nil {
		return Manifest{}, err
	}
	return man, syncDir(parent)
}

// replaceable says whether dir may be made or replaced.
func replaceable(dir string, m *Month, force bool) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(list) == 0:
		return nil
	}
	man, _, err := readManifest(dir)
	if err != nil {
		return &Foreign{list[0].Name()}
	}
	for _, e := range list {
		if !slices.Contains(man.names(), e.Name()) || !e.Type().IsRegular() {
			return &Foreign{e.Name()}
		}
	}
	if (man.Station != m.Station || man.Month != m.name()) && !force {
		return &Other{man.Station + " " + man.Month}
	}
	return nil
}

// names are all files that a folder may hold.
func (m Manifest) names() []string {
	list := []string{ManifestFile, SignatureFile}
	for _, f := range m.Files {
		list = append(list, f.Name)
	}
	return list
}

// name is the month as "2026-10".
func (m *Month) name() string { return m.From.Format("2006-01") }

// swap puts stage in the place of dir.
func swap(stage, dir string) error {
	old := dir + ".old"
	switch err := os.Rename(dir, old); {
	case errors.Is(err, fs.ErrNotExist):
		return os.Rename(stage, dir)
	case err != nil:
		return err
	}
	if err := os.Rename(stage, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return os.RemoveAll(old)
}

// fill writes all files of m into dir.
func fill(dir string, m *Month, words *text.Catalogue, key Signer) (Manifest, error) {
	p, books := printer{m, words}, m.Books(words)
	man := Manifest{V: 1, Station: m.Station, Name: m.Name, Month: m.name(), Zone: m.From.Location().String(), Made: m.Made, Lang: words.Lang(), Key: key.KeyID(),
		Records: Records{m.First, m.Last, m.Records, len(m.Holes)}, Files: []File{}}
	put := func(name string, write func(io.Writer) error) error {
		f, err := create(filepath.Join(dir, name), write)
		f.Name = name
		man.Files = append(man.Files, f)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	if err := put(HTMLFile, func(w io.Writer) error { return p.writeHTML(w, books, man.Key) }); err != nil {
		return man, err
	}
	if err := put(XLSXFile, func(w io.Writer) error { return p.writeXLSX(w, books) }); err != nil {
		return man, err
	}
	for _, b := range books {
		if err := put(b.Key+".csv", func(w io.Writer) error { return WriteCSV(w, b) }); err != nil {
			return man, err
		}
	}
	return man, sign(dir, man, key)
}

// sign writes the manifest and its signature, the last of the files.
func sign(dir string, man Manifest, key Signer) error {
	b, err := json.MarshalIndent(man, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	sig := base64.StdEncoding.EncodeToString(key.Statement(Domain, b)) + "\n"
	for name, content := range map[string]string{ManifestFile: string(b), SignatureFile: sig} {
		if _, err := create(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := io.WriteString(w, content)
			return err
		}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return syncDir(dir)
}

// create writes a file to the card and says what is in it.
func create(path string, write func(io.Writer) error) (File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return File{}, err
	}
	sum := sha256.New()
	count := &counter{}
	out := bufio.NewWriter(io.MultiWriter(f, sum, count))
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	err = errors.Join(err, f.Sync(), f.Close())
	return File{Bytes: count.n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || err != nil && strings.Contains(err.Error(), "invalid argument") {
		err = nil // a stick's file system that cannot
	}
	return errors.Join(err, d.Close())
}
