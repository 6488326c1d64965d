// Package antenna is the dish at work: its sensors and motors, its log, the lessons that
// come by it, and whoever aligns it. Package dish knows what the figures mean; here they are
// read, kept, told to people, and acted upon.
//
//   - Meter asks the sensors, keeps the log and supervises the lock of the receiver.
//   - Aligner leads people who turn the dish by hand; Rotator turns it by motors, and never
//     while somebody stands at it.
//   - Surveyor answers the commands that need files only.
//
// Nothing here decides about a lesson, and nobody waits for what is here.
package antenna

import (
	"context"
	"log/slog"
	"net"
	"time"

	"periph.io/x/conn/v3/i2c"

	"stationbox/firmware/clock"
	"stationbox/firmware/station/internal/fault"
	"stationbox/hal/line"
	"stationbox/hal/tuner"
)

// Needs are what the dish gets from the rest of the station.
type Needs struct {
	Doors  Doors
	Faults *fault.Book
	Put    func(kind, lesson string, data any) // into the journal, without waiting for the card
	Log    *slog.Logger
	Now    func() time.Time   // what time it is
	Tick   func() time.Time   // for ages and spans
	Clock  func() clock.Level // how far Now is to be trusted
	Taker  TimeTaker          // of the broadcast's time; nil: nobody
	Losses *LossBook          // of lessons
	Zone   *time.Location     // of what people read
}

// Doors are the ways out to sensors and motors. Each opens by the name in the
// configuration, and none of them waits.
type Doors struct {
	Receiver func(adapter string, o tuner.Opts) *tuner.Tuner
	Serial   func(port string, o line.Opts) *line.Port         // of the inclinometer
	Bus      func(name string) (bus i2c.Bus, end func() error) // of the compass
	Connect  func(ctx context.Context, address string) (net.Conn, error)
	Listen   func(address string) (net.Listener, error) // for programs that turn the dish
}
