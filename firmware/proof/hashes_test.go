package proof_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stationbox/firmware/proof"
)

func film(t *testing.T, path string, size int) string {
	t.Helper()
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * 7)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// resting counts what a hash waits.
type resting struct {
	total time.Duration
	then  func()
}

func (r *resting) wait(ctx context.Context, d time.Duration) error {
	r.total += d
	if r.then != nil {
		r.then()
	}
	return ctx.Err()
}

func TestHashes(t *testing.T) {
	dir := t.TempDir()
	path, memory := filepath.Join(dir, "party.mp4"), filepath.Join(dir, "hashes.json")
	want := film(t, path, 1<<20+5)
	r := &resting{}
	h := proof.OpenHashes(memory, proof.HashOpts{Rate: 1 << 20, Wait: r.wait})
	if f, err := h.Known(path); err != nil || f.SHA256 != "" || f.Bytes != 1<<20+5 {
		t.Errorf("before: %+v, %v", f, err)
	}
	f, err := h.Sum(t.Context(), path)
	if err != nil || f.SHA256 != want {
		t.Fatalf("hash: %+v, %v", f, err)
	}
	if r.total != time.Second {
		t.Errorf("1 MiB at 1 MiB/s took %v", r.total)
	}
	// A program that is started again does not read it again.
	h = proof.OpenHashes(memory, proof.HashOpts{Wait: func(context.Context, time.Duration) error { return errors.New("read again") }})
	if again, err := h.Sum(t.Context(), path); err != nil || again != f {
		t.Errorf("again: %+v, %v", again, err)
	}
	// A film that was replaced, by the same number of bytes, is another.
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if now, err := h.Known(path); err != nil || now.SHA256 != "" || now.Same(f) {
		t.Errorf("written to: %+v, %v", now, err)
	}
	if was, ok := h.Remembered(path); !ok || was != f {
		t.Errorf("remembered: %+v, %v", was, ok)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, ok := h.Remembered(dir); ok {
		t.Error("remembers what it never read")
	}
	if _, err := h.Sum(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := h.Sum(t.Context(), dir); err == nil {
		t.Error("a folder has a hash")
	}
}

func TestHashesStop(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "party.mp4")
	film(t, path, 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	h := proof.OpenHashes(filepath.Join(dir, "hashes.json"), proof.HashOpts{Wait: (&resting{then: cancel}).wait})
	if _, err := h.Sum(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for name, change := range map[string]func(){
		"shorter": func() { _ = os.Truncate(path, 300<<10) },
		"touched": func() { _ = os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
	} {
		film(t, path, 1<<20)
		h := proof.OpenHashes(filepath.Join(dir, "hashes.json"), proof.HashOpts{Wait: (&resting{then: change}).wait})
		if _, err := h.Sum(t.Context(), path); !errors.Is(err, proof.ErrChanging) {
			t.Errorf("%s while read: %v", name, err)
		}
	}
}
