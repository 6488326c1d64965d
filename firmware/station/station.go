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
	"log/slog"
	"os"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/config"
	"stationbox/firmware/journal"
	"stationbox/firmware/lesson"
	"stationbox/firmware/link"
	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
	"stationbox/media/player"
	"stationbox/media/sound"
)

// Opts are handed in by the program.
type Opts struct {
	Version string
	Log     *slog.Logger
	Now     func() time.Time
}

// Station is one running station. Make it with New, then Run it once.
type Station struct {
	cfg     *config.Config
	version string
	log     *slog.Logger
	now     func() time.Time
	zone    *time.Location
	words   *text.Catalogue

	journal  *journal.Journal
	scribe   *scribe
	faults   *faults
	guard    *link.Client
	screens  []screen
	displays *displays
	stall    stall
	player   *player.Player
	desk     *desk
	sound    *sound.Sound
	panel    *keypad
	roll     *rollbook
	showing  *showing

	relayBusy sync.Mutex
}

// New opens what must be there (journal, roster) and prepares the rest, which
// may come later. When it fails nothing is left open.
func New(cfg *config.Config, o Opts) (*Station, error) {
	zone, err := time.LoadLocation(cfg.Station.Zone)
	if err != nil {
		return nil, fmt.Errorf("station.zone: %w", err)
	}
	// Every moment that is written or shown carries the station's zone.
	now := func() time.Time { return o.Now().In(zone) }
	st := &Station{cfg: cfg, version: o.Version, log: o.Log, now: now, zone: zone, words: text.New(cfg.Station.Language)}
	for _, dir := range []string{cfg.Station.StateDir, cfg.Station.RunDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("station folder: %w", err)
		}
	}
	roster, bad, err := attendance.LoadRoster(cfg.Roster.File)
	if err != nil {
		return nil, fmt.Errorf("roster: %w", err)
	}
	j, err := journal.Open(cfg.JournalDir(), journal.Opts{Station: cfg.Station.ID, Boot: newBoot(), Now: now, Log: o.Log})
	if err != nil {
		return nil, err
	}
	st.journal = j
	if err := st.build(roster, len(bad)); err != nil {
		_ = j.Close()
		return nil, err
	}
	return st, nil
}

// newBoot names this start of the program.
func newBoot() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (st *Station) build(roster *attendance.Roster, badRows int) error {
	cfg := st.cfg
	st.scribe = newScribe(st.journal, st.log, func(err error) {
		cause := ""
		if err != nil {
			cause = err.Error()
		}
		st.faults.set(err != nil, "fault.journal.write", "", "cause", cause)
	})
	st.faults = newFaults(st.log, st.scribe.put)
	st.roll = newRollbook()
	mem := newMemory()
	if err := st.journal.Scan(func(r firmware.Record) error {
		mem.feed(r)
		st.roll.feed(r)
		return nil
	}); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	st.faults.set(badRows > 0, "fault.roster.bad", "", "count", fmt.Sprint(badRows))
	st.guard = link.NewClient(cfg.GuardSocket(), link.ClientOpts{Log: st.log, Now: st.now, HaveBoot: mem.guard.Boot, HaveSeq: mem.guard.Seq})
	st.displays = openDisplays(cfg, displayNeeds{put: st.scribe.put, guard: st.guard, log: st.log, tick: st.now})
	st.screens = st.displays.screens()
	st.player = player.New(player.Opts{Program: cfg.Player.Program, Video: cfg.Player.Video, Audio: cfg.Player.Audio, Display: cfg.Player.Display,
		Args: cfg.Player.Args, RunDir: cfg.Station.RunDir, Log: st.log, Now: st.now})
	st.desk = newDesk(st.player, st.log)
	st.sound = sound.Open(sound.Opts{Device: cfg.Sound.Device, Prompts: cfg.Sound.Prompts, Log: st.log, Now: st.now})
	var err error
	if st.panel, err = openKeypad(cfg, st.faults, st.log, st.now); err != nil {
		return errors.Join(err, st.sound.Close())
	}

	st.roll.journal, st.roll.roster, st.roll.panel, st.roll.voice = st.journal, roster, st.panel, st.sound
	st.roll.faults, st.roll.words, st.roll.log, st.roll.now = st.faults, st.words, st.log, st.now
	st.showing = &showing{cal: schedule.New(entries(cfg), st.zone), times: timesOf(cfg), mem: mem, scribe: st.scribe, guard: st.guard,
		screens: st.screens, cut: st.displays.cut, warm: st.warmUp, loads: loadNames(cfg), desk: st.desk, voice: st.sound, roll: st.roll, faults: st.faults, words: st.words,
		place: cfg.Station.Name, stateDir: cfg.Station.StateDir, log: st.log, now: st.now, mark: newBookmark(cfg.Station.RunDir, st.log),
		requests: newRequests(cfg), asked: make(chan asked, 8)}
	return nil
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
		runAll(scribeCtx, st.log, st.taskFailed, []task{{"scribe", st.scribe.Run}})
	})
	runAll(ctx, st.log, st.taskFailed, st.tasks(listener))
	stopScribe()
	wg.Wait()
	return st.Close()
}

func (st *Station) taskFailed(name string, err error) {
	st.faults.set(true, "fault.task.ended", name, "cause", fmt.Sprint(err))
}

// Close closes what New opened; Run does it by itself.
func (st *Station) Close() error {
	st.panel.Close()
	_ = st.displays.Close()
	_ = st.sound.Close()
	return st.journal.Close()
}
