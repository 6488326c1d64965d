package station

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

// dishNeeds is what the dish gets from the rest of the station.
type dishNeeds struct {
	Doors  dishDoors
	Faults *fault.Book
	Put    func(kind, lesson string, data any) // into the journal, without waiting for the card
	Log    *slog.Logger
	Now    func() time.Time   // what time it is
	Tick   func() time.Time   // for ages and spans
	Clock  func() clock.Level // how far Now is to be trusted
	Taker  timeTaker          // of the broadcast's time; nil: nobody
	Losses *lossBook          // of lessons
	Zone   *time.Location     // of what people read
}

// dishDoors are the ways out to sensors and motors. Each opens by the name in the
// configuration, and none of them waits.
type dishDoors struct {
	Receiver func(adapter string, o tuner.Opts) *tuner.Tuner
	Serial   func(port string, o line.Opts) *line.Port         // of the inclinometer
	Bus      func(name string) (bus i2c.Bus, end func() error) // of the compass
	Connect  func(ctx context.Context, address string) (net.Conn, error)
	Listen   func(address string) (net.Listener, error) // for programs that turn the dish
}
