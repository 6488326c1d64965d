package compare

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Load is what other programs did all the time: one that syncs block after block
// to the disk, and one that never rests.
type Load struct {
	BlockBytes int     `json:"block_bytes"`
	Synced     int64   `json:"synced_bytes"`
	PerSecond  float64 `json:"synced_bytes_per_s"`
	Burners    int     `json:"burners"`
}

// The disk is written in blocks to a file that begins again when it is full, at
// most 25 MB a second.
const (
	blockSize   = 256 << 10
	ballastSize = 64 * blockSize
	blockRests  = 10 * time.Millisecond
)

// burden is a load under way.
type burden struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	begun  time.Time
	load   Load
	err    error
	burner *program
}

// lay begins to burn and to write into the folder dir, all with the ordinary
// priority. It goes on until lift.
func lay(ctx context.Context, dir string, now time.Time) (*burden, error) {
	burner, err := launch(exec.Command("sh", "-c", "while :; do :; done"), filepath.Join(dir, "burner.log"), nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	b := &burden{cancel: cancel, begun: now, burner: burner, load: Load{BlockBytes: blockSize, Burners: 1}}
	b.wg.Go(func() { b.err = b.write(ctx, filepath.Join(dir, "ballast")) })
	return b, nil
}

// lift ends it and returns what it was. A nil burden was none.
func (b *burden) lift(now time.Time) (*Load, error) {
	if b == nil {
		return nil, nil
	}
	b.cancel()
	b.wg.Wait()
	b.load.PerSecond = float64(b.load.Synced) / now.Sub(b.begun).Seconds()
	return &b.load, errors.Join(b.err, b.burner.end())
}

func (b *burden) write(ctx context.Context, name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(name)) }()
	block := make([]byte, blockSize)
	for at := int64(0); ctx.Err() == nil; at = (at + blockSize) % ballastSize {
		block[0]++
		_, err := f.WriteAt(block, at)
		if err = errors.Join(err, f.Sync()); err != nil {
			return err
		}
		b.load.Synced += blockSize
		_ = rest(ctx, blockRests)
	}
	return nil
}

// rest waits until d is over or ctx is done, which is the error.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
