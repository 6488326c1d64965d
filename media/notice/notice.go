// Package notice keeps what a village publishes on its idle screen: notices and
// accounts, texts, pictures and documents, each from a day until a day.
//
// It takes in files as they come on sticks, in whole or not at all: a text is cut
// into pages that can be read at eight metres, a picture is made as large as a
// screen, a PDF becomes pictures of its pages. What it keeps is bounded, and what
// is over disappears from the screen by itself. It knows no screen and no clock.
package notice

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The kinds of notice.
const (
	General  = "notice"
	Accounts = "accounts"
)

// Bounds of what is kept.
const (
	Most      = 50       // notices
	MostPages = 20       // of one
	MostText  = 16 << 10 // bytes
	MostTitle = 60       // characters
	mostFile  = 32 << 20 // bytes of a picture or PDF
	usualDays = 30       // of a notice that says no end
)

var (
	// ErrFull means that there are Most notices.
	ErrFull = errors.New("too many notices")
	// ErrForm means that a file is no text, picture or PDF that can be shown.
	ErrForm = errors.New("nothing that can be published")
	// ErrLarge means that a file has more than is taken.
	ErrLarge = errors.New("too large")
	// ErrDates means that the days are none, or end before they begin.
	ErrDates = errors.New("no days")
	// ErrTool means that a program that is needed is not installed.
	ErrTool = errors.New("not installed")
	// ErrNone means that there is no notice of that number.
	ErrNone = errors.New("no such notice")
)

// Notice is one thing that is published.
type Notice struct {
	ID    int       `json:"id"`
	Kind  string    `json:"kind"`
	Title string    `json:"title"`
	From  string    `json:"from"`  // "2026-12-01"
	Until string    `json:"until"` // included
	Added time.Time `json:"added"`
	Texts []string  `json:"texts,omitempty"` // pages of text
	Files []string  `json:"files,omitempty"` // or pictures, paths
}

// Page is what is shown at a time: a text or a picture.
type Page struct {
	Notice Notice
	N      int // 1, 2 …
	Text   string
	File   string
}

// Pages are all of a notice.
func (n Notice) Pages() []Page {
	var list []Page
	for i, t := range n.Texts {
		list = append(list, Page{Notice: n, N: i + 1, Text: t})
	}
	for i, f := range n.Files {
		list = append(list, Page{Notice: n, N: i + 1, File: f})
	}
	return list
}

// Wall is a folder of notices. It may be used from any goroutine.
type Wall struct {
	dir string

	mu   sync.Mutex // one change at a time
	list []Notice
}

const manifest = "notice.json"

// Open reads what is in a folder, which need not be there. What is damaged or
// half-written is passed over.
func Open(dir string) *Wall {
	w := &Wall{dir: dir}
	entries, _ := os.ReadDir(dir) // none when it is not there
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil || id < 1 || len(w.list) >= Most {
			continue
		}
		if n, err := w.read(id); err == nil {
			w.list = append(w.list, n)
		}
	}
	slices.SortFunc(w.list, func(a, b Notice) int { return cmp.Compare(a.ID, b.ID) })
	return w
}

func (w *Wall) folder(id int) string { return filepath.Join(w.dir, strconv.Itoa(id)) }

// read takes a notice from its folder. Its files are those that are there by the
// names that pages have, whatever the manifest says.
func (w *Wall) read(id int) (Notice, error) {
	path := filepath.Join(w.folder(id), manifest)
	info, err := os.Stat(path)
	if err != nil {
		return Notice{}, err
	}
	if info.Size() > 4*MostText {
		return Notice{}, fmt.Errorf("%s: %w", path, ErrLarge)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Notice{}, err
	}
	var n Notice
	if err := json.Unmarshal(b, &n); err != nil {
		return Notice{}, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := span(n.From, n.Until); err != nil {
		return Notice{}, fmt.Errorf("%s: %w", path, err)
	}
	n.ID, n.Files = id, nil
	n.Texts = n.Texts[:min(len(n.Texts), MostPages)]
	for i := 1; i <= MostPages; i++ {
		file := filepath.Join(w.folder(id), pageName(i))
		if _, err := os.Stat(file); err != nil {
			break
		}
		n.Files = append(n.Files, file)
	}
	if len(n.Texts)+len(n.Files) == 0 {
		return Notice{}, fmt.Errorf("%s: %w", path, ErrForm)
	}
	return n, nil
}

func pageName(n int) string { return fmt.Sprintf("page-%d.jpg", n) }

// span checks the days of a notice and fills in its end.
func span(from, until string) (string, error) {
	a, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return "", fmt.Errorf("%w: %q", ErrDates, from)
	}
	if until == "" {
		return a.AddDate(0, 0, usualDays).Format(time.DateOnly), nil
	}
	b, err := time.Parse(time.DateOnly, until)
	if err != nil || b.Before(a) {
		return "", fmt.Errorf("%w: %q", ErrDates, until)
	}
	return until, nil
}

// List returns all notices, the oldest first.
func (w *Wall) List() []Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}

// Pages returns what is published on a day, "2026-12-01", the newest notice first.
func (w *Wall) Pages(day string) []Page {
	var list []Page
	for _, n := range slices.Backward(w.List()) {
		if n.From <= day && day <= n.Until {
			list = append(list, n.Pages()...)
		}
	}
	return list
}

// Remove takes a notice away; ErrNone.
func (w *Wall) Remove(id int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.list, func(n Notice) bool { return n.ID == id })
	if i < 0 {
		return fmt.Errorf("%d: %w", id, ErrNone)
	}
	// By one step out of sight, so that no half of it comes back.
	gone := filepath.Join(w.dir, ".gone-"+strconv.Itoa(id))
	err := os.Rename(w.folder(id), gone)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("notice %d: %w", id, err)
	}
	w.list = slices.Delete(w.list, i, i+1)
	return os.RemoveAll(gone)
}

// publish brings a folder that is complete to its place.
func (w *Wall) publish(n Notice, from string) (Notice, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.list) >= Most {
		return Notice{}, ErrFull
	}
	n.ID = 1
	if len(w.list) > 0 {
		n.ID = w.list[len(w.list)-1].ID + 1
	}
	for ; ; n.ID++ { // one that was passed over keeps its place
		if _, err := os.Lstat(w.folder(n.ID)); errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err := write(filepath.Join(from, manifest), n); err != nil {
		return Notice{}, err
	}
	if err := os.Rename(from, w.folder(n.ID)); err != nil {
		return Notice{}, err
	}
	n, err := w.read(n.ID)
	if err == nil {
		w.list = append(w.list, n)
	}
	return n, err
}

// write puts a notice on the card.
func write(path string, n Notice) error {
	b, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// titleOf is a title within its bounds; without one it is that of the file.
func titleOf(title, path string) string {
	title = strings.Join(strings.Fields(strings.ToValidUTF8(title, "")), " ")
	if title == "" {
		name := filepath.Base(path)
		title = strings.ToValidUTF8(strings.TrimSuffix(name, filepath.Ext(name)), "")
	}
	if r := []rune(title); len(r) > MostTitle {
		title = string(r[:MostTitle-1]) + "…"
	}
	return title
}
