package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

var (
	// ErrKeyDamaged means that the key file could not be used. It was put aside
	// and a new key was made.
	ErrKeyDamaged = errors.New("the station's key was damaged and is replaced")
	// ErrKeyLost means that this station had a key and its file is gone. A new
	// one was made.
	ErrKeyLost = errors.New("the station's key is gone and is replaced")
	// ErrKeyUnsaved means that the key could not be written and is only in
	// memory: its public half is all that will be left of it.
	ErrKeyUnsaved = errors.New("the station's key cannot be saved")
)

// Key is the station's key. Only the station program has it.
type Key struct {
	ID      string // see KeyID
	Public  ed25519.PublicKey
	private ed25519.PrivateKey
}

// KeyID names a public key: the first 8 bytes of its SHA-256, in hex.
func KeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:8])
}

// The files of the keys in the station's state folder. The private one is
// PKCS #8 in PEM, readable by its owner only, after a line that names the key,
// because 32 wrong bytes would be a key too. The public ones stay for ever, so
// that old records can be checked.
const (
	keyFile    = "station.key"
	publicGlob = "station-*.pub"
	mostKeys   = 64      // public keys that are read
	mostPEM    = 4 << 10 // bytes of a file
)

// NewKey makes a key of random bytes, those of crypto/rand in a station.
func NewKey(random io.Reader) (*Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("station key: %w", err)
	}
	return keyOf(ed25519.NewKeyFromSeed(seed)), nil
}

func keyOf(private ed25519.PrivateKey) *Key {
	pub := private.Public().(ed25519.PublicKey)
	return &Key{ID: KeyID(pub), Public: pub, private: private}
}

// OpenKey reads the key in dir, or makes one. The key it returns is always
// usable; an error says what was wrong with the old one or with the card
// (ErrKeyDamaged, ErrKeyLost, ErrKeyUnsaved) and is for a person.
func OpenKey(dir string) (*Key, error) {
	path := filepath.Join(dir, keyFile)
	b, err := readSmall(path)
	var trouble error
	switch {
	case err == nil:
		k, perr := parseKey(b)
		if perr == nil {
			return k, keep(dir, path, k)
		}
		trouble = fmt.Errorf("%w (%v): %w", ErrKeyDamaged, perr, putAside(path))
	case !errors.Is(err, os.ErrNotExist):
		trouble = fmt.Errorf("%w (%v): %w", ErrKeyDamaged, err, putAside(path))
	case len(publicFiles(dir)) > 0:
		trouble = ErrKeyLost
	}
	k, err := NewKey(rand.Reader)
	if err != nil {
		return nil, err // crypto/rand never fails
	}
	return k, errors.Join(trouble, save(dir, path, k))
}

// keep sees to it that a good key is private and its public half is there.
func keep(dir, path string, k *Key) error {
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("%w: %w", ErrKeyUnsaved, err)
	}
	if _, err := os.Stat(publicPath(dir, k.ID)); err == nil {
		return nil
	}
	return savePublic(dir, k)
}

// save writes the public half first: a record must never be without it.
func save(dir, path string, k *Key) error {
	if err := savePublic(dir, k); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKeyUnsaved, err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := replace(path, append([]byte("station key "+k.ID+"\n"), block...), 0o600); err != nil {
		return fmt.Errorf("%w: %w", ErrKeyUnsaved, err)
	}
	return nil
}

func savePublic(dir string, k *Key) error {
	if err := replace(publicPath(dir, k.ID), PublicPEM(k.Public), 0o644); err != nil {
		return fmt.Errorf("%w: %w", ErrKeyUnsaved, err)
	}
	return nil
}

// parseKey reads a private key file; its first line must name the key.
func parseKey(b []byte) (*Key, error) {
	first, _, _ := strings.Cut(string(b), "\n")
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("not Ed25519")
	}
	k := keyOf(private)
	if first != "station key "+k.ID {
		return nil, errors.New("not the key that its first line names")
	}
	return k, nil
}

// putAside renames a file that cannot be used, so that a person can look at it.
func putAside(path string) error {
	for n := 1; n < 100; n++ {
		aside := fmt.Sprintf("%s.damaged-%d", path, n)
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			return os.Rename(path, aside)
		}
	}
	return errors.New("too many damaged keys")
}

// PublicPEM writes a public key as SubjectPublicKeyInfo in PEM, which every
// tool reads.
func PublicPEM(pub ed25519.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil // an Ed25519 key always encodes
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// ParsePublic reads what PublicPEM wrote.
func ParsePublic(b []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("public key: no PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	pub, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("public key: not Ed25519")
	}
	return pub, nil
}

// ReadPublic reads one public key file.
func ReadPublic(path string) (ed25519.PublicKey, error) {
	b, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	return ParsePublic(b)
}

// Keyring holds the public keys of a station by their id.
type Keyring map[string]ed25519.PublicKey

// Find is for Verify.
func (r Keyring) Find(id string) (ed25519.PublicKey, bool) {
	pub, ok := r[id]
	return pub, ok
}

// PublicKeys reads the public keys of the station in dir, old ones included, at
// most 64. Files that cannot be read are passed over: their records then have
// an unknown key.
func PublicKeys(dir string) Keyring {
	ring := Keyring{}
	for _, path := range publicFiles(dir) {
		if pub, err := ReadPublic(path); err == nil {
			ring[KeyID(pub)] = pub
		}
	}
	return ring
}

// Current is the id of the key with which the station in dir signs now, "" when
// that cannot be told. The file's first line says it, for whoever may read it.
func Current(dir string) string {
	b, err := readSmall(filepath.Join(dir, keyFile))
	if err != nil {
		return ""
	}
	k, err := parseKey(b)
	if err != nil {
		return ""
	}
	return k.ID
}

func publicPath(dir, id string) string { return filepath.Join(dir, "station-"+id+".pub") }

func publicFiles(dir string) []string {
	list, _ := filepath.Glob(filepath.Join(dir, publicGlob)) // the pattern is good
	sort.Strings(list)
	return list[:min(len(list), mostKeys)]
}
