package player

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"
)

const (
	callBound   = 2 * time.Second        // of an ordinary request
	shotBound   = 5 * time.Second        // of a screenshot
	loadBound   = 20 * time.Second       // from loadfile to the first frame
	beatEvery   = 500 * time.Millisecond // between two questions whether mpv lives and moves
	mostCrashes = 8                      // in a row without progress, before a programme is given up
	endPatience = 2 * time.Second        // from mpv's own pause to its word that this is the end
	screenBeats = 10                     // beats between two looks for a screen
	backoffMin  = 100 * time.Millisecond
	backoffMax  = 5 * time.Second
	socketMax   = 107 // bytes of a path in a Unix socket address
)

var (
	errHung    = errors.New("does not answer")
	errStill   = errors.New("picture stands still")
	errForeign = errors.New("socket is held by a process that is not ours")
)

// session is the time with one mpv.
type session struct {
	p       *Player
	c       *conn
	m       *process
	noVideo int  // generation that has no screen: sound only
	hasGain bool // mpv has a gain of its own
	levels  map[int64]level
	ducked  float64 // dB by which mpv turns the programme down
	beats   int
	looks   int // beats since a screen was looked for

	beatPos time.Duration
	still   int // beats without motion
	dark    int // beats without a picture
}

// Run supervises mpv until ctx ends, then quits it, or leaves it playing when
// KeepOnExit is set, and returns nil. It waits while another controller holds
// the socket. An error means that the options cannot work at all.
func (p *Player) Run(ctx context.Context) error {
	if len(p.o.Socket) > socketMax {
		return fmt.Errorf("player socket %s: path longer than %d bytes", p.o.Socket, socketMax)
	}
	if st, err := os.Stat(p.o.RunDir); err != nil || !st.IsDir() {
		return fmt.Errorf("player run folder %q: not a folder", p.o.RunDir)
	}
	held, err := lock(ctx, p.o.Socket+".lock", func() {
		p.down(fmt.Errorf("%w: another controller holds %s", ErrDown, p.o.Socket))
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer func() { _ = held.Close() }() // releases the lock
	defer p.dropPictures()
	for delay := time.Duration(0); ; {
		if !rest(ctx, delay) {
			return nil
		}
		delay = p.nextDelay(delay, p.attend(ctx))
	}
}

// nextDelay is how long to rest before the next mpv: not at all after a first
// death, then longer and longer.
func (p *Player) nextDelay(last time.Duration, connected bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if connected && p.crashes <= 1 {
		return 0
	}
	return min(max(2*last, backoffMin), backoffMax)
}

func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// attend serves one mpv from its start or adoption to its end; it says whether
// there was one.
func (p *Player) attend(ctx context.Context) bool {
	s, adopted, err := p.connect(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.log.Error("player: no mpv", "err", err)
			p.down(fmt.Errorf("%w: %w", ErrDown, err))
		}
		return false
	}
	err = s.begin(ctx, adopted)
	if err == nil {
		err = s.loop(ctx)
	}
	if ctx.Err() != nil {
		s.leave()
		return true
	}
	s.bury(err)
	return true
}

// down records why there is no mpv.
func (p *Player) down(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link, p.pid, p.problem = nil, 0, why
	p.view.settled = 0
	p.notifyLocked()
}

// connect adopts the mpv that lives behind the socket or starts one.
func (p *Player) connect(ctx context.Context) (*session, bool, error) {
	p.mu.Lock()
	p.view = view{}
	p.mu.Unlock()
	if c, err := dial(ctx, p.o.Socket, p.handle, p.garbled); err == nil {
		m, err := p.adopt(ctx, c)
		if err == nil {
			return &session{p: p, c: c, m: m, levels: map[int64]level{}}, true, nil
		}
		c.close()
		if errors.Is(err, errForeign) || ctx.Err() != nil {
			return nil, false, err
		}
		p.log.Warn("player: replacing the mpv that was found", "err", err)
	}
	m, err := start(p.o)
	if err != nil {
		return nil, false, err
	}
	c, err := p.reach(ctx, m)
	if err != nil {
		m.kill()
		return nil, false, err
	}
	return &session{p: p, c: c, m: m, levels: map[int64]level{}}, false, nil
}

// adopt takes over the mpv behind c when it answers and was started the way we
// would; an mpv of ours that does not is killed.
func (p *Player) adopt(ctx context.Context, c *conn) (*process, error) {
	pid, err := c.peer()
	if err != nil {
		return nil, err
	}
	if !ours(pid, p.o.Socket) {
		return nil, fmt.Errorf("process %d: %w: %s", pid, errForeign, p.o.Socket)
	}
	m, err := adopted(pid)
	if err != nil {
		return nil, err
	}
	data, err := c.call(ctx, p.o.HangAfter, []any{"get_property", "title"})
	if err == nil && string(data) == `"`+title(p.o)+`"` {
		return m, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	m.kill()
	if err == nil {
		err = errors.New("started with other options")
	}
	return nil, fmt.Errorf("mpv %d: %w", pid, err)
}

// ours says whether that process was told to listen on our socket: nothing
// else may be killed.
func ours(pid int, socket string) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains("\x00"+string(b), "\x00--input-ipc-server="+socket+"\x00")
}

// reach waits for the socket of an mpv that was just started.
func (p *Player) reach(ctx context.Context, m *process) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	for {
		c, err := dial(ctx, p.o.Socket, p.handle, p.garbled)
		if err == nil {
			if pid, err := c.peer(); err == nil && pid == m.pid {
				hurry(pid) // the threads that it makes later follow
				return c, nil
			}
			c.close()
		}
		if m.gone() {
			return nil, fmt.Errorf("player %s: ended at once: %s", p.o.Program, complaint(p.o))
		}
		if !rest(ctx, pollEvery) {
			return nil, fmt.Errorf("player %s: no ipc socket in %v: %s", p.o.Program, startBound, complaint(p.o))
		}
	}
}

// begin makes mpv report, and shows the texts; an adopted mpv tells what it plays.
func (s *session) begin(ctx context.Context, adopted bool) error {
	commands := []any{[]any{"request_log_messages", "error"}, setProperty("msg-level", "all=no")}
	for i, name := range watched() {
		commands = append(commands, []any{"observe_property", i + 1, name})
	}
	for _, command := range commands {
		if _, err := s.c.call(ctx, s.p.o.HangAfter, command); err != nil {
			return err
		}
	}
	_, err := s.c.call(ctx, s.p.o.HangAfter, setProperty("volume-gain-max", MostGain))
	if fatal(err) != nil {
		return err
	}
	s.hasGain = err == nil // since mpv 0.38
	s.p.mu.Lock()
	duck := s.p.duck
	s.p.mu.Unlock()
	if err := s.volume(ctx, duck); err != nil {
		return err
	}
	shown := map[int]string{}
	if err := s.texts(ctx, shown); err != nil {
		return err
	}
	version := s.text(ctx, "mpv-version")
	if adopted {
		s.inherit(ctx)
	}
	s.p.mu.Lock()
	s.p.link, s.p.pid, s.p.version, s.p.problem = s.c, s.m.pid, version, nil
	s.p.log.Info("player: mpv runs", "version", version, "pid", s.m.pid, "adopted", adopted, "file", s.p.want.file)
	s.p.notifyLocked()
	s.p.mu.Unlock()
	// What was shown or hidden until now reached no mpv.
	return errors.Join(s.texts(ctx, shown), s.showPictures(ctx))
}

// texts brings the texts of this mpv, which shows shown, to what is wished. It
// looks again after it has told mpv, because a wish may come meanwhile.
func (s *session) texts(ctx context.Context, shown map[int]string) error {
	for {
		s.p.mu.Lock()
		wished := maps.Clone(s.p.overlays)
		s.p.mu.Unlock()
		if maps.Equal(shown, wished) {
			return nil
		}
		for id := range shown {
			if wished[id] == "" {
				wished[id] = ""
			}
		}
		for id, ass := range wished {
			if shown[id] == ass {
				continue
			}
			if _, err := s.c.call(ctx, s.p.o.HangAfter, overlayCommand(id, ass)); err != nil {
				return err
			}
			shown[id] = ass
			if ass == "" {
				delete(shown, id)
			}
		}
	}
}

// loop serves until mpv ends (nil), fails (an error) or ctx ends.
func (s *session) loop(ctx context.Context) error {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		s.p.mu.Lock()
		changed := s.p.changed
		s.p.mu.Unlock()
		if err := s.reconcile(ctx); err != nil {
			return err
		}
		step, err := s.ramp(ctx)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.c.done:
			return errClosed
		case <-changed:
		case <-step:
		case <-beat.C:
			if err := s.beat(ctx); err != nil {
				return err
			}
			if err := errors.Join(s.listen(ctx), s.lookForScreen(ctx)); err != nil {
				return err
			}
		}
	}
}

// leave ends the session with a living mpv.
func (s *session) leave() {
	defer s.p.down(ErrDown)
	defer s.c.close()
	if s.p.o.KeepOnExit {
		s.m.release()
		return
	}
	_, err := s.c.call(context.Background(), callBound, []any{"quit"})
	if err == nil || errors.Is(err, errClosed) {
		s.m.await(context.Background(), quitBound)
	}
	s.m.kill()
}

// bury ends the session with an mpv that died or must die.
func (s *session) bury(why error) {
	p := s.p
	// Death is seen first, so that the new mpv starts only after the old one.
	s.c.close()
	s.m.kill()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.Error("player: mpv is replaced", "err", why, "pid", s.m.pid, "file", p.want.file, "position", p.want.at)
	if errors.Is(why, errHung) || errors.Is(why, errStill) || errors.Is(why, errNoReply) {
		p.emitLocked(Event{Kind: Stalled, Detail: why.Error()})
	}
	p.emitLocked(Event{Kind: Died, Detail: why.Error()})
	p.link, p.pid, p.problem = nil, 0, fmt.Errorf("%w: mpv %d: %w", ErrDown, s.m.pid, why)
	p.view.settled = 0
	p.restarts++
	p.crashes++
	if p.crashes > mostCrashes && p.want.file != "" {
		p.giveUpLocked(fmt.Errorf("%w: mpv died %d times at %v", ErrUnplayable, p.crashes, p.want.at))
		p.crashes = 0
	}
	p.notifyLocked()
}
