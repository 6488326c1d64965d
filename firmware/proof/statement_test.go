package proof_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"stationbox/firmware/proof"
)

// A statement holds for its key, its domain and its bytes only, and no statement is a
// lesson record nor the other way round.
func TestStatement(t *testing.T) {
	dir := t.TempDir()
	key, err := proof.OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	other, err := proof.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sig := key.Statement("registers 1", []byte("list"))
	for name, tt := range map[string]struct {
		key             *proof.Key
		domain, message string
		want            bool
	}{
		"as signed":             {key, "registers 1", "list", true},
		"another message":       {key, "registers 1", "lists", false},
		"another domain":        {key, "registers 2", "list", false},
		"moved into the domain": {key, "registers 1\x00list", "", false},
		"another key":           {other, "registers 1", "list", false},
	} {
		if got := proof.VerifyStatement(tt.key.Public, tt.domain, []byte(tt.message), sig); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if proof.VerifyStatement(nil, "registers 1", []byte("list"), sig) || proof.VerifyStatement(key.Public, "registers 1", []byte("list"), nil) {
		t.Error("held without a key or a signature")
	}
	if key.KeyID() != key.ID {
		t.Errorf("id %s, %s", key.KeyID(), key.ID)
	}
}

// ReadKey reads what OpenKey made, and makes and mends nothing.
func TestReadKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := proof.ReadKey(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
	made, err := proof.OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := proof.ReadKey(dir); err != nil || k.ID != made.ID {
		t.Errorf("read %v, %v", k, err)
	}
	path := filepath.Join(dir, "station.key")
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := proof.ReadKey(dir); err == nil {
		t.Error("a damaged key was read")
	}
	if list, _ := os.ReadDir(dir); len(list) != 2 {
		t.Errorf("files: %v", list)
	}
}
