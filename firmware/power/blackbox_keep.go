package power

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Bounds of the folder of events; the oldest files go first.
const (
	maxFiles    = 200
	maxBytes    = 8 << 20
	boxRetry    = 10 * time.Second
	recordExt   = ".json"
	recordStamp = "20060102T150405.000Z"
)

// NoteEvents is a standing remark: the newest event could not be written. It is a
// key of the text catalogue.
const NoteEvents = "guard.events_unsafe"

// boxKeeper is the part of the black box beside the loop: it writes one file an
// event. What cannot be written is tried again while there is room in memory.
type boxKeeper struct {
	dir       string
	boot      string
	fullScale int
	limits    Limits
	log       *slog.Logger
	slot      *[slots]capture
	wake      chan struct{}
	names     [slots]string // of files that are not yet whole
	unsafe    atomic.Bool   // the newest file could not be written
	failed    int           // writes, since the last good one
}

// keepFiles writes until ctx ends, and then what is left.
func (k *boxKeeper) keepFiles(ctx context.Context) {
	retry := time.NewTicker(boxRetry)
	defer retry.Stop()
	for {
		k.sweep()
		select {
		case <-k.wake:
		case <-retry.C:
		case <-ctx.Done():
			k.sweep()
			return
		}
	}
}

// sweep writes every capture that is the keeper's and gives it back. One that is
// whole and cannot be written is kept for the next time; one that is not comes
// again anyway.
func (k *boxKeeper) sweep() {
	for i := range k.slot {
		c := &k.slot[i]
		if !c.yours.Load() {
			continue
		}
		err := k.store(i, c)
		k.note(err)
		if err != nil && c.whole {
			continue
		}
		if c.whole {
			k.names[i] = ""
		}
		c.yours.Store(false)
	}
}

// note logs the first failure of a row and its end.
func (k *boxKeeper) note(err error) {
	switch {
	case err != nil && k.failed == 0:
		k.log.Error("guard events", "err", err)
	case err == nil && k.failed > 0:
		k.log.Info("guard events written again", "failed", k.failed)
	}
	k.failed++
	if err == nil {
		k.failed = 0
	}
	k.unsafe.Store(err != nil)
}

// store writes capture c of place i.
func (k *boxKeeper) store(i int, c *capture) error {
	r := k.record(c)
	if k.names[i] == "" {
		k.names[i] = fmt.Sprintf("%s-%s-%d%s", c.wall.UTC().Format(recordStamp), cmp.Or(k.boot, "boot"), c.seq, recordExt)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return err
	}
	if err := makeRoom(k.dir, k.names[i], int64(len(b))+1); err != nil {
		return err
	}
	return replaceFile(k.dir, k.names[i], append(b, '\n'))
}

// makeRoom removes the oldest events, by name, until one more of size fits.
func makeRoom(dir, name string, size int64) error {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	var old []os.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasSuffix(e.Name(), recordExt) || e.Name() == name {
			continue
		}
		old = append(old, info)
		size += info.Size()
	}
	for len(old) > 0 && (len(old) >= maxFiles || size > maxBytes) {
		if err := os.Remove(filepath.Join(dir, old[0].Name())); err != nil {
			return err
		}
		size -= old[0].Size()
		old = old[1:]
	}
	return nil
}
