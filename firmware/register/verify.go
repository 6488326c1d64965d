package register

import (
	"bytes"
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
	"strings"
)

const (
	mostManifest = 1 << 20 // bytes
	mostFiles    = 64
	mostAdded    = 1000
)

var (
	// ErrNoManifest means that the folder has no manifest.json.
	ErrNoManifest = errors.New("no manifest.json")
	// ErrForm means that manifest.json is none.
	ErrForm = errors.New("manifest.json: not a list of books")
)

// Verdict is what is not as it was signed.
type Verdict struct {
	Manifest  Manifest  `json:"manifest"`
	Changed   []string  `json:"changed"`
	Missing   []string  `json:"missing"`
	Added     []string  `json:"added"`
	Signature Signature `json:"signature"`
}

// Signature is how the manifest's signature stands.
type Signature string

// The ways in which a signature stands.
const (
	Holds      Signature = "holds"
	Broken     Signature = "broken"      // not what the key signed
	NoFile     Signature = "missing"     // there is none
	UnknownKey Signature = "unknown_key" // it could not be checked
)

// OK says whether all is as it was signed by a key that is known.
func (v Verdict) OK() bool { return v.Problems() == 0 }

// Problems counts what is wrong.
func (v Verdict) Problems() int {
	n := len(v.Changed) + len(v.Missing) + len(v.Added)
	if v.Signature != Holds {
		n++
	}
	return n
}

// Check says whether the key of that ID is known and whether the signature is its own.
type Check func(key, domain string, message, signature []byte) (known, good bool)

// Verify compares a folder with its manifest and the manifest with its signature. The
// error says why the folder cannot be judged: ErrNoManifest, ErrForm, or of the disk.
func Verify(dir string, check Check) (Verdict, error) {
	man, raw, err := readManifest(dir)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Manifest: man, Changed: []string{}, Missing: []string{}, Added: []string{}}
	known := map[string]bool{ManifestFile: true, SignatureFile: true}
	for _, f := range man.Files {
		known[f.Name] = true
		same, err := f.same(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.Missing = append(v.Missing, f.Name)
		case err != nil:
			return v, err
		case !same:
			v.Changed = append(v.Changed, f.Name)
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return v, err
	}
	for _, e := range list {
		if !known[e.Name()] && len(v.Added) < mostAdded {
			v.Added = append(v.Added, clean(e.Name()))
		}
	}
	v.Signature, err = signed(dir, man, raw, check)
	m := &v.Manifest // whoever wrote it, it is going to be shown
	m.Station, m.Name, m.Month, m.Zone, m.Lang, m.Key = clean(m.Station), clean(m.Name), clean(m.Month), clean(m.Zone), clean(m.Lang), clean(m.Key)
	return v, err
}

func signed(dir string, man Manifest, raw []byte, check Check) (Signature, error) {
	text, err := small(filepath.Join(dir, SignatureFile), 1<<10)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return NoFile, nil
	case err != nil:
		return Broken, err
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return Broken, nil
	}
	switch known, good := check(man.Key, Domain, raw, sig); {
	case !known:
		return UnknownKey, nil
	case !good:
		return Broken, nil
	}
	return Holds, nil
}

// readManifest reads a list of files and its very bytes.
func readManifest(dir string) (Manifest, []byte, error) {
	b, err := small(filepath.Join(dir, ManifestFile), mostManifest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(dir); err != nil {
			return Manifest{}, nil, err
		}
		return Manifest{}, nil, ErrNoManifest
	case err != nil:
		return Manifest{}, nil, err
	}
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if dec.Decode(&m) != nil || m.V != 1 || len(m.Files) > mostFiles || m.Station == "" {
		return Manifest{}, nil, ErrForm
	}
	seen := map[string]bool{"": true, ".": true, "..": true, ManifestFile: true, SignatureFile: true}
	for _, f := range m.Files {
		if seen[f.Name] || strings.ContainsAny(f.Name, `/\`) || clean(f.Name) != f.Name {
			return Manifest{}, nil, ErrForm
		}
		seen[f.Name] = true
	}
	return m, b, nil
}

// small reads a regular file of at most so many bytes; others might never end.
func small(path string, most int64) ([]byte, error) {
	f, size, err := regular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	if size > most {
		return nil, fmt.Errorf("%s: more than %d bytes", filepath.Base(path), most)
	}
	return io.ReadAll(io.LimitReader(f, most))
}

func regular(path string) (*os.File, int64, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: not a regular file", filepath.Base(path))
	}
	f, err := os.Open(path)
	return f, info.Size(), err
}

// same says whether the file in dir has the bytes that were signed.
func (f File) same(dir string) (bool, error) {
	path := filepath.Join(dir, f.Name)
	if info, err := os.Lstat(path); err == nil && (!info.Mode().IsRegular() || info.Size() != f.Bytes) {
		return false, nil // a link or a folder is another thing
	}
	in, _, err := regular(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = in.Close() }() // only read
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(in, f.Bytes+1)); err != nil {
		return false, err
	}
	return hex.EncodeToString(sum.Sum(nil)) == f.SHA256, nil
}
