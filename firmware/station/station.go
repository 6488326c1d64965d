// Package station is the composition root: the only place that joins the
// configuration, the drivers and the logic of the station program. It starts
// every goroutine in one supervised group and stops them in order.
//
// It promises that nothing here switches mains (the guard does), that a device
// that hangs delays nobody but its own goroutine, and that after a restart at any
// moment the lesson goes on where it is.
package station

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/journal"
	"stationbox/firmware/lesson"
	"stationbox/firmware/link"
	"stationbox/firmware/page"
	"stationbox/firmware/station/internal/antenna"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/firmware/text"
	"stationbox/media/library"
	"stationbox/media/notice"
	"stationbox/media/player"
	"stationbox/media/witness"
)

// Opts are handed in by the program.
type Opts struct {
	Version string
	Built   time.Time // of the program: no time before it is believed
	Log     *slog.Logger
	Now     func() time.Time // its monotonic part is what counts
	Doors   Doors
}

// Station is one running station. Make it with New, then Run it once.
type Station struct {
	cfg     *config.Config
	version string
	doors   Doors
	log     *slog.Logger
	now     func() time.Time // what time it is
	tick    func() time.Time // for ages and spans
	clock   *clock.Keeper
	agenda  *agenda
	zone    *time.Location
	words   *text.Catalogue

	journal  *journal.Journal
	scribe   *scribe
	faults   *fault.Book
	guard    *link.Client
	screens  []screen
	displays *displays
	stall    stall
	glimpse  glimpse
	observer *observer
	album    *album
	player   Player
	desk     *desk
	air      *broadcast
	wall     *notice.Wall
	card     cardWatch
	books    books
	looks    page.Looks
	shocks   chan string // causes for which the last minute is kept
	easel    *easel
	side     *side // nil: there is one screen
	speakers *speakers
	panel    *keypad
	roll     *rollbook
	prover   *prover
	shelf    *shelf
	showing  *showing
	dish     *antenna.Meter // nil: no sensors
	aligner  *antenna.Aligner
	rotator  *antenna.Rotator // nil: no motors

	relayBusy sync.Mutex
}

// New opens what must be there (journal, pins) and prepares the rest, which
// may come later. When it fails nothing is left open.
func New(cfg *config.Config, o Opts) (*Station, error) {
	zone, err := time.LoadLocation(cfg.Station.Zone)
	if err != nil {
		return nil, fmt.Errorf("station.zone: %w", err)
	}
	st := &Station{cfg: cfg, version: o.Version, shocks: make(chan string, 16), doors: o.Doors, log: o.Log, tick: o.Now, zone: zone, words: text.New(cfg.Station.Language)}
	for _, dir := range []string{cfg.Station.StateDir, cfg.Station.RunDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("station folder: %w", err)
		}
	}
	st.keepTime(o.Built)
	if err := st.recall(); err != nil {
		return nil, err
	}
	boot := newBoot()
	j, err := journal.Open(cfg.JournalDir(), journal.Opts{Station: cfg.Station.ID, Boot: boot, Now: st.now, Mono: st.clock.Mono, Log: o.Log})
	if err != nil {
		return nil, err
	}
	st.journal = j
	if err := st.build(boot); err != nil {
		_ = j.Close()
		return nil, err
	}
	return st, nil
}

// openRoster reads the roster. Without one everybody's number is written down all
// the same, and the lesson is shown.
func (st *Station) openRoster() *attendance.Roster {
	none, _, _ := attendance.ParseRoster(nil)
	if st.cfg.Roster.File == "" {
		return none
	}
	roster, bad, err := attendance.LoadRoster(st.cfg.Roster.File)
	if err != nil {
		st.faults.Set(true, "fault.roster.missing", "", "cause", err.Error())
		return none
	}
	st.faults.Set(len(bad) > 0, "fault.roster.bad", "", "count", fmt.Sprint(len(bad)))
	return roster
}

// keepTime opens the clock. Every moment that is written or shown is its, in the
// station's zone.
func (st *Station) keepTime(built time.Time) {
	k := st.cfg.Clock
	o := clock.KeeperOpts{
		Path: filepath.Join(st.cfg.Station.StateDir, "clock.json"), Built: built, Rule: clock.Rule(k.Untrusted),
		Need: k.Need.D(), After: k.RelativeAfter.D(), SystemBound: k.SystemBound.D(), Log: st.log,
		Note:  func(kind string, e clock.Event) { st.scribe.put(kind, "", e) },
		Fault: func(on bool, code, thing string, args ...string) { st.faults.Set(on, code, thing, args...) },
	}
	o.RTC = st.doors.rtc(k.RTC)
	st.clock = clock.NewKeeper(clock.New(clock.Opts{Zone: st.zone, Built: built, Need: k.Need.D()}), st.doors.system(), o)
	st.now = st.clock.Now
}

// recall lets the clock take up the newest record before anything is written: the
// journal itself writes of the holes that it finds when it opens.
func (st *Station) recall() error {
	mem := newMemory()
	err := journal.Read(st.cfg.JournalDir(), func(r firmware.Record) error { mem.feed(r); return nil })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal: %w", err)
	}
	st.clock.Recall(mem.newest, mem.era)
	return nil
}

// newBoot names this start of the program.
func newBoot() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (st *Station) build(boot string) error {
	cfg := st.cfg
	st.scribe = newScribe(st.journal, st.log, func(err error) {
		cause := ""
		if err != nil {
			cause = err.Error()
		}
		st.faults.Set(err != nil, "fault.journal.write", "", "cause", cause)
	})
	st.faults = fault.New(st.log, st.scribe.put)
	st.roll = newRollbook()
	st.observer, st.album = &observer{trace: st.traceOf, loud: func() (float64, bool) { return loudness(st.player.State()) }}, newAlbum(cfg.Station.StateDir, st.log)
	st.prover = newProver(proverOpts{stateDir: cfg.Station.StateDir, station: cfg.Station.ID, boot: boot, observer: st.observer, album: st.album,
		tv: cfg.TV.Load, projector: cfg.Projector.Load, tick: st.tick, faults: st.faults, log: st.log})
	mem, losses := newMemory(), antenna.NewLossBook()
	mem.lived = st.clock.Lived()
	if err := st.journal.Scan(func(r firmware.Record) error {
		mem.feed(r)
		st.roll.feed(r)
		st.prover.feed(r)
		st.looks.Feed(r)
		losses.Feed(r)
		return nil
	}); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	files, _ := calendarOf(cfg, st.zone) // station check tells what is wrong with it
	st.agenda = newAgenda(files)
	st.agenda.add(mem)
	if st.doors.Player == nil { // what a player behind another door can show is not for ffprobe to say
		st.shelf = newShelf(openLibrary(cfg, st.now, library.Opts{Log: st.log}), boardOf(cfg), st.agenda, st.now, st.tick, st.log)
	}
	roster := st.openRoster()
	st.openDish(losses)
	st.guard = link.NewClient(cfg.GuardSocket(), link.ClientOpts{Log: st.log, Now: st.tick, Dial: st.doors.Guard, HaveBoot: mem.guard.Boot, HaveSeq: mem.guard.Seq})
	st.displays = openDisplays(cfg, displayNeeds{doors: &st.doors, put: st.scribe.put, guard: st.guard, log: st.log, tick: st.tick})
	st.screens = st.displays.screens()
	st.player = st.doors.player(cfg, player.Opts{Log: st.log, Now: st.tick})
	st.desk = newDesk(st.player, st.shelf.level, st.log)
	st.wall = notice.Open(filepath.Join(cfg.Station.StateDir, "notices"))
	recordingsOf(cfg).sweep(st.now(), time.Duration(cfg.Library.KeepDays)*24*time.Hour, st.log)
	st.air = newBroadcast(st.openChannel, st.player, st.desk.item, mem.accounts, st.scribe.put, st.faults, st.tick, st.log)
	if wall, ok := st.player.(gallery); ok { // a player behind another door may show captions only
		st.easel = newEasel("", wall, findFont, func() []darkCause { return st.whyDark(st.words) }, st.faults, st.log)
	}
	st.side = st.openSide()
	film, _ := st.player.(interface{ Duck(dB float64) })
	st.speakers = openSpeakers(cfg, film, st.log, st.tick)
	if st.speakers.mic != nil {
		st.observer.levels = st.speakers.mic.Since
	}
	var err error
	if st.panel, err = openKeypad(cfg, keypadNeeds{doors: &st.doors, faults: st.faults, log: st.log, tick: st.tick}); err != nil {
		return errors.Join(err, st.speakers.Close())
	}

	st.roll.prover, st.roll.seats, st.roll.runDir, st.roll.pad = st.prover, cfg.Panel.Seats, cfg.Station.RunDir, cfg.Panel.Kind
	st.roll.journal, st.roll.roster, st.roll.panel, st.roll.voice = st.journal, roster, st.panel, st.speakers
	st.roll.faults, st.roll.words, st.roll.log, st.roll.now, st.roll.tick = st.faults, st.words, st.log, st.now, st.tick
	st.showing = &showing{cal: st.agenda, clock: st.clock, tick: st.tick, times: timesOf(cfg), mem: mem, scribe: st.scribe, guard: st.guard,
		screens: st.screens, cut: st.displays.cut, warm: st.warmUp, loads: loadNames(cfg), kept: keptLoads(cfg), desk: st.desk, voice: st.speakers, roll: st.roll, faults: st.faults, words: st.words,
		place: cfg.Station.Name, stateDir: cfg.Station.StateDir, log: st.log, now: st.now, mark: newBookmark(cfg.Station.RunDir, st.log),
		aligns: st.openAligner(), wall: st.wall, air: st.air, dish: st.dish, prover: st.prover, shelf: st.shelf, player: st.player, easel: st.easel, side: st.side, requests: newRequests(cfg), asked: make(chan asked, 8), wake: make(chan struct{}, 1)}
	return nil
}

// traceOf is what is known of a film since it was imported, the zero Trace when it is
// none of the library or nothing is.
func (st *Station) traceOf(film string) witness.Trace {
	if st.shelf == nil {
		return witness.Trace{}
	}
	l, ok := st.shelf.lib.Of(film)
	if !ok {
		return witness.Trace{}
	}
	t, err := l.Trace()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		st.log.Warn("trace of a film", "file", film, "err", err)
	}
	return t // the zero Trace with an error
}

// loudness is how loud the film is that plays, in LUFS.
func loudness(s player.Status) (float64, bool) {
	if s.LUFS == nil {
		return 0, false
	}
	return *s.LUFS, true
}

// timesOf gathers the spans around a lesson. The displays come on early enough
// for the slowest of them.
func timesOf(cfg *config.Config) lesson.Times {
	var warm time.Duration
	if cfg.TV.Kind != "" {
		warm = max(warm, cfg.TV.WarmUp.D())
	}
	if cfg.Projector.Kind != "" {
		warm = max(warm, cfg.Projector.WarmUp.D())
	}
	return lesson.Times{Ready: cfg.Lesson.ReadyBefore.D(), Bell: cfg.Lesson.BellBefore.D(), WarmUp: warm + cfg.Lesson.WarmMargin.D(),
		LateLimit: cfg.Lesson.LateLimit.D(), Preload: preload, Closing: closing}
}

// warmUp is how long before the start the displays are told, as they taught.
func (st *Station) warmUp() time.Duration {
	return st.displays.lead() + st.cfg.Lesson.WarmMargin.D()
}

const (
	preload = 10 * time.Second // the film stands ready this long before the start
	closing = 8 * time.Second  // last words
)

func loadNames(cfg *config.Config) []string {
	var names []string
	for _, l := range cfg.Loads {
		names = append(names, l.Name)
	}
	return names
}

// keptLoads are those that are on whenever mains is good, wanted or not.
func keptLoads(cfg *config.Config) map[string]bool {
	kept := map[string]bool{}
	for _, l := range cfg.Loads {
		kept[l.Name] = l.AlwaysOn
	}
	return kept
}

// Run works until ctx ends, then stops everything in order and closes the
// journal last.
func (st *Station) Run(ctx context.Context) error {
	listener, err := st.listen()
	if err != nil {
		_ = st.Close()
		return err
	}
	st.scribe.put(firmware.KindBoot, "", map[string]any{"version": st.version, "pid": os.Getpid()})
	// The scribe outlives the others, so that their last words are written.
	scribeCtx, stopScribe := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		work.RunAll(scribeCtx, st.log, st.taskFailed, []work.Task{{Name: "scribe", Run: st.scribe.Run}})
	})
	work.RunAll(ctx, st.log, st.taskFailed, st.tasks(listener))
	stopScribe()
	wg.Wait()
	return st.Close()
}

func (st *Station) taskFailed(name string, err error) {
	st.faults.Set(true, "fault.task.ended", name, "cause", fmt.Sprint(err))
}

// Close closes what New opened; Run does it by itself.
func (st *Station) Close() error {
	st.panel.Close()
	_ = st.displays.Close()
	_ = st.speakers.Close()
	return st.journal.Close()
}
