package page

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	leastPIN = 6 // digits
	mostPIN  = 12
	// iterations of PBKDF2 with SHA-256: some 0.2 s of a Raspberry Pi 4. A million PINs
	// are soon tried by who has the card; against them is that the card is in a locked
	// case, and that the hash is of this PIN only.
	iterations      = 250_000
	leastIterations = 200_000
	mostIterations  = 10_000_000
	pinName         = "pin.json"
	mostFile        = 4 << 10
)

// ErrNoPIN means that no PIN has been set.
var ErrNoPIN = errors.New("no PIN is set")

// WeakPIN is a PIN that is refused; Key says why, a key of the text catalogue.
type WeakPIN struct{ Key string }

// Error returns the key.
func (w *WeakPIN) Error() string { return "PIN: " + w.Key }

// PINs is the file of the administrator's PIN, of which it holds a salted hash. It
// may be changed by another program at any moment.
type PINs struct {
	dir   string
	least int // iterations of a file that is believed
}

// PINsIn returns the PIN that is kept in a folder, which need not be there.
func PINsIn(dir string) *PINs { return &PINs{dir, leastIterations} }

type pinFile struct {
	Version    int    `json:"v"`
	Salt       string `json:"salt"`
	Iterations int    `json:"iterations"`
	Hash       string `json:"hash"`
}

// Set makes pin the PIN; everybody who has logged in with another is logged out.
// Errors: *WeakPIN, and those of the card, which leave the old one.
func (p *PINs) Set(pin string) error {
	pin = Digits(pin)
	if key := weakness(pin); key != "" {
		return &WeakPIN{key}
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	f := pinFile{Version: 1, Salt: hex.EncodeToString(salt), Iterations: iterations}
	hash, err := pbkdf2.Key(sha256.New, pin, salt, f.Iterations, sha256.Size)
	if err != nil {
		return fmt.Errorf("PIN: %w", err)
	}
	f.Hash = hex.EncodeToString(hash)
	b, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("PIN: %w", err)
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("PIN: %w", err)
	}
	return replace(filepath.Join(p.dir, pinName), b)
}

// check says whether pin is the PIN, and the stamp of what it was compared with.
func (p *PINs) check(pin string) (stamp string, ok bool, err error) {
	f, err := p.read()
	if err != nil {
		return "", false, err
	}
	salt, err1 := hex.DecodeString(f.Salt)
	want, err2 := hex.DecodeString(f.Hash)
	if err := errors.Join(err1, err2); err != nil {
		return "", false, fmt.Errorf("PIN: %w", err)
	}
	got, err := pbkdf2.Key(sha256.New, pin, salt, f.Iterations, sha256.Size)
	if err != nil {
		return "", false, fmt.Errorf("PIN: %w", err)
	}
	return f.Salt, subtle.ConstantTimeCompare(got, want) == 1, nil
}

// stamp is another one for each PIN, "" when there is none that can be read.
func (p *PINs) stamp() string {
	f, err := p.read()
	if err != nil {
		return ""
	}
	return f.Salt
}

func (p *PINs) read() (pinFile, error) {
	file, err := os.Open(filepath.Join(p.dir, pinName))
	if errors.Is(err, fs.ErrNotExist) {
		return pinFile{}, ErrNoPIN
	}
	if err != nil {
		return pinFile{}, fmt.Errorf("PIN: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(file, mostFile))
	var f pinFile
	if err := errors.Join(err, file.Close(), json.Unmarshal(b, &f)); err != nil {
		return pinFile{}, fmt.Errorf("PIN: %w", err)
	}
	if f.Version != 1 || len(f.Salt) < 32 || len(f.Hash) != 2*sha256.Size || f.Iterations < p.least || f.Iterations > mostIterations {
		return pinFile{}, errors.New("PIN: the file is none of this program's")
	}
	return f, nil
}

// replace writes a file, for its owner only, so that a power cut leaves the old or
// the new.
func replace(path string, b []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // 0600
	if err != nil {
		return fmt.Errorf("PIN: %w", err)
	}
	_, err = temp.Write(b)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name()) // the first error is the one to tell
		return fmt.Errorf("PIN: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("PIN: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Digits is what was typed without spaces, with full-width digits as digits.
func Digits(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '\u3000' || r == '-' || r == '\r' || r == '\n' || r == '\t':
			return -1
		}
		return r
	}, typed)
}

// weakness says why a PIN is refused, a key of the text catalogue, "" for a good one.
func weakness(pin string) string {
	switch {
	case strings.Trim(pin, "0123456789") != "":
		return "page.pin.digits"
	case len(pin) < leastPIN:
		return "page.pin.short"
	case len(pin) > mostPIN:
		return "page.pin.long"
	case fewDigits(pin), stepped(pin), repeated(pin):
		return "page.pin.simple"
	case birthday(pin):
		return "page.pin.birthday"
	}
	return ""
}

func fewDigits(pin string) bool {
	seen := map[rune]bool{}
	for _, r := range pin {
		seen[r] = true
	}
	return len(seen) < 3
}

// stepped is each digit as far from the one before as the others: 123456, 246802.
func stepped(pin string) bool {
	for i := 2; i < len(pin); i++ {
		if (pin[i]-pin[i-1]+10)%10 != (pin[1]-pin[0]+10)%10 {
			return false
		}
	}
	return true
}

// repeated is one part again and again, or to and fro: 123123, 123321.
func repeated(pin string) bool {
	for n := 1; n <= len(pin)/2; n++ {
		if len(pin)%n == 0 && strings.Repeat(pin[:n], len(pin)/n) == pin {
			return true
		}
	}
	for i := range len(pin) / 2 {
		if pin[i] != pin[len(pin)-1-i] {
			return false
		}
	}
	return true
}

// birthday is a date as people write theirs: 19680412, 680412.
func birthday(pin string) bool {
	layout := map[int]string{6: "060102", 8: "20060102"}[len(pin)]
	if layout == "" {
		return false
	}
	t, err := time.Parse(layout, pin)
	return err == nil && (len(pin) == 6 || t.Year() >= 1900 && t.Year() < 2100)
}
