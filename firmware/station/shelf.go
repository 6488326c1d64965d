package station

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"stationbox/firmware/lesson"
	"stationbox/firmware/proof"
	"stationbox/media/library"
)

// shelf looks after the films of the next days at leisure, so that one that has
// vanished, rotted on the card or cannot be shown on this board is known a day
// before its lesson. Only Run and level touch the card; what it knows is asked at no
// cost.
type shelf struct {
	lib   *library.Library
	board library.Board
	cal   calendar
	now   func() time.Time // by the calendar
	tick  func() time.Time // for ages
	log   *slog.Logger

	mu    sync.Mutex
	looks map[string]look
}

// look is what is known of one film.
type look struct {
	at      time.Time  // by tick
	film    proof.Film // as it was then
	lesson  bool       // of the library: read to its end; else only its head was looked at
	verdict library.Verdict
	length  time.Duration
}

const (
	shelfAhead = 36 * time.Hour // films of so long are looked after: half a day before the check that needs it
	shelfEvery = time.Minute    // whether one has changed
	shelfRead  = 20 * time.Hour // read again, because cards rot in silence
	mostLooks  = 64
)

func newShelf(lib *library.Library, board library.Board, cal calendar, now, tick func() time.Time, log *slog.Logger) *shelf {
	return &shelf{lib: lib, board: board, cal: cal, now: now, tick: tick, log: log, looks: map[string]look{}}
}

// level is what is to be done to the sound of a film, as its lesson says: nothing to
// one that is of no lesson. It reads a small file.
func (s *shelf) level(film string) library.Loudness {
	if s == nil {
		return library.Loudness{}
	}
	l, _ := s.lib.Of(film)
	return l.Loudness
}

// Run looks after the films until ctx ends.
func (s *shelf) Run(ctx context.Context) error {
	every := time.NewTicker(shelfEvery)
	defer every.Stop()
	for {
		for _, film := range s.films() {
			s.look(ctx, film)
			if ctx.Err() != nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// films are those of the next days, the earliest first.
func (s *shelf) films() []string {
	var list []string
	now := s.now()
	for _, o := range s.cal.Between(now, now.Add(shelfAhead)) {
		if o.File != "" && !slices.Contains(list, o.File) && len(list) < mostLooks {
			list = append(list, o.File)
		}
	}
	s.mu.Lock()
	for film := range s.looks {
		if !slices.Contains(list, film) {
			delete(s.looks, film)
		}
	}
	s.mu.Unlock()
	return list
}

// look looks at a film that is new, has changed or has not been read for long.
func (s *shelf) look(ctx context.Context, film string) {
	s.mu.Lock()
	was, seen := s.looks[film]
	s.mu.Unlock()
	now, _ := proof.Look(film) // one that is not there is the zero Film
	if seen && now.Same(was.film) && s.tick().Sub(was.at) < shelfRead {
		return
	}
	fresh := look{at: s.tick(), film: now}
	var err error
	if l, ok := s.lib.Of(film); ok {
		fresh.lesson, fresh.length = true, time.Duration(l.LengthMS)*time.Millisecond
		fresh.verdict, err = s.lib.Check(ctx, l.ID, library.Content, nil)
	} else {
		var p library.Probe
		p, fresh.verdict, err = s.lib.Judge(ctx, film, s.board)
		fresh.length = time.Duration(p.LengthMS) * time.Millisecond
	}
	if err != nil {
		return // the program ends
	}
	if c := fresh.verdict.Cause(); c.Code != was.verdict.Cause().Code {
		s.log.Info("film", "file", film, "cause", c.Code, "args", c.Args)
	}
	s.mu.Lock()
	s.looks[film] = fresh
	s.mu.Unlock()
}

// knows says whether a film was looked at. A nil shelf has nothing to wait for.
func (s *shelf) knows(path string) bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.looks[path]
	return ok
}

// film adds what is known of a film to what a readiness check knows of it. A nil
// shelf and one that has not looked yet add nothing.
func (s *shelf) film(path string, f lesson.Film) lesson.Film {
	if s == nil {
		return f
	}
	s.mu.Lock()
	l, ok := s.looks[path]
	s.mu.Unlock()
	if !ok {
		return f
	}
	f.Length = cmp.Or(f.Length, l.length)
	switch l.verdict.Cause().Code {
	case "":
		f.Playable = lesson.Yes
		if l.lesson {
			f.Complete, f.Readable = lesson.Yes, lesson.Yes
		}
	case library.NoTool: // says nothing of the film
	case library.Gone, library.Missing:
		f.There = false
	case library.Shrunk, library.Truncated, library.NoIndex, library.Empty, library.Zeros:
		f.Complete = lesson.No
	case library.Rotten, library.NotReadable, library.Unreadable, library.NotFile, library.BadManifest:
		f.Readable = lesson.No
	default:
		f.Playable = lesson.No
	}
	return f
}
