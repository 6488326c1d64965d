package station

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/station/internal/antenna"
	"stationbox/media/live"
)

// recordings is the folder of what was kept of live lessons, within the library:
// ID.mkv, and ID-2.mkv … where a lesson was received in several pieces.
type recordings struct{ dir string }

func recordingsOf(cfg *config.Config) recordings {
	return recordings{filepath.Join(cfg.Library.Dir, "recorded")}
}

const (
	recordedExt = ".mkv"
	partExt     = ".part"
	// leastKept is the size below which a recording that broke off is not kept: a
	// second or two of picture.
	leastKept = 1 << 20
	// mostPieces of one lesson, as package live names them.
	mostPieces = 9
)

// file is where the lesson id is recorded to.
func (r recordings) file(id string) string { return filepath.Join(r.dir, id+recordedExt) }

// kept is the largest piece of the lesson id that is there, "" for none.
func (r recordings) kept(id string) string {
	best, most := "", int64(0)
	for n := 1; n <= mostPieces; n++ {
		if info, err := os.Stat(r.piece(id, n)); err == nil && info.Mode().IsRegular() && info.Size() > most {
			best, most = r.piece(id, n), info.Size()
		}
	}
	return best
}

func (r recordings) piece(id string, n int) string {
	if n == 1 {
		return r.file(id)
	}
	return r.file(fmt.Sprintf("%s-%d", id, n))
}

// sweep, before anything is recorded, makes films of the pieces that broke off with
// the program or the mains, and takes away what is older than keep. It touches only
// names that recordings have.
func (r recordings) sweep(now time.Time, keep time.Duration, log *slog.Logger) {
	list, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("recordings", "err", err)
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !recordedName.MatchString(e.Name()) {
			continue
		}
		path := filepath.Join(r.dir, e.Name())
		whole, part := strings.CutSuffix(path, partExt)
		switch {
		case part && info.Size() < leastKept, keep > 0 && now.Sub(info.ModTime()) > keep:
			err = os.Remove(path)
		case part && !there(whole): // Matroska can be played as far as it was written
			err = os.Rename(path, whole)
		}
		if err != nil {
			log.Warn("recordings", "err", err)
		}
	}
}

var recordedName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*\.mkv(\.part)?$`)

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openChannel opens the source of a live lesson.
func (st *Station) openChannel(o firmware.Occasion, p live.Player) (channel, error) {
	programme := antenna.Programme(st.cfg.Dish, o.Live)
	src, err := live.Open(o.Live.Source, live.SourceOpts{Interface: st.cfg.Live.Interface, Log: st.log, Tuner: st.dish.TunerSource(programme)})
	if err != nil {
		return nil, err
	}
	opts := live.Opts{Programme: programme, Log: st.log, Now: st.tick}
	if o.File != "" && there(o.File) {
		opts.Fallback = o.File
	}
	if o.Live.Record {
		kept := recordingsOf(st.cfg)
		if err := os.MkdirAll(kept.dir, 0o755); err != nil {
			st.log.Warn("recordings", "err", err) // the lesson is shown all the same; package live says that it cannot be kept
		}
		opts.Record = kept.file(o.ID)
		opts.KeepFree = int64(st.cfg.Library.Reserve) << 20
	}
	return live.New(src, p, opts), nil
}
