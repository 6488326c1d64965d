package station

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// bookmark remembers to the second where the film is, in the run folder (RAM on
// the box), for the case that the program is restarted. It need not survive a
// reboot: the journal has a coarser mark.
type bookmark struct {
	path string
	log  *slog.Logger

	mu      sync.Mutex
	mark    marked
	written time.Time
}

type marked struct {
	Lesson     string `json:"lesson"`
	PositionMS int64  `json:"position_ms"`
}

// newBookmark reads what is in dir; nothing or nonsense is no mark.
func newBookmark(dir string, log *slog.Logger) *bookmark {
	b := &bookmark{path: filepath.Join(dir, "bookmark.json"), log: log}
	if data, err := os.ReadFile(b.path); err == nil && json.Unmarshal(data, &b.mark) != nil {
		b.mark = marked{}
	}
	return b
}

// get returns the mark of a lesson, 0 if there is none.
func (b *bookmark) get(lesson string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mark.Lesson != lesson || b.mark.PositionMS < 0 {
		return 0
	}
	return time.Duration(b.mark.PositionMS) * time.Millisecond
}

// set remembers a position and writes it at most once a second.
func (b *bookmark) set(lesson string, at time.Duration, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mark = marked{Lesson: lesson, PositionMS: at.Milliseconds()}
	if now.Sub(b.written) < time.Second {
		return
	}
	b.written = now
	if err := b.write(); err != nil {
		b.log.Warn("bookmark", "err", err)
	}
}

func (b *bookmark) write() error {
	data, err := json.Marshal(b.mark)
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.path+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(b.path+".new", b.path)
}
