// Package page is the local web page of the station for the administrator of the
// village: what is on today, the lessons, the members, the notices and the
// registers, on a telephone or a laptop in the station's own network, without the
// internet and without JavaScript. Only the live meter of an alignment needs a script.
//
// It acts through the commands of the station and through small interfaces, so that
// there is one way to do things. It promises that nothing here is on the way of the
// player or of the guard: every call into the station is bounded in time and in
// number, a panic ends one answer, and a page that is flooded refuses guests. Whoever
// has not given the PIN sees no name. Before a name is shown the look is on record.
//
// It is plain HTTP: who listens in the same network reads the PIN. The address is
// therefore one that the technician sets, in a network of the station's own with a
// password; see the section [page] of station.reference.toml.
package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
)

// Member is one person of the roster as the page shows it.
type Member struct {
	Number    int
	Name      string
	Branch    string
	Household string // the same word for all of a household; "": not known
}

// Attended is a member at a lesson.
type Attended struct {
	Lesson string // firmware.Occasion.ID; "": outside of one
	Number int
	At     time.Time // first press that counts
}

// Ended is a lesson that is over.
type Ended struct {
	Lesson    string
	Title     string
	Scheduled time.Time
	Present   int
	PlayedMS  int64
	LengthMS  int64
	Cause     string // a key of the text catalogue
}

// ErrNotYet is what Books answer while the books are still being made.
var ErrNotYet = errors.New("the books are not open yet")

// Books are what was written down, with corrections applied. Errors: ErrNotYet, and
// those of the card.
type Books interface {
	// Year returns the lessons of a member in a year, in their order.
	Year(ctx context.Context, number, year int) ([]Attended, error)
	// Roll returns who was at a lesson, by number.
	Roll(ctx context.Context, lesson string) ([]Attended, error)
	// Ended returns how lessons ended between from and to, in their order, at most limit.
	Ended(ctx context.Context, from, to time.Time, limit int) ([]Ended, error)
}

// Register is a document of a month that can be downloaded.
type Register struct {
	ID    string // of letters, digits, dots and dashes: "attendance-2026-11.xlsx"
	Month string // "2026-11"
	Title string // in the language that was asked for
}

// Document is what is downloaded. Whoever gets it closes Content.
type Document struct {
	Name    string // of the file
	Type    string // media type
	Content io.ReadCloser
}

// Registers are the official registers.
type Registers interface {
	// List returns what there is, the newest month first.
	List(ctx context.Context, lang string) ([]Register, error)
	// Open returns the document of a Register's ID; fs.ErrNotExist.
	Open(ctx context.Context, lang, id string) (Document, error)
}

// Correction says that a member was at a lesson, or was not.
type Correction struct {
	Lesson  string
	Number  int
	Present bool
	Why     string
	By      string // "page"
}

// Corrections writes corrections down. A *command.Error is shown to people as it is.
type Corrections interface {
	Correct(ctx context.Context, lang string, c Correction) error
}

// Opts are the dependencies of a page.
type Opts struct {
	Names    []string // host names by which the page may be called, beside addresses
	Dir      string   // folder of the PIN and of what is being uploaded
	Station  string   // its name
	Language string   // "zh" or "en", of who has not chosen
	Zone     *time.Location
	Now      func() time.Time
	Log      *slog.Logger // nil discards

	// Ask runs a command of the station in a language, by "page".
	Ask     func(ctx context.Context, lang string, args ...string) command.Reply
	Members func() []Member
	Books   Books
	// Record writes an access down and returns when it is durable.
	Record func(ctx context.Context, a firmware.Access) error
	Looks  *Looks // accesses up to now; nil: none
	// Gentle runs what computes for long where it gives way to others; nil: here.
	Gentle func(work func())

	Registers   Registers   // nil: there are none
	Corrections Corrections // nil: nobody corrects
	Align       Aligner     // nil: there is no dish to align
}

// Page is the page of one station. Make it with New.
type Page struct {
	o        Opts
	pins     *PINs
	sessions *sessions
	throttle *throttle
	looks    *Looks
	pages    pages
	replies  replies
	calls    chan struct{} // slots of calls into the station
	writing  chan struct{} // slot of who writes an access down
	proving  chan struct{} // slot of who tries a PIN
	taking   chan struct{} // slot of who uploads
	looking  chan struct{} // slots of who waits for news of an alignment
	handler  http.Handler
}

const (
	mostCalls = 4 // into the station at a time
	callBound = 5 * time.Second
	stopBound = 3 * time.Second
)

// New returns the page; it opens nothing but what is embedded.
func New(o Opts) (*Page, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Gentle == nil {
		o.Gentle = func(work func()) { work() }
	}
	if o.Looks == nil {
		o.Looks = &Looks{}
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	p := &Page{o: o, pins: PINsIn(o.Dir), sessions: newSessions(o.Now), throttle: newThrottle(o.Now), looks: o.Looks,
		calls: make(chan struct{}, mostCalls), writing: make(chan struct{}, 1), proving: make(chan struct{}, 1), taking: make(chan struct{}, 1),
		looking: make(chan struct{}, mostNews)}
	p.replies.now = o.Now
	p.throttle.recall(o.Looks)
	var err error
	if p.pages, err = parsePages(); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	p.handler = p.guarded(p.mux())
	return p, nil
}

// ServeHTTP answers one request, with all that protects the page.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Serve answers on a listener, which it closes, until ctx ends; then it lets what is
// under way end, for at most three seconds.
func (p *Page) Serve(ctx context.Context, l net.Listener) error {
	p.sweep()
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler: p, MaxHeaderBytes: 16 << 10, // a cookie and what browsers say of themselves
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 30 * time.Second,
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // it would tell who called which address
		BaseContext: func(net.Listener) context.Context { return calls },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(newLimited(l)) }()
	select {
	case err := <-ended:
		return fmt.Errorf("page: %w", err)
	case <-ctx.Done():
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), stopBound)
	defer done()
	if server.Shutdown(stop) != nil { // somebody is slow
		cancel()
		_ = server.Close()
	}
	<-ended
	return nil
}

// sweep takes away what a power cut left of uploads.
func (p *Page) sweep() {
	left, _ := filepath.Glob(filepath.Join(p.o.Dir, uploadName+"*"))
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}

// within calls into the station for at most bound. The call goes on alone when it does
// not heed its context, and keeps its slot for as long: so few can be under way that
// they harm nobody. A panic of the call is an error.
func within[T any](ctx context.Context, p *Page, bound time.Duration, call func(context.Context) (T, error)) (T, error) {
	var none T
	ctx, cancel := context.WithTimeout(ctx, bound)
	select {
	case p.calls <- struct{}{}:
	case <-ctx.Done():
		cancel()
		return none, ctx.Err()
	}
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		defer cancel()
		defer func() { <-p.calls }()
		defer func() {
			if caught := recover(); caught != nil {
				got <- answer{err: fmt.Errorf("panic: %v", caught)}
			}
		}()
		v, err := call(ctx)
		got <- answer{v, err}
	}()
	select {
	case a := <-got:
		return a.value, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-got: // whoever has answered has ended ctx too
		return a.value, a.err
	default:
		return none, ctx.Err()
	}
}
