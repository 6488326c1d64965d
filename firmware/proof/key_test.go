package proof_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"stationbox/firmware/proof"
)

func TestKeyID(t *testing.T) {
	k := key(t)
	sum := sha256.Sum256(k.Public)
	if want := hex.EncodeToString(sum[:8]); k.ID != want || proof.KeyID(k.Public) != want {
		t.Errorf("key id %s, want %s", k.ID, want)
	}
}

func TestOpenKeyKeepsItsKey(t *testing.T) {
	dir := t.TempDir()
	first, err := proof.OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "station.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(filepath.Join(dir, "station.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := proof.OpenKey(dir)
	if err != nil || second.ID != first.ID || proof.Current(dir) != first.ID {
		t.Errorf("opened again: %s, was %s, current %s, %v", second.ID, first.ID, proof.Current(dir), err)
	}
	if info, err := os.Stat(filepath.Join(dir, "station.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a key that others could read stays so: %v, %v", info.Mode(), err)
	}
	if _, err := proof.Verify(proof.Sign(party(), second), proof.PublicKeys(dir).Find); err != nil {
		t.Errorf("its own record: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenKeyInTrouble(t *testing.T) {
	broken := func(change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, change(b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name  string
		hurt  func(*testing.T, string)
		want  error
		aside bool
	}{
		{"gone", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, proof.ErrKeyLost, false},
		{"empty", broken(func([]byte) []byte { return nil }), proof.ErrKeyDamaged, true},
		{"cut", broken(func(b []byte) []byte { return b[:len(b)/2] }), proof.ErrKeyDamaged, true},
		{"another key's name", broken(func(b []byte) []byte { b[len("station key ")] ^= 1; return b }), proof.ErrKeyDamaged, true},
		{"one letter of the key", broken(func(b []byte) []byte {
			i := bytes.LastIndex(b, []byte("\n-----END")) - 4
			b[i] ^= 3
			return b
		}), proof.ErrKeyDamaged, true},
		{"much too long", broken(func(b []byte) []byte { return bytes.Repeat(b, 100) }), proof.ErrKeyDamaged, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "station.key")
			old, err := proof.OpenKey(dir)
			if err != nil {
				t.Fatal(err)
			}
			record := proof.Sign(party(), old)
			tt.hurt(t, path)
			k, err := proof.OpenKey(dir)
			if !errors.Is(err, tt.want) || k == nil || k.ID == old.ID {
				t.Fatalf("got %v, want %v and a new key", err, tt.want)
			}
			if _, err := os.Stat(path + ".damaged-1"); (err == nil) != tt.aside {
				t.Errorf("put aside: %v, want %v", err == nil, tt.aside)
			}
			again, err := proof.OpenKey(dir)
			if err != nil || again.ID != k.ID {
				t.Errorf("the new key does not stay: %v", err)
			}
			ring := proof.PublicKeys(dir)
			if _, err := proof.Verify(record, ring.Find); err != nil {
				t.Errorf("a record of the old key: %v", err)
			}
			if _, err := proof.Verify(proof.Sign(party(), again), ring.Find); err != nil {
				t.Errorf("a record of the new key: %v", err)
			}
		})
	}
}

// TestOpenKeyWithoutACard: a station whose card takes nothing still signs.
func TestOpenKeyWithoutACard(t *testing.T) {
	k, err := proof.OpenKey(filepath.Join(t.TempDir(), "gone"))
	if !errors.Is(err, proof.ErrKeyUnsaved) || k == nil {
		t.Fatalf("got %v, %v", k, err)
	}
	if _, err := proof.Verify(proof.Sign(party(), k), ring(k).Find); err != nil {
		t.Error(err)
	}
}

func FuzzParsePublic(f *testing.F) {
	f.Add(proof.PublicPEM(key(f).Public))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if pub, err := proof.ParsePublic(b); err == nil && len(pub) != ed25519.PublicKeySize {
			t.Errorf("a key of %d bytes", len(pub))
		}
	})
}
