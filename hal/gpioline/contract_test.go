package gpioline

import (
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/pin"

	"stationbox/hal"
)

// rig is one kind of lines under the contract: GPIO4, GPIO17 and GPIO18 are
// there, GPIO99 is not.
type rig struct {
	bank *Bank
	// pull gives an input its level from outside.
	pull func(name string, l gpio.Level)
	// state is what a scope shows.
	state func(name string) (output bool, level gpio.Level)
	// history is every state of the line so far, nil if this kind cannot tell.
	history func(name string) []string
	// hold makes somebody else hold the line.
	hold func(name string)
}

func rigs() map[string]func(t *testing.T) *rig {
	return map[string]func(t *testing.T) *rig{
		"kernel":  fakeKernelRig,
		"server":  serverRig,
		"gpiosim": gpioSimRig,
	}
}

func fakeKernelRig(t *testing.T) *rig {
	m := newModel("GPIO4", "GPIO17", "GPIO18")
	k := newFakeKernel(t, m, "fake", "GPIO4", "GPIO17", "GPIO18", "other")
	back, err := openKernel("/dev/null", "test", k.ioctl)
	must(t, err)
	return &rig{
		bank: newBank("/dev/null", back),
		pull: m.pull,
		state: func(name string) (bool, gpio.Level) {
			k.settle()
			return m.state(name)
		},
		history: m.history,
		hold:    m.hold,
	}
}

func serverRig(t *testing.T) *rig {
	m := newModel("GPIO4", "GPIO17", "GPIO18")
	s := startPinServer(t, m)
	b, err := Open(t.Context(), "unix:"+s.path, "test")
	must(t, err)
	return &rig{bank: b, pull: m.pull, state: m.state, history: m.history, hold: m.hold}
}

// TestContract holds for every kind of lines.
func TestContract(t *testing.T) {
	clauses := map[string]func(t *testing.T, r *rig){
		"first level with the request": contractFirstLevel,
		"reading disturbs nothing":     contractReadOutput,
		"post":                         contractPost,
		"input":                        contractInput,
		"edges":                        contractEdges,
		"edges are chosen":             contractEdgeChoice,
		"wait ends":                    contractWaitEnds,
		"in forgets edges":             contractInForgets,
		"busy":                         contractBusy,
		"unknown line":                 contractUnknown,
		"unused line":                  contractUnused,
		"halt lets go":                 contractHalt,
		"turn around":                  contractTurn,
		"close":                        contractClose,
		"words":                        contractWords,
	}
	for kind, open := range rigs() {
		for name, clause := range clauses {
			t.Run(kind+"/"+name, func(t *testing.T) {
				r := open(t)
				t.Cleanup(func() {
					if err := r.bank.Close(); err != nil {
						t.Error(err)
					}
				})
				clause(t, r)
			})
		}
	}
}

func (r *rig) pin(t *testing.T, name string) *Pin {
	t.Helper()
	p, err := r.bank.Pin(name)
	must(t, err)
	return p
}

func (r *rig) wantState(t *testing.T, name string, output bool, level gpio.Level) {
	t.Helper()
	if o, l := r.state(name); o != output || l != level {
		t.Fatalf("%s is output %v level %v, want %v %v", name, o, l, output, level)
	}
}

func contractFirstLevel(t *testing.T, r *rig) {
	must(t, r.pin(t, "GPIO17").Out(gpio.High))
	r.wantState(t, "GPIO17", true, gpio.High)
	must(t, r.pin(t, "GPIO4").Out(gpio.Low))
	r.wantState(t, "GPIO4", true, gpio.Low)
	if r.history == nil {
		return
	}
	if got := r.history("GPIO17"); !slices.Equal(got, []string{"out1"}) {
		t.Fatalf("line went through %v, want out1 only", got)
	}
}

func contractReadOutput(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	for _, l := range []gpio.Level{gpio.High, gpio.Low, gpio.High} {
		must(t, p.Out(l))
		if got := p.Read(); got != l {
			t.Fatalf("Read after Out(%v): %v", l, got)
		}
		if got, err := p.Level(); err != nil || got != l {
			t.Fatalf("Level after Out(%v): %v, %v", l, got, err)
		}
		_ = p.Func()
		r.wantState(t, "GPIO17", true, l)
	}
	if r.history == nil {
		return
	}
	if got := r.history("GPIO17"); !slices.Equal(got, []string{"out1", "out0", "out1"}) {
		t.Fatalf("line went through %v", got)
	}
}

func contractPost(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	level := gpio.Low
	for range 200 {
		level = !level
		for p.Post(level) != nil { // too many unconfirmed on a loaded machine
			time.Sleep(time.Millisecond)
		}
	}
	if got, err := p.Level(); err != nil || got != level {
		t.Fatalf("level after posts: %v, %v, want %v", got, err, level)
	}
	if r.history != nil && len(r.history("GPIO17")) != 200 {
		t.Fatalf("%d levels arrived, want 200", len(r.history("GPIO17")))
	}
}

func contractInput(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	must(t, p.In(gpio.PullUp, gpio.NoEdge))
	for _, l := range []gpio.Level{gpio.High, gpio.Low, gpio.High} {
		r.pull("GPIO17", l)
		if got, err := p.Level(); err != nil || got != l {
			t.Fatalf("level: %v, %v, want %v", got, err, l)
		}
	}
	if p.Pull() != gpio.PullUp || p.DefaultPull() != gpio.PullNoChange {
		t.Fatal("pull not told")
	}
}

func contractEdges(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	must(t, p.In(gpio.Float, gpio.BothEdges))
	before := Monotonic()
	level := gpio.Low
	var seq uint64
	for range 6 {
		level = !level
		r.pull("GPIO17", level)
		select {
		case e := <-p.Edges():
			if e.Level != level || e.Seq != seq+1 || e.At < before || e.At > Monotonic() {
				t.Fatalf("edge %+v, want level %v seq %d", e, level, seq+1)
			}
			seq, before = e.Seq, e.At
		case <-time.After(patience):
			t.Fatal("no edge")
		}
	}
	r.pull("GPIO17", !level)
	if !p.WaitForEdge(patience) {
		t.Fatal("WaitForEdge saw nothing")
	}
}

func contractEdgeChoice(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	must(t, p.InDebounced(gpio.PullDown, gpio.FallingEdge, 0))
	r.pull("GPIO17", gpio.High)
	r.pull("GPIO17", gpio.Low)
	select {
	case e := <-p.Edges():
		if e.Level != gpio.Low {
			t.Fatalf("edge %+v, want a falling one", e)
		}
	case <-time.After(patience):
		t.Fatal("no edge")
	}
	if p.WaitForEdge(0) {
		t.Fatal("an edge too many")
	}
}

func contractWaitEnds(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	ends := map[string]func() error{
		"In":    func() error { return p.In(gpio.PullUp, gpio.BothEdges) },
		"Halt":  p.Halt,
		"Close": r.bank.Close,
	}
	for _, name := range []string{"In", "Halt", "Close"} {
		if name != "Close" {
			must(t, p.In(gpio.PullUp, gpio.BothEdges))
		}
		if p.WaitForEdge(time.Millisecond) {
			t.Fatal("edge out of nothing")
		}
		done := make(chan bool, 1)
		go func() { done <- p.WaitForEdge(patience) }()
		time.Sleep(5 * time.Millisecond) // usually enough to be waiting; if not, the case is just weaker
		must(t, ends[name]())
		if name == "Halt" {
			must(t, p.In(gpio.PullUp, gpio.BothEdges))
		}
		select {
		case saw := <-done:
			if saw {
				t.Fatalf("%s: an edge out of nothing", name)
			}
		case <-time.After(2 * patience):
			t.Fatalf("%s does not end the wait", name)
		}
	}
}

func contractInForgets(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	must(t, p.In(gpio.Float, gpio.BothEdges))
	r.pull("GPIO17", gpio.High)
	eventually(t, "edge queued", func() bool { return len(p.Edges()) == 1 })
	must(t, p.In(gpio.Float, gpio.BothEdges))
	if p.WaitForEdge(0) {
		t.Fatal("old edge survived In")
	}
}

func contractBusy(t *testing.T, r *rig) {
	r.hold("GPIO18")
	p := r.pin(t, "GPIO18")
	for name, err := range map[string]error{
		"out": p.Out(gpio.High), "in": p.In(gpio.Float, gpio.NoEdge), "post": p.Post(gpio.High),
	} {
		if !errors.Is(err, hal.ErrRefused) {
			t.Errorf("%s on a held line: %v, want ErrRefused", name, err)
		}
	}
}

func contractUnknown(t *testing.T, r *rig) {
	p, err := r.bank.Pin("GPIO99")
	if err == nil {
		err = p.Out(gpio.High)
	}
	if !errors.Is(err, hal.ErrGone) {
		t.Fatalf("unknown line: %v, want ErrGone", err)
	}
	for _, name := range []string{"", "GPIO 4", "GPIO4\nout GPIO17 1", string(make([]byte, 40))} {
		if _, err := r.bank.Pin(name); err == nil {
			t.Errorf("name %q accepted", name)
		}
	}
}

func contractUnused(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	if _, err := p.Level(); err == nil {
		t.Fatal("a line never asked for has a level")
	}
	if p.Read() != gpio.Low || p.Func() != pin.FuncNone || p.Pull() != gpio.PullNoChange {
		t.Fatal("a line never asked for tells something")
	}
	must(t, p.Halt())
}

func contractHalt(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	must(t, p.Out(gpio.High))
	must(t, p.Halt())
	if output, _ := r.state("GPIO17"); output {
		t.Fatal("still an output after Halt")
	}
	if _, err := p.Level(); err == nil {
		t.Fatal("a halted line has a level")
	}
	must(t, p.Out(gpio.Low))
}

func contractTurn(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	must(t, p.In(gpio.PullUp, gpio.BothEdges))
	must(t, p.Out(gpio.High))
	r.wantState(t, "GPIO17", true, gpio.High)
	must(t, p.In(gpio.PullUp, gpio.BothEdges))
	if output, _ := r.state("GPIO17"); output {
		t.Fatal("still an output after In")
	}
	if r.history == nil {
		return
	}
	if slices.Contains(r.history("GPIO17"), "out0") {
		t.Fatalf("low in between: %v", r.history("GPIO17"))
	}
}

func contractClose(t *testing.T, r *rig) {
	out, in := r.pin(t, "GPIO17"), r.pin(t, "GPIO4")
	must(t, out.Out(gpio.High))
	must(t, in.In(gpio.PullUp, gpio.BothEdges))
	must(t, r.bank.State())
	must(t, r.bank.Close())
	must(t, r.bank.Close())
	if output, _ := r.state("GPIO17"); output {
		t.Fatal("still an output after Close")
	}
	_, errLevel := out.Level()
	_, errPin := r.bank.Pin("GPIO4")
	for name, err := range map[string]error{
		"out": out.Out(gpio.Low), "post": out.Post(gpio.Low), "in": in.In(gpio.PullUp, gpio.NoEdge),
		"level": errLevel, "pin": errPin, "state": r.bank.State(),
	} {
		if !errors.Is(err, hal.ErrGone) {
			t.Errorf("%s after Close: %v, want ErrGone", name, err)
		}
	}
}

func contractWords(t *testing.T, r *rig) {
	p := r.pin(t, "GPIO17")
	if again := r.pin(t, "GPIO17"); again != p {
		t.Error("the same name gave another pin")
	}
	if p.Name() != "GPIO17" || p.String() != "GPIO17" || p.Number() < 0 {
		t.Errorf("name %q, %q, number %d", p.Name(), p.String(), p.Number())
	}
	if err := p.PWM(gpio.DutyHalf, physic.KiloHertz); err == nil {
		t.Error("PWM accepted")
	}
	for _, f := range p.SupportedFuncs() {
		must(t, p.SetFunc(f))
		if p.Func() != f {
			t.Errorf("func %v after SetFunc(%v)", p.Func(), f)
		}
	}
	if err := p.SetFunc(gpio.OUT); err == nil {
		t.Error("output without a level accepted")
	}
	for name, err := range map[string]error{
		"debounce": p.InDebounced(gpio.PullUp, gpio.NoEdge, -1),
		"pull":     p.In(9, gpio.NoEdge),
		"edge":     p.In(gpio.PullUp, 7),
	} {
		if err == nil {
			t.Errorf("%s out of range accepted", name)
		}
	}
}
