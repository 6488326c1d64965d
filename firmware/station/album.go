package station

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"stationbox/media/witness"
)

// album keeps three small pictures of each lesson: from its start, its middle and
// its end. They are files of the state folder; the signed record names them by a
// hash. A nil album keeps none.
type album struct {
	dir string
	log *slog.Logger

	mu     sync.Mutex
	lesson string
	pics   [shots][]byte
	kept   [shots]bool // is a file
	over   bool        // the lesson has ended: its last picture is that of the end
}

// shots are the pictures of a lesson.
const (
	shotStart = iota
	shotMiddle
	shotEnd
	shots
)

var shotNames = [shots]string{"start", "middle", "end"}

const (
	albumWidth = 320 // pixels
	albumMost  = 600 // files: those of 200 lessons, some 6 MB
	shotMost   = 256 << 10
)

func newAlbum(stateDir string, log *slog.Logger) *album {
	return &album{dir: filepath.Join(stateDir, "pictures"), log: log}
}

// picturesOf are the pictures of a lesson that are there, when they are those that
// the hash names; none otherwise.
func picturesOf(stateDir, lesson, hash string) []string {
	if lesson != filepath.Base(lesson) {
		return nil
	}
	a := newAlbum(stateDir, nil)
	var found []string
	var pics [shots][]byte
	for shot := range shots {
		if pics[shot] = a.read(lesson, shot); pics[shot] != nil {
			found = append(found, a.file(lesson, shot))
		}
	}
	if hash == "" || hashOf(pics) != hash {
		return nil
	}
	return found
}

// hashOf names pictures, as package proof writes it; "" names none.
func hashOf(pics [shots][]byte) string {
	var all []byte
	some := false
	for _, pic := range pics {
		sum := [sha256.Size]byte{}
		if pic != nil {
			sum, some = sha256.Sum256(pic), true
		}
		all = append(all, sum[:]...)
	}
	if !some {
		return ""
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:8])
}

// file is where a picture is.
func (a *album) file(lesson string, shot int) string {
	return filepath.Join(a.dir, lesson+"-"+shotNames[shot]+".jpg")
}

// read reads a picture, nil when there is none.
func (a *album) read(lesson string, shot int) []byte {
	info, err := os.Stat(a.file(lesson, shot))
	if err != nil || info.Size() > shotMost {
		return nil
	}
	b, err := os.ReadFile(a.file(lesson, shot))
	if err != nil {
		return nil
	}
	return b
}

// take takes a picture of a lesson of which a part, from 0 to 1, is over.
func (a *album) take(lesson string, part float64, img image.Image) {
	if a == nil || lesson == "" || lesson != filepath.Base(lesson) {
		return
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, witness.Small(img, albumWidth), &jpeg.Options{Quality: 70}); err != nil {
		a.log.Warn("picture", "err", err)
		return
	}
	a.mu.Lock()
	if a.lesson != lesson {
		a.open(lesson)
	}
	if !a.over {
		if a.pics[shotStart] == nil {
			a.pics[shotStart] = b.Bytes()
		}
		if a.pics[shotMiddle] == nil && part >= 0.5 {
			a.pics[shotMiddle] = b.Bytes()
		}
		a.pics[shotEnd] = b.Bytes()
	}
	a.mu.Unlock()
	a.store()
}

// open begins with a lesson, or goes on with the pictures of one that a program
// before this one has begun; a.mu is held.
func (a *album) open(lesson string) {
	a.lesson, a.pics, a.kept, a.over = lesson, [shots][]byte{}, [shots]bool{}, false
	for shot := range shotEnd {
		a.pics[shot] = a.read(lesson, shot)
		a.kept[shot] = a.pics[shot] != nil
	}
}

// close ends a lesson and returns the hash of its pictures, "" for none. The last
// one is written by store.
func (a *album) close(lesson string) string {
	if a == nil {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lesson != lesson {
		return ""
	}
	a.over = true
	return hashOf(a.pics)
}

// store writes what is not yet a file: small enough to be lost without harm, so
// that nothing waits for it.
func (a *album) store() {
	if a == nil {
		return
	}
	a.mu.Lock()
	lesson, pics, wrote := a.lesson, a.pics, a.kept
	if !a.over {
		pics[shotEnd] = nil
	}
	a.mu.Unlock()
	var errs []error
	for shot, pic := range pics {
		if pic == nil || wrote[shot] {
			continue
		}
		if err := a.write(a.file(lesson, shot), pic); err != nil {
			errs = append(errs, err)
			continue
		}
		wrote[shot] = true
	}
	if err := errors.Join(errs...); err != nil {
		a.log.Warn("picture", "err", err)
	}
	a.mu.Lock()
	if a.lesson == lesson {
		a.kept = wrote
	}
	a.mu.Unlock()
}

func (a *album) write(path string, pic []byte) error {
	if err := os.MkdirAll(a.dir, 0o755); err != nil {
		return err
	}
	if err := a.prune(); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", pic, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// prune takes the oldest away when there are too many.
func (a *album) prune() error {
	list, err := os.ReadDir(a.dir)
	if err != nil {
		return err
	}
	if len(list) < albumMost {
		return nil
	}
	type aged struct {
		name string
		at   int64
	}
	var files []aged
	for _, e := range list {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, aged{e.Name(), info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(files, func(x, y aged) int { return cmp.Compare(x.at, y.at) })
	for _, f := range files[:max(0, len(files)-albumMost+1)] {
		if err := os.Remove(filepath.Join(a.dir, f.name)); err != nil {
			return fmt.Errorf("album: %w", err)
		}
	}
	return nil
}
