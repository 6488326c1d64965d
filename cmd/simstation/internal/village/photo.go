package village

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/hal/sim/eye"
	"stationbox/hal/sim/scenario"
)

// Photo is a picture that a script took.
type Photo struct {
	Name    string // as the script calls it
	Of      string // projector, tv or screen
	At      time.Time
	Frame   int // of the lesson, -1 for none
	Tone    eye.Tone
	File    string // PNG
	Picture *image.RGBA
}

const (
	// maxPhotos bounds an album: a photo is 2 MB.
	maxPhotos = 32
	// leastChange is the share of a picture that must differ in two that are unlike.
	leastChange = 0.05
)

// album keeps the photos of a run in the order of their names' first use.
type album struct {
	mu     sync.Mutex
	photos []Photo
	saving sync.WaitGroup
}

// put adds p, or lets it take the place of one of the same name.
func (a *album) put(p Photo) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.photos {
		if a.photos[i].Name == p.Name {
			a.photos[i] = p
			return nil
		}
	}
	if len(a.photos) == maxPhotos {
		return fmt.Errorf("photo %s: the album is full with %d", p.Name, maxPhotos)
	}
	a.photos = append(a.photos, p)
	return nil
}

func (a *album) list() []Photo {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Photo(nil), a.photos...)
}

func (a *album) find(name string) (Photo, bool) {
	for _, p := range a.list() {
		if p.Name == name {
			return p, true
		}
	}
	return Photo{}, false
}

// Photos returns the pictures that the script took, once their files are
// written.
func (v *Village) Photos() []Photo {
	v.album.saving.Wait()
	return v.album.list()
}

// photograph takes a picture at once; its file is written afterwards.
func (v *Village) photograph(a scenario.Photo) error {
	img, err := v.see(a.Of)
	if err != nil {
		return err
	}
	p := Photo{Name: a.Name, Of: a.Of, At: v.now(), Frame: -1, Tone: eye.ToneOf(img), Picture: img, File: filepath.Join(v.photoDir(), a.Name+".png")}
	if n, ok := eye.FrameOf(img); ok {
		p.Frame = n
	}
	if err := v.album.put(p); err != nil {
		return err
	}
	v.album.saving.Add(1)
	v.goRun("photo", func(context.Context) error {
		defer v.album.saving.Done()
		calm()
		return savePNG(p.File, img)
	})
	return nil
}

// photoDir is in the folder of the run when that is to be kept, else in the
// cache under the name of the scenario.
func (v *Village) photoDir() string {
	if v.o.Keep {
		return filepath.Join(v.dir, "photos")
	}
	return filepath.Join(v.o.Cache, "photos", v.o.Name)
}

// clearPhotos takes those of an earlier run away: nobody shall take them for new.
func (v *Village) clearPhotos() error {
	old, err := filepath.Glob(filepath.Join(v.photoDir(), "*.png"))
	if err != nil {
		return fmt.Errorf("photos: %w", err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("photos: %w", err)
		}
	}
	return nil
}

func savePNG(name string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	coder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := coder.Encode(f, img); err != nil {
		_ = f.Close()
		return fmt.Errorf("photo %s: %w", name, err)
	}
	return f.Close()
}

// checkPhoto says what is on a photo, and whether it is as expected.
func (v *Village) checkPhoto(args []string) (is string, ok bool) {
	p, taken := v.album.find(args[0])
	if !taken {
		return "not taken", false
	}
	switch args[1] {
	case "lit":
		return fmt.Sprintf("of brightness %.0f and contrast %.1f", p.Tone.Mean, p.Tone.Spread), !p.Tone.Blank()
	case "frame":
		return frameName(p.Frame), p.Frame >= 0 && near(p.Frame, args[2])
	}
	other, taken := v.album.find(args[2])
	if !taken {
		return args[2] + " is not taken", false
	}
	changed := eye.Change(p.Picture, other.Picture)
	return fmt.Sprintf("different in %.0f %% of the picture", 100*changed), changed >= leastChange
}

func frameName(n int) string {
	if n < 0 {
		return "no frame of a lesson"
	}
	return fmt.Sprint("frame ", n)
}

// near says whether a frame is the expected one, give or take the tolerance.
func near(frame int, want string) bool {
	n, err := strconv.Atoi(want)
	return err == nil && max(frame-n, n-frame) <= scenario.FrameTolerance
}

func (v *Village) reportPhotos(r *report.Report) {
	for _, p := range v.album.list() {
		e := report.Photo{Name: p.Name, Of: p.Of, At: p.At, Brightness: round(p.Tone.Mean, 10), Contrast: round(p.Tone.Spread, 10), File: p.File}
		if p.Frame >= 0 {
			e.Frame = &p.Frame
		}
		r.Photos = append(r.Photos, e)
	}
}
