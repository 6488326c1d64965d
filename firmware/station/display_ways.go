package station

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/station/internal/work"
	"stationbox/hal"
	"stationbox/hal/cec"
	"stationbox/hal/ir"
	"stationbox/hal/line"
	"stationbox/hal/projector/benq"
	"stationbox/hal/projector/escvp21"
	"stationbox/hal/projector/nec"
	"stationbox/hal/projector/optoma"
	"stationbox/hal/projector/pjlink"
	tvcec "stationbox/hal/tv/cec"
	"stationbox/hal/tv/exlink"
	tvir "stationbox/hal/tv/ir"
	"stationbox/hal/tv/lg"
	"stationbox/hal/tv/mdc"
	"stationbox/hal/tv/other"
)

// opener makes ways out of the configuration and keeps what is to be closed.
type opener struct {
	doors   *Doors
	models  map[string]*config.Model
	log     *slog.Logger
	measure func() (hal.DisplayState, error) // what the current proves; for remote controls
	closers []io.Closer
	follow  []work.Task // the CEC wires that answer what others ask
}

// open returns one way. A way that cannot be made, for a mistake in a model or a
// key, is one whose every call fails: the others and the lesson go on.
func (op *opener) open(name string, w config.Way) display.Way {
	out := display.Way{Name: w.String(), Input: w.Input}
	var err error
	switch w.Kind {
	case "pjlink":
		out.Dev = pjlink.New(w.Address, pjlink.Opts{Password: w.Password, Dial: op.doors.Dial})
	case "escvp21":
		out.Dev = op.epson(name, w)
	case "benq":
		out.Dev, out.Early = benq.New(op.line(name, w, 5*time.Second)), true
	case "optoma":
		out.Dev, out.Early = optoma.New(op.line(name, w, 2*time.Second), w.SetID), true
	case "nec":
		out.Dev = nec.New(op.line(name, w, 3*time.Second))
	case "lg":
		out.Dev = lg.New(op.line(name, w, time.Second), w.SetID)
	case "exlink":
		out.Dev, out.Mute = exlink.New(op.line(name, w, time.Second), exlink.Opts{Probe: w.Probe}), !w.Probe
	case "mdc":
		out.Dev = mdc.New(op.line(name, w, time.Second), w.SetID)
	case "cec":
		out.Dev, out.Acks = op.cec(w), true
	case "ir":
		out.Dev, err = op.remote(w)
		out.Mute = true
	case "other":
		out.Dev, out.Mute, err = op.model(name, w)
	default:
		err = fmt.Errorf("kind %q: unknown", w.Kind)
	}
	if err != nil {
		op.log.Error("display way", "display", name, "way", out.Name, "err", err)
		out.Dev, out.Mute = broken{err}, false
	}
	return out
}

// noticesOf hears what the projectors at ways say unasked by PJLink class 2, one
// listener a port. It is taken for a reason to ask, never for an answer: anybody
// in the network can send it.
func (op *opener) noticesOf(ways []config.Way, ask func()) []*pjlink.Watch {
	var list []*pjlink.Watch
	for _, way := range ways {
		if way.Kind != "pjlink" || op.doors.deaf() {
			continue
		}
		w := pjlink.NewWatch(way.Address, func(n pjlink.Notice) {
			if n.Kind != pjlink.Found {
				ask()
			}
		}, pjlink.WatchOpts{Listen: op.doors.Notices})
		if !slices.ContainsFunc(list, func(other *pjlink.Watch) bool { return other.Port() == w.Port() }) {
			list = append(list, w)
		}
	}
	return list
}

// line opens the serial line or the connection of a way.
func (op *opener) line(name string, w config.Way, timeout time.Duration) *line.Port {
	o := line.Opts{Baud: w.Baud, Name: name + " " + w.Place(), Timeout: timeout, Log: op.log}
	var p *line.Port
	if w.Address == "" {
		p = op.doors.serial(w.Port, o)
	} else {
		p = line.New(op.doors.tcp(w.Address), o)
	}
	op.closers = append(op.closers, p)
	return p
}

func (op *opener) epson(name string, w config.Way) *escvp21.Projector {
	if w.Address != "" {
		return escvp21.New(escvp21.NewNet(w.Address, escvp21.NetOpts{Password: w.Password, Dial: op.doors.Dial}))
	}
	return escvp21.New(op.line(name, w, 3*time.Second))
}

// cec opens the CEC wire. It answers what the TV asks a playback device: a TV that
// gets no answer may turn away from our input.
func (op *opener) cec(w config.Way) *tvcec.TV {
	bus := op.doors.cec(w.Device, cec.Opts{Follow: true})
	op.closers = append(op.closers, bus)
	op.follow = append(op.follow, work.Task{Name: "cec " + w.Device, Run: func(ctx context.Context) error {
		return bus.Follow(ctx, func() bool { return true })
	}})
	return tvcec.New(bus)
}

func (op *opener) remote(w config.Way) (*tvir.TV, error) {
	light := ir.Open(w.Device, ir.Opts{})
	op.closers = append(op.closers, light)
	keys := tvir.Keys{On: w.KeysOn, Off: w.KeysOff, Toggle: w.KeysToggle}
	if len(w.KeysInput) > 0 {
		keys.Inputs = map[string][]string{w.Input: w.KeysInput}
	}
	measured := func(context.Context) (hal.DisplayState, error) { return op.measure() }
	return tvir.New(light, keys, tvir.Opts{Measured: measured})
}

func (op *opener) model(name string, w config.Way) (display.Device, bool, error) {
	m := op.models[w.Model]
	if m == nil {
		return nil, false, fmt.Errorf("model %s: not read", w.Model)
	}
	plan, err := other.Compile(modelOf(m))
	if err != nil {
		return nil, false, fmt.Errorf("model %s: %w", filepath.Base(w.Model), err)
	}
	return other.New(op.line(name, w, plan.Timeout()), plan), m.State.Send == "", nil
}

// modelOf is what the driver wants, out of what the file says.
func modelOf(m *config.Model) other.Model {
	out := other.Model{Name: m.Name, Transport: m.Transport, Baud: m.Baud, TCPPort: m.TCPPort, Start: m.Start, End: m.End,
		Checksum: m.Checksum, ChecksumSkip: m.ChecksumSkip, ChecksumHex: m.ChecksumHex, ReplyEnd: m.ReplyEnd, ReplyChecksum: m.ReplyChecksum,
		Timeout: m.Timeout, Settle: m.Settle, Refused: m.Refused, On: other.Action(m.On), Off: other.Action(m.Off),
		State: other.Question{Send: m.State.Send}, Input: map[string]other.Action{}}
	for _, a := range m.State.Reply {
		out.State.Reply = append(out.State.Reply, other.Answer(a))
	}
	for name, a := range m.Input {
		out.Input[name] = other.Action(a)
	}
	return out
}

// checkModels lists what the driver finds wrong in the models of a configuration,
// "sharp.toml:14: state.reply[2].match: …".
func checkModels(cfg *config.Config) []string {
	var out []string
	for _, path := range slices.Sorted(maps.Keys(cfg.Models)) {
		m := cfg.Models[path]
		_, err := other.Compile(modelOf(m))
		mistakes, ok := err.(other.Mistakes)
		if err != nil && !ok {
			out = append(out, path+": "+err.Error())
		}
		for _, bad := range mistakes {
			out = append(out, fmt.Sprintf("%s:%d: %s: %s", path, m.Line(bad.Key), bad.Key, bad.Text))
		}
	}
	for _, w := range append(cfg.TV.Ways(), cfg.Projector.Ways()...) {
		for _, k := range [][]string{w.KeysOn, w.KeysOff, w.KeysToggle, w.KeysInput} {
			for _, key := range k {
				if _, err := ir.Parse(key); err != nil {
					out = append(out, fmt.Sprintf("%s: %v", w, err))
				}
			}
		}
	}
	return out
}

// broken is a way that could not be made.
type broken struct{ why error }

func (b broken) err() error {
	return fmt.Errorf("%s: %w", strings.ReplaceAll(b.why.Error(), "\n", "; "), hal.ErrGone)
}

// State fails.
func (b broken) State(context.Context) (hal.DisplayState, error) { return hal.DisplayUnknown, b.err() }

// PowerOn fails.
func (b broken) PowerOn(context.Context) error { return b.err() }

// PowerOff fails.
func (b broken) PowerOff(context.Context) error { return b.err() }

// Input fails.
func (b broken) Input(context.Context, string) error { return b.err() }

// socketOff is how long mains is taken from a TV that hears nothing.
const socketOff = 10 * time.Second

// socket is the last way to a TV: its mains, by the guard's own rules. It only
// wishes; the loop that tells the guard asks cut.
type socket struct {
	tick func() time.Time

	mu    sync.Mutex
	until time.Time
}

// cut says whether mains is to be off now.
func (s *socket) cut(now time.Time) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.until)
}

// State cannot be asked.
func (s *socket) State(context.Context) (hal.DisplayState, error) {
	return hal.DisplayUnknown, fmt.Errorf("socket: it tells nothing: %w", hal.ErrSilent)
}

// PowerOn asks for ten seconds without mains.
func (s *socket) PowerOn(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = s.tick().Add(socketOff)
	return nil
}

// PowerOff is not the socket's: the loads of a lesson go off by its end.
func (s *socket) PowerOff(context.Context) error {
	return fmt.Errorf("socket: only to begin anew: %w", hal.ErrRefused)
}

// Input has no meaning.
func (s *socket) Input(context.Context, string) error {
	return fmt.Errorf("socket: has no inputs: %w", hal.ErrRefused)
}
