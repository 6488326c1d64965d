package library

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// ManifestName is the file that makes a folder a lesson.
const ManifestName = "lesson.toml"

// Manifest describes a lesson: what people may write, and what was measured when
// it came.
type Manifest struct {
	Title    string `toml:"title" json:"title"`
	Language string `toml:"language,omitempty" json:"language,omitempty"` // "zh", "en", "bo" … as in BCP 47
	Age      int    `toml:"age" json:"age"`                               // of the viewers, at least; 0 for all
	Source   string `toml:"source,omitempty" json:"source,omitempty"`     // who made it, where it is from
	Licence  string `toml:"licence,omitempty" json:"licence,omitempty"`

	Film     string    `toml:"film" json:"film"` // file in the folder
	SHA256   string    `toml:"sha256" json:"sha256"`
	Bytes    int64     `toml:"bytes" json:"bytes"`
	LengthMS int64     `toml:"length_ms" json:"length_ms"` // to the end of its last picture or sound
	Modified time.Time `toml:"modified" json:"modified"`   // of the film's file, when it was put there
	Added    time.Time `toml:"added" json:"added"`
	Board    string    `toml:"board" json:"board"` // that it was checked for

	Cover     string     `toml:"cover,omitempty" json:"cover,omitempty"` // picture in the folder
	Subtitles []Subtitle `toml:"subtitle,omitempty" json:"subtitles,omitempty"`
	Probe     Probe      `toml:"probe" json:"probe"`
	Loudness  Loudness   `toml:"loudness" json:"loudness"`
}

// Subtitle is a subtitle file of a lesson, UTF-8.
type Subtitle struct {
	File     string `toml:"file" json:"file"`
	Language string `toml:"language,omitempty" json:"language,omitempty"`
	SHA256   string `toml:"sha256" json:"sha256"`
}

// Bounds of a manifest, which a stranger may have written.
const (
	mostManifest  = 64 << 10
	mostTitle     = 200 // bytes, as of the others
	mostSource    = 300
	mostLicence   = 100
	mostSubtitles = 8
	mostAge       = 99
)

var errManifest = errors.New("manifest")

// parseManifest reads a manifest. Keys it does not know are passed over, so that
// a newer hub may say more; what it knows must make sense.
func parseManifest(b []byte) (Manifest, error) {
	var m Manifest
	if len(b) > mostManifest {
		return m, fmt.Errorf("%w: more than %d bytes", errManifest, mostManifest)
	}
	if err := toml.Unmarshal(b, &m); err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", errManifest, err)
	}
	m.Title, m.Source, m.Licence = printable(m.Title, mostTitle), printable(m.Source, mostSource), printable(m.Licence, mostLicence)
	if m.Language != "" && !ValidLanguage(m.Language) {
		return Manifest{}, fmt.Errorf("%w: language %q", errManifest, printable(m.Language, 40))
	}
	return m, m.check()
}

func (m Manifest) check() error {
	switch {
	case !plain(m.Film):
		return fmt.Errorf("%w: film %q is no name of a file", errManifest, printable(m.Film, 80))
	case m.SHA256 != "" && !validHash(m.SHA256):
		return fmt.Errorf("%w: sha256 %q", errManifest, printable(m.SHA256, 80))
	case m.Bytes < 0, m.LengthMS < 0, m.LengthMS > 100*mostLength.Milliseconds():
		return fmt.Errorf("%w: %d bytes, %d ms", errManifest, m.Bytes, m.LengthMS)
	case m.Age < 0 || m.Age > mostAge:
		return fmt.Errorf("%w: age %d", errManifest, m.Age)
	case m.Cover != "" && !plain(m.Cover):
		return fmt.Errorf("%w: cover %q is no name of a file", errManifest, printable(m.Cover, 80))
	case len(m.Subtitles) > mostSubtitles:
		return fmt.Errorf("%w: %d subtitles", errManifest, len(m.Subtitles))
	}
	for _, s := range m.Subtitles {
		if !plain(s.File) || s.SHA256 != "" && !validHash(s.SHA256) || s.Language != "" && !ValidLanguage(s.Language) {
			return fmt.Errorf("%w: subtitle %q", errManifest, printable(s.File, 80))
		}
	}
	return nil
}

// whole says what a manifest of a lesson in the library must have besides.
func (m Manifest) whole() error {
	if m.SHA256 == "" || m.Bytes == 0 || m.Probe.Container == "" {
		return fmt.Errorf("%w: not one of this library", errManifest)
	}
	return nil
}

func validHash(s string) bool { return regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(s) }

// ValidLanguage says whether s has the form of a language tag: "zh", "zh-Hans".
func ValidLanguage(s string) bool {
	return len(s) <= 35 && regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`).MatchString(s)
}

// readManifest reads the manifest of the folder dir.
func readManifest(dir string) (Manifest, error) {
	b, err := readSmall(filepath.Join(dir, ManifestName), mostManifest)
	if err != nil {
		return Manifest{}, err
	}
	return parseManifest(b)
}

// encode writes a manifest as people read it.
func (m Manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# A lesson. Title, language, age, source and licence may be changed; the rest was measured.\n")
	if err := toml.NewEncoder(&b).Encode(m); err != nil {
		return nil, fmt.Errorf("%w: %w", errManifest, err)
	}
	return b.Bytes(), nil
}

// readSmall reads a regular file of at most most bytes, and no link.
func readSmall(path string, most int64) ([]byte, error) {
	f, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s: more than %d bytes", filepath.Base(path), most)
	}
	return b, nil
}

// writeFile writes a small file and sees to it that it is on the card.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// titleOf makes a title out of a file's name when nobody gave one.
func titleOf(name string) string {
	return printable(strings.NewReplacer("_", " ", "\ufeff", "").Replace(strings.TrimSuffix(name, filepath.Ext(name))), mostTitle)
}
