package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// MostPictures is how many pictures can be shown at once: their numbers are
	// 0 to MostPictures−1.
	MostPictures = 4
	// mostPictureBytes bounds all pictures together: three full screens of 4K.
	mostPictureBytes = 3 * 4 * 4096 * 2304
)

var (
	// ErrNoScreen means that mpv has no picture on a screen at the moment.
	ErrNoScreen = errors.New("no screen")
	// ErrPicture means that a picture is too large, or one too many.
	ErrPicture = errors.New("no such picture")
)

// Picture is a drawing for ShowPicture. Its pixels lie in a file of memory without
// a name, from which mpv copies them: nothing is sent through the socket, and
// nothing is left when the process is killed.
type Picture struct {
	// Pix has the bytes B G R A of each pixel, colours multiplied by alpha, 4·width
	// bytes a row; all clear at first. It is nil once the picture was handed on.
	Pix []byte

	mem *memory
}

// memory is the file of a picture. It is closed when nobody uses it any more: its
// descriptor is its name for mpv, and must not become that of another file.
type memory struct {
	file  *os.File
	size  image.Point
	users int // under Player.mu: who draws or wishes it, and who tells mpv
}

// placed is a picture that is wished, and where. The zero one is none.
type placed struct {
	mem *memory
	at  image.Point
}

// NewPicture returns a clear picture of that size in pixels. The caller hands it
// to ShowPicture or to DropPicture. That there is no memory is an error here, not
// a fault while drawing: all pages are taken at once.
func (p *Player) NewPicture(size image.Point) (*Picture, error) {
	n := 4 * size.X * size.Y
	if size.X < 1 || size.Y < 1 || size.X > 1<<14 || size.Y > 1<<14 {
		return nil, fmt.Errorf("picture of %d×%d: %w", size.X, size.Y, ErrPicture)
	}
	p.mu.Lock()
	full := p.pictureBytes+n > mostPictureBytes
	if !full {
		p.pictureBytes += n
	}
	p.mu.Unlock()
	if full {
		return nil, fmt.Errorf("picture of %d×%d: %w: more than %d bytes are shown", size.X, size.Y, ErrPicture, mostPictureBytes)
	}
	file, pix, err := memoryFile(n)
	if err != nil {
		p.mu.Lock()
		p.pictureBytes -= n
		p.mu.Unlock()
		return nil, fmt.Errorf("picture of %d×%d: %w", size.X, size.Y, err)
	}
	return &Picture{Pix: pix, mem: &memory{file: file, size: size, users: 1}}, nil
}

// memoryFile makes a file of n bytes of memory, whose size cannot change, and maps
// it.
func memoryFile(n int) (*os.File, []byte, error) {
	fd, err := unix.MemfdCreate("stationbox-picture", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, nil, fmt.Errorf("memory file: %w", err)
	}
	file := os.NewFile(uintptr(fd), "picture")
	var pix []byte
	if err = unix.Fallocate(fd, 0, 0, int64(n)); err == nil {
		if _, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err == nil {
			pix, err = unix.Mmap(fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, nil, fmt.Errorf("memory file of %d bytes: %w", n, err)
	}
	return file, pix, nil
}

// unmap takes the pixels away from who has drawn them; the file stays.
func (pic *Picture) unmap() *memory {
	_ = unix.Munmap(pic.Pix) // fails only for what is no mapping
	mem := pic.mem
	pic.Pix, pic.mem = nil, nil
	return mem
}

// DropPicture gives up a picture that was not shown.
func (p *Player) DropPicture(pic *Picture) {
	if pic != nil && pic.Pix != nil {
		p.leave(placed{mem: pic.unmap()})
	}
}

// leave is one user less of a picture.
func (p *Player) leave(w placed) {
	if w.mem == nil {
		return
	}
	p.mu.Lock()
	w.mem.users--
	last := w.mem.users == 0
	if last {
		p.pictureBytes -= 4 * w.mem.size.X * w.mem.size.Y
	}
	p.mu.Unlock()
	if last {
		_ = w.mem.file.Close() // memory only
	}
}

// ShowPicture puts a picture on the screen with its upper left corner at a pixel
// of the screen, over the programme, its subtitles and the texts of Show. It takes
// the place of the picture with the same number, which stands until then, and
// stays until HidePicture, also over a restart of mpv. Pictures must not overlap:
// mpv's software outputs (x11, drm) then add their colours up (seen with 0.35). The
// picture belongs to the player from now on, also after an error.
func (p *Player) ShowPicture(ctx context.Context, id int, at image.Point, pic *Picture) error {
	if id < 0 || id >= MostPictures || pic == nil || pic.Pix == nil {
		p.DropPicture(pic)
		return fmt.Errorf("picture %d: %w", id, ErrPicture)
	}
	return p.place(ctx, id, placed{pic.unmap(), at})
}

// HidePicture takes the picture with that number away, also one that an earlier
// controller of this mpv has left.
func (p *Player) HidePicture(ctx context.Context, id int) error {
	return p.place(ctx, id, placed{})
}

// place wishes a picture and tells mpv, if there is one; the next one is told by
// begin.
func (p *Player) place(ctx context.Context, id int, w placed) error {
	p.mu.Lock()
	old, link := p.pictures[id], p.link
	p.pictures[id] = w
	if w.mem == nil {
		delete(p.pictures, id)
	} else {
		w.mem.users++
	}
	p.mu.Unlock()
	defer p.leave(old)
	defer p.leave(w)
	if link == nil {
		return nil
	}
	if _, err := link.call(ctx, callBound, pictureCommand(id, w)); err != nil && !errors.Is(err, errClosed) {
		return fmt.Errorf("picture %d: %w", id, err)
	}
	return nil
}

func pictureCommand(id int, w placed) map[string]any {
	if w.mem == nil {
		return map[string]any{"name": "overlay-remove", "id": id}
	}
	return map[string]any{"name": "overlay-add", "id": id, "x": w.at.X, "y": w.at.Y,
		"file": fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), w.mem.file.Fd()), "offset": 0,
		"fmt": "bgra", "w": w.mem.size.X, "h": w.mem.size.Y, "stride": 4 * w.mem.size.X}
}

// ScreenSize is how many pixels the screen has for pictures; ErrNoScreen when
// there is none.
func (p *Player) ScreenSize(ctx context.Context) (image.Point, error) {
	p.mu.Lock()
	link := p.link
	p.mu.Unlock()
	if link == nil {
		return image.Point{}, fmt.Errorf("screen size: %w", ErrDown)
	}
	data, err := link.call(ctx, callBound, []any{"get_property", "osd-dimensions"})
	if err != nil {
		return image.Point{}, fmt.Errorf("screen size: %w", err)
	}
	var d struct {
		W int `json:"w"`
		H int `json:"h"`
	}
	if err := json.Unmarshal(data, &d); err != nil || d.W <= 0 || d.H <= 0 {
		return image.Point{}, fmt.Errorf("screen size: %w", ErrNoScreen)
	}
	return image.Pt(d.W, d.H), nil
}

// showPictures shows a new mpv the pictures that are wished. It looks again after
// each, because a wish may come meanwhile. A picture that mpv refuses is not tried
// again: the one after it will be.
func (s *session) showPictures(ctx context.Context) error {
	shown := map[int]placed{}
	defer s.p.leavePictures(shown)
	for {
		id, w, more := s.p.nextPicture(shown)
		if !more {
			return nil
		}
		_, err := s.c.call(ctx, s.p.o.HangAfter, pictureCommand(id, w))
		s.p.leave(shown[id])
		shown[id] = w
		if fatal(err) != nil {
			return err
		}
	}
}

// nextPicture is one that is wished and not shown, or the other way round, for
// one more user.
func (p *Player) nextPicture(shown map[int]placed) (id int, w placed, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range MostPictures {
		if w := p.pictures[id]; w != shown[id] {
			if w.mem != nil {
				w.mem.users++
			}
			return id, w, true
		}
	}
	return 0, placed{}, false
}

// leavePictures is one user less of each.
func (p *Player) leavePictures(list map[int]placed) {
	for _, w := range list {
		p.leave(w)
	}
}

// dropPictures gives all pictures up, at the end.
func (p *Player) dropPictures() {
	p.mu.Lock()
	old := p.pictures
	p.pictures = map[int]placed{}
	p.mu.Unlock()
	p.leavePictures(old)
}
