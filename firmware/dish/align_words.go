package dish

import (
	"fmt"
	"math"
	"strconv"

	"stationbox/firmware/text"
)

// Do is a kind of instruction.
type Do uint8

// The instructions. All but those from DoHold on are moves.
const (
	DoNothing Do = iota // only as After: nothing has to be told first
	DoTurn              // left or right by an amount
	DoTip               // up or down by an amount
	DoSweep             // left or right, slowly, until told to stop
	DoSkew              // the feed, clockwise or not, seen from behind the dish
	DoHold              // let go
	DoTighten
	DoDone
	DoWaitForReadings
	DoWrong // only as After: it was another satellite
	DoSlack // only as After: tightening has moved the dish
	DoLost  // only as After: the signal is gone
	DoAgain // only as After: nothing found in all strips
)

func (d Do) moves() bool { return d >= DoTurn && d <= DoSkew }

// Unit is a measure that people have with them.
type Unit uint8

// The units.
const (
	Fingers Unit = iota // a finger's width at arm's length: 2°
	Hands               // a fist's width at arm's length: 10°
	Turns               // of the nut or the screw; degrees by AlignOpts
	Minutes             // of a clock's face: a sixtieth of a turn
	PoleEnd             // millimetres at the end of a pole across the dish, a metre from the mast: 0.057°
)

// The widths at an arm's length, in degrees.
const (
	FingerWidth Degrees = 2
	HandWidth   Degrees = 10
)

// PoleMillimetre is the angle of a millimetre at a metre.
const PoleMillimetre = Degrees(0.001 * 180 / math.Pi)

// Amount is how much to move.
type Amount struct {
	Unit  Unit
	Count float64
	Size  Degrees // of one unit
}

// Degrees is the angle of the amount.
func (a Amount) Degrees() Degrees { return Degrees(a.Count) * a.Size }

// Order is one instruction. Left and right, and clockwise, are as seen from behind the
// dish, looking to the satellite.
type Order struct {
	Do       Do
	Forward  bool // to the right, up, clockwise
	Amount   Amount
	FromMark bool // the amount counts from the mark of the start, on the far side of it
	After    Do   // what has happened, when it has to be told first
	Lost     DB   // by tightening, of DoDone
}

// signed is the angle of the order, forward positive.
func (o Order) signed() float64 {
	if o.Forward {
		return float64(o.Amount.Degrees())
	}
	return -float64(o.Amount.Degrees())
}

func (o AlignOpts) turn(by Degrees) Order {
	return Order{Do: DoTurn, Forward: by > 0, Amount: o.azimuthAmount(Degrees(math.Abs(float64(by))))}
}

func (o AlignOpts) tip(by Degrees) Order {
	return Order{Do: DoTip, Forward: by > 0, Amount: turnsOf(Degrees(math.Abs(float64(by))), o.NutTurn)}
}

func (o AlignOpts) azimuthAmount(d Degrees) Amount {
	switch {
	case d >= HandWidth:
		return Amount{Hands, math.Max(0.5, math.Round(2*float64(d/HandWidth))/2), HandWidth}
	case d >= 2*FingerWidth || o.AzimuthTurn == 0 && d >= FingerWidth && 2*float64(d) == math.Round(2*float64(d)):
		return Amount{Fingers, math.Round(2*float64(d/FingerWidth)) / 2, FingerWidth}
	case o.AzimuthTurn > 0:
		return turnsOf(d, o.AzimuthTurn)
	}
	return Amount{PoleEnd, math.Max(0.5, math.Round(2*float64(d/PoleMillimetre))/2), PoleMillimetre}
}

func turnsOf(d, turn Degrees) Amount {
	if d >= turn*5/4 {
		return Amount{Turns, math.Round(4*float64(d/turn)) / 4, turn}
	}
	return Amount{Minutes, math.Max(1, math.Round(60*float64(d/turn))), turn / 60}
}

// Key returns the sentence of the order in the catalogue.
func (o Order) Key() string {
	switch o.Do {
	case DoTurn:
		return either(o.Forward, "align.turn_right", "align.turn_left")
	case DoTip:
		if o.FromMark {
			return either(o.Forward, "align.tip_up_mark", "align.tip_down_mark")
		}
		return either(o.Forward, "align.tip_up", "align.tip_down")
	case DoSweep:
		if o.FromMark {
			return either(o.Forward, "align.sweep_right_mark", "align.sweep_left_mark")
		}
		return either(o.Forward, "align.sweep_right", "align.sweep_left")
	case DoSkew:
		return either(o.Forward, "align.skew_clockwise", "align.skew_counter")
	case DoTighten:
		return "align.tighten"
	case DoDone:
		return "align.done"
	case DoWaitForReadings:
		return "align.stale"
	}
	return "align.hold"
}

// AfterKey returns the sentence of what has happened, or "".
func (o Order) AfterKey() string {
	switch o.After {
	case DoWrong:
		return "align.wrong"
	case DoSlack:
		return "align.slack"
	case DoLost:
		return "align.lost"
	case DoAgain:
		return "align.again"
	}
	return ""
}

func either(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// Key returns the words of the amount in the catalogue, with the place {n}.
func (a Amount) Key() string {
	return [...]string{"align.fingers", "align.hands", "align.turns", "align.minutes", "align.pole"}[min(a.Unit, PoleEnd)]
}

// Say returns the instruction in the language of c.
func (o Order) Say(c *text.Catalogue) string {
	s := c.Say(o.Key(), "amount", o.Amount.Say(c), "db", fmt.Sprintf("%.1f", float64(o.Lost)))
	if k := o.AfterKey(); k != "" {
		return c.Say(k) + " " + s
	}
	return s
}

// Say returns the amount in the language of c, with its degrees.
func (a Amount) Say(c *text.Catalogue) string {
	return c.Say(a.Key(), "n", strconv.FormatFloat(a.Count, 'f', -1, 64), "deg", strconv.FormatFloat(math.Round(100*float64(a.Degrees()))/100, 'f', -1, 64))
}
