package device

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// RotatorOpts are the options of NewRotator, in degrees.
type RotatorOpts struct {
	Speed          float64 // a second, on both axes at once; default 3
	Backlash       float64 // of the gears, on both axes: the dish follows the motor so much later
	OffAz, OffEl   float64 // by which the dish points farther than the mount says
	MinAz, MaxAz   float64 // default 0 … 360
	MinEl, MaxEl   float64 // default 0 … 90
	ParkAz, ParkEl float64
	Plain          bool   // knows short replies only
	Seed           uint64 // of the faults
}

// Rotator is a mount with two motors behind a rotctld: it turns the dish. Where its
// motors stand is what it says; the dish lags behind by the play of the gears, and may be
// mounted askew on it.
//
// Its faults: those of a wire; stalled (the motors hum and do not turn), unpowered (the
// controller has no mains: the motors stop and rotctld gets no word from it), stuck_el
// (the elevation motor does not turn), refuses (every goal), another (it answers another
// question than was asked).
type Rotator struct {
	knob
	dish *world.Dish
	tcp  *wire.TCP
	opts RotatorOpts

	lock    sync.Mutex
	rng     *rand.Rand
	motor   [2]float64 // azimuth, elevation
	goal    [2]float64
	carried [2]float64 // the dish, behind the play
	at      time.Time  // of motor
	orders  []string
}

var _ Device = (*Rotator)(nil)

// NewRotator returns a mount under dish whose rotctld listens on tcp. It stands as the
// dish does.
func NewRotator(dish *world.Dish, tcp *wire.TCP, o RotatorOpts) *Rotator {
	if o.Speed <= 0 {
		o.Speed = 3
	}
	if o.MinAz == 0 && o.MaxAz == 0 {
		o.MaxAz = 360
	}
	if o.MinEl == 0 && o.MaxEl == 0 {
		o.MaxEl = 90
	}
	r := &Rotator{dish: dish, tcp: tcp, opts: o, rng: seeded(o.Seed, 0x4533), at: time.Now()}
	p := dish.Pose()
	r.carried = [2]float64{p.Azimuth - o.OffAz, p.Elevation - o.OffEl}
	r.motor, r.goal = r.carried, r.carried
	r.knob = newKnob("rotator", r.changed, append(wireKinds(), "stalled", "unpowered", "stuck_el", "refuses", "another")...)
	return r
}

// changed lets the motors run up to now by the fault of before; the knob has the new one
// already, so that a step of the motors may be lost.
func (r *Rotator) changed(kind string) error {
	r.lock.Lock()
	if kind == "unpowered" {
		r.goal = r.motor
	}
	r.at = time.Now()
	r.lock.Unlock()
	return plug(r.tcp)(kind)
}

// Run serves rotctld and turns the motors until ctx ends.
func (r *Rotator) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for sleep(ctx, 50*time.Millisecond) {
			r.lock.Lock()
			r.advance()
			r.lock.Unlock()
		}
	})
	return r.tcp.Serve(ctx, r.session)
}

// advance lets the motors turn until now; the lock is held.
func (r *Rotator) advance() {
	now := time.Now()
	step := r.opts.Speed * now.Sub(r.at).Seconds()
	r.at = now
	fault := r.FaultName()
	if fault == "stalled" || fault == "unpowered" {
		return
	}
	for i := range r.motor {
		if i == 1 && fault == "stuck_el" {
			continue
		}
		way := r.goal[i] - r.motor[i]
		r.motor[i] += math.Copysign(min(step, math.Abs(way)), way)
		half := r.opts.Backlash / 2
		r.carried[i] = min(max(r.carried[i], r.motor[i]-half), r.motor[i]+half)
	}
	p := r.dish.Pose()
	p.Azimuth, p.Elevation = r.carried[0]+r.opts.OffAz, r.carried[1]+r.opts.OffEl
	r.dish.Turn(p)
}

// Orders returns the commands that moved or stopped it.
func (r *Rotator) Orders() []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return append([]string(nil), r.orders...)
}

// Moving says whether a motor turns or wants to.
func (r *Rotator) Moving() bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.motor != r.goal
}

// rotatorIdle is how long a client may say nothing.
const rotatorIdle = 10 * time.Minute

// session is one client, a command a line.
func (r *Rotator) session(ctx context.Context, c net.Conn) {
	lines := bufio.NewScanner(c)
	for {
		_ = c.SetReadDeadline(time.Now().Add(rotatorIdle))
		if !lines.Scan() {
			return
		}
		fault := r.wireFault()
		if fault == wire.Late && !sleep(ctx, wire.LateBy+4*time.Second) {
			return
		}
		r.lock.Lock()
		answer := fault.Spoil([]byte(r.obey(lines.Text())), r.rng)
		r.lock.Unlock()
		_ = c.SetWriteDeadline(time.Now().Add(2 * time.Second))
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// rotatorWords are the long names of the letters.
var rotatorWords = map[string]string{
	`\get_pos`: "p", `\set_pos`: "P", `\stop`: "S", `\park`: "K", `\get_info`: "_", `\dump_state`: "dump",
}

// obey does a command and returns the answer; the lock is held.
func (r *Rotator) obey(line string) string {
	r.advance()
	line, extended := strings.CutPrefix(line, "+")
	words := strings.Fields(line)
	if len(words) == 0 {
		return ""
	}
	if extended && r.opts.Plain {
		return "RPRT -1\n"
	}
	head := strings.TrimPrefix(line, `\`)
	if word, ok := rotatorWords[words[0]]; ok {
		words[0] = word
	}
	if r.FaultName() == "another" {
		head = "get_level SPEED"
	}
	name, _, _ := strings.Cut(head, " ")
	head = name + ":" + head[len(name):] + "\n"
	values, code := r.act(words)
	if code == 0 && r.FaultName() == "unpowered" {
		values, code = "", -5
	}
	switch {
	case extended && code == 0:
		return head + values + "RPRT 0\n"
	case extended:
		return fmt.Sprintf("%sRPRT %d\n", head, code)
	case code != 0 || values == "":
		return fmt.Sprintf("RPRT %d\n", code)
	}
	return strings.NewReplacer("Azimuth: ", "", "Elevation: ", "", "Info: ", "").Replace(values)
}

func (r *Rotator) act(words []string) (values string, code int) {
	switch words[0] {
	case "p":
		return fmt.Sprintf("Azimuth: %.2f\nElevation: %.2f\n", r.motor[0], r.motor[1]), 0
	case "P":
		return "", r.aim(words[1:])
	case "S":
		r.goal = r.motor
		r.orders = append(r.orders, "stop")
	case "K":
		r.goal = [2]float64{r.opts.ParkAz, r.opts.ParkEl}
		r.orders = append(r.orders, "park")
	case "_":
		return "Info: simulated rotator\n", 0
	case "dump":
		o := r.opts
		return fmt.Sprintf("1\n1\nmin_az=%f\nmax_az=%f\nmin_el=%f\nmax_el=%f\nsouth_zero=0\nrot_type=AzEl\ndone\n", o.MinAz, o.MaxAz, o.MinEl, o.MaxEl), 0
	default:
		return "", -1
	}
	return "", 0
}

func (r *Rotator) aim(words []string) (code int) {
	if len(words) != 2 {
		return -1
	}
	az, errA := strconv.ParseFloat(words[0], 64)
	el, errE := strconv.ParseFloat(words[1], 64)
	o := r.opts
	switch {
	case errA != nil || errE != nil:
		return -1
	case !(az >= o.MinAz && az <= o.MaxAz && el >= o.MinEl && el <= o.MaxEl):
		return -21
	case r.FaultName() == "refuses":
		return -9
	}
	r.goal = [2]float64{az, el}
	r.orders = append(r.orders, fmt.Sprintf("turn %.2f %.2f", az, el))
	return 0
}

// String describes r.
func (r *Rotator) String() string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return fmt.Sprintf("rotator at %s: azimuth %.2f, elevation %.2f, fault %s", r.tcp.Addr(), r.motor[0], r.motor[1], r.FaultName())
}
