// Package incline reads an inclinometer of WitMotion's family (JY901, WT901,
// HWT905, SINDT …): how the dish leans and, roughly, where it looks.
//
// It promises that an angle which is damaged, impossible or older than the call is an
// error and never a number; that a sensor which feels no gravity measures no
// angle; and that one which repeats itself to the last bit is noticed. It does
// not average and knows nothing of dishes but what Mount says.
//
// On a serial line the sensor talks unasked, 9600 8N1 and ten times a second from the
// factory, in frames of eleven bytes, numbers low byte first:
//
//	55 51 ax ax ay ay az az T  T  sum     acceleration, 16 g = 32768; 0.01 °C
//	55 53 ro ro pi pi ya ya v  v  sum     roll, pitch, yaw, 180° = 32768
//	55 52 …, 55 54 …                      turning, magnetic field: not used
//
// Sum is the low byte of the sum of the ten before it. The models for RS-485 are
// Modbus slaves, address 50 (hex) from the factory, with the same numbers in the
// holding registers 34 (ax) to 36, 3D (roll) to 3F and 40 (temperature).
//
// The axes are those printed on the case. With the case flat and its z axis up,
// roll is the turn about x and pitch the turn about y, both 0 when level and
// positive by the right hand: thumb along the axis, the fingers show the way. Yaw
// is the turn about z; only models with a magnetometer give it a zero, near steel
// it is worthless, and its sense differs between models. A case that is not
// mounted flat has other angles: see Mount.
//
// Sources: WitMotion's WitStandardProtocol_JY901 (wit_c_sdk.c, REG.h), HWT905-TTL
// data sheet v20-0707. Tried against a model, not with a sensor. Not verified: the
// temperature register, and that no RS-485 model has angles of 32 bits there;
// from memory some high-precision ones do, which must not be used with this.
package incline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// ErrStuck means that the sensor says the same to the last bit for too long,
// which no working one does. It is hal.ErrGarbled.
var ErrStuck = fmt.Errorf("the sensor repeats itself: %w", hal.ErrGarbled)

// Listener hears a device that talks unasked; *line.Port is one. Listen must not
// hand over what came before the call. Done sees all bytes so far: it returns how
// many of them are enough, 0 for more, or an error that ends it.
type Listener interface {
	Listen(ctx context.Context, done func([]byte) (n int, err error)) ([]byte, error)
}

// Bus reads registers of a Modbus slave; *modbus.Client is one.
type Bus interface {
	ReadHolding(ctx context.Context, unit uint8, start, count uint16) ([]uint16, error)
}

// Opts are the optional settings of a Sensor.
type Opts struct {
	// Name stands in errors; "" means "incline".
	Name string
	// Stuck is how long the sensor may say the same to the last bit; 0 means 2 min.
	// The last bit is 0.0055° and half a thousandth of gravity, and the noise of the
	// chip is more. Readings must be taken a few times within it.
	Stuck time.Duration
	// Now is the clock of readings; nil means time.Now.
	Now func() time.Time
}

// Tilt is one answer of the sensor.
type Tilt struct {
	Roll  physic.Angle // -180° to 180°
	Pitch physic.Angle // -90° to 90°
	Yaw   physic.Angle // -180° to 180°
	// Temperature is that of the chip; 0 K when it is not known.
	Temperature physic.Temperature
	// Shaken says that more or less than the weight of the earth was felt, so that
	// the angles are those of a dish in the wind.
	Shaken bool
}

// Sensor is one inclinometer. It is not for use by several goroutines at once.
type Sensor struct {
	ask  func(context.Context) (raw, error)
	opts Opts

	last  raw
	since time.Time // when last was first said; zero: never
	again int       // how often it was said since
}

// NewSerial returns the sensor that is heard on src.
func NewSerial(src Listener, o Opts) *Sensor {
	return newSensor(func(ctx context.Context) (raw, error) { return hear(ctx, src) }, o)
}

// NewModbus returns the sensor at an address, 1 to 247, of an RS-485 line.
func NewModbus(bus Bus, address int, o Opts) *Sensor {
	return newSensor(func(ctx context.Context) (raw, error) { return fetch(ctx, bus, address) }, o)
}

func newSensor(ask func(context.Context) (raw, error), o Opts) *Sensor {
	if o.Name == "" {
		o.Name = "incline"
	}
	if o.Stuck <= 0 {
		o.Stuck = 2 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Sensor{ask: ask, opts: o}
}

// Read takes one reading; on a serial line it waits for two frames that agree,
// usually 0.2 s. Errors: hal.ErrSilent, hal.ErrGarbled (also for angles that cannot
// be and without gravity), ErrStuck, hal.ErrGone, or those of the bus.
func (s *Sensor) Read(ctx context.Context) (hal.Reading[Tilt], error) {
	r, err := s.ask(ctx)
	now := s.opts.Now()
	if err == nil {
		err = s.moved(r, now)
	}
	var t Tilt
	if err == nil {
		t, err = r.tilt()
	}
	if err != nil {
		return hal.Reading[Tilt]{}, fmt.Errorf("%s: %w", s.opts.Name, err)
	}
	return hal.Reading[Tilt]{Value: t, At: now}, nil
}

// stuckTimes is how often the same must have been said: a sensor that was asked
// twice, hours apart, may well say the same twice.
const stuckTimes = 5

// moved notices a sensor that repeats itself.
func (s *Sensor) moved(r raw, now time.Time) error {
	if s.since.IsZero() || r != s.last {
		s.last, s.since, s.again = r, now, 0
		return nil
	}
	s.again++
	if d := now.Sub(s.since); d >= s.opts.Stuck && s.again >= stuckTimes {
		return fmt.Errorf("the same %d times in %v: %w", s.again+1, d.Round(time.Second), ErrStuck)
	}
	return nil
}

// raw is what the sensor says, in its own units.
type raw struct {
	roll, pitch, yaw int16
	acc              [3]int16
	temp             int16 // 0.01 °C
	felt             bool  // acc and temp are there
}

// The scales and what can be.
const (
	halfTurn  = 32768         // of an angle
	rightTurn = halfTurn / 2  // pitch has no more
	oneG      = 32768.0 / 16  // of an acceleration
	leastG    = 0.5           // less or more is a broken chip
	mostG     = 1.5           //
	calmG     = 0.05          // more or less than 1 g is a dish that shakes
	leastTemp = -5000         // the chip works from -40 to 85 °C
	mostTemp  = 10000         //
	nanoPi    = math.Pi * 1e9 // half a turn in physic.Angle
	centi     = 10 * physic.MilliKelvin
)

// tilt says what r means.
func (r raw) tilt() (Tilt, error) {
	if r.pitch > rightTurn || r.pitch < -rightTurn {
		return Tilt{}, fmt.Errorf("pitch %.1f°: %w", float64(r.pitch)/halfTurn*180, hal.ErrGarbled)
	}
	t := Tilt{Roll: angle(r.roll), Pitch: angle(r.pitch), Yaw: angle(r.yaw)}
	if !r.felt {
		return t, nil
	}
	g := r.gravity()
	if g < leastG || g > mostG {
		return Tilt{}, fmt.Errorf("gravity of %.2f g, so that the angles mean nothing: %w", g, hal.ErrGarbled)
	}
	t.Shaken = math.Abs(g-1) > calmG
	if r.temp >= leastTemp && r.temp <= mostTemp {
		t.Temperature = physic.ZeroCelsius + physic.Temperature(r.temp)*centi
	}
	return t, nil
}

// gravity is the length of the acceleration in g.
func (r raw) gravity() float64 {
	sum := 0.0
	for _, a := range r.acc {
		sum += float64(a) * float64(a)
	}
	return math.Sqrt(sum) / oneG
}

func angle(v int16) physic.Angle {
	return physic.Angle(math.Round(float64(v) * nanoPi / halfTurn))
}

// The registers of the RS-485 models.
const (
	firstRegister = 0x34
	registers     = 0x40 - firstRegister + 1
	rollRegister  = 0x3D - firstRegister
)

// fetch asks a slave for everything at once, so that it belongs together.
func fetch(ctx context.Context, bus Bus, address int) (raw, error) {
	if address < 1 || address > 247 {
		return raw{}, fmt.Errorf("address %d: not 1 to 247: %w", address, hal.ErrRefused)
	}
	w, err := bus.ReadHolding(ctx, uint8(address), firstRegister, registers)
	if err != nil {
		return raw{}, err
	}
	if len(w) != registers {
		return raw{}, fmt.Errorf("%d registers: %w", len(w), hal.ErrGarbled)
	}
	a := w[rollRegister:]
	return raw{
		acc:  [3]int16{int16(w[0]), int16(w[1]), int16(w[2])},
		roll: int16(a[0]), pitch: int16(a[1]), yaw: int16(a[2]), temp: int16(a[3]), felt: true,
	}, nil
}

// hear waits on src for angles, and takes the acceleration that came with them.
func hear(ctx context.Context, src Listener) (r raw, err error) {
	other := false
	_, err = src.Listen(ctx, func(b []byte) (n int, err error) {
		r, other, n = agreed(b)
		return n, nil
	})
	if err != nil && other && errors.Is(err, hal.ErrGarbled) {
		return raw{}, fmt.Errorf("frames, but none of angles that agree; is the output of angles switched off? %w", err)
	}
	return r, err
}
