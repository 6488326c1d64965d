package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Dish moves the dish on its mount by so many degrees, as when it slips: to the right, up,
// and its LNB clockwise, seen from behind. Each is at most MaxTurn.
type Dish struct{ Right, Up, Skew float64 }

// MaxTurn is by how much the dish can be moved at once.
const MaxTurn = 180

// Weather is what takes signal away, in dB, or sways the dish, in degrees.
type Weather struct {
	What   string // rain, tree, sun or wind
	Amount float64
	For    time.Duration // 0: until changed
}

// Sink lets the base of the dish lean by degrees towards an azimuth.
type Sink struct{ Degrees, Toward float64 }

// Cable pulls the LNB's cable, or plugs it in.
type Cable struct{ In bool }

// Villager is somebody who follows the station's words at the technician's console until
// the dish is aligned. His hand is off by at most Hand per cent.
type Villager struct{ Hand float64 }

// DefaultHand is the hand of a villager of whom nothing is said.
const DefaultHand = 20

func (Dish) action()     {}
func (Weather) action()  {}
func (Sink) action()     {}
func (Cable) action()    {}
func (Villager) action() {}

// dishAxes are the words of a Dish.
var dishAxes = []string{"az", "el", "skew"}

func parseDish(w []string) (Action, error) {
	if len(w) < 3 || len(w)%2 == 0 {
		return nil, errors.New("dish wants az, el or skew, each with degrees: dish az +8 el -2")
	}
	var d Dish
	for i := 1; i < len(w); i += 2 {
		if err := oneOf("axis of the dish", w[i], dishAxes); err != nil {
			return nil, err
		}
		v, err := within("degrees", w[i+1], -MaxTurn, MaxTurn)
		if err != nil {
			return nil, err
		}
		axis := []*float64{&d.Right, &d.Up, &d.Skew}[slices.Index(dishAxes, w[i])]
		if *axis != 0 {
			return nil, fmt.Errorf("dish: %s is said twice", w[i])
		}
		*axis = v
	}
	return d, nil
}

// weatherMost is the most of each weather.
var weatherMost = map[string]float64{"rain": 60, "tree": 60, "sun": 60, "wind": 5}

func parseWeather(w []string) (Action, error) {
	if len(w) < 2 {
		return nil, fmt.Errorf("%s wants a number: %s 3 for 10s", w[0], w[0])
	}
	v, err := within(w[0], w[1], 0, weatherMost[w[0]])
	if err != nil {
		return nil, err
	}
	last, err := parseFor(w[2:])
	return Weather{What: w[0], Amount: v, For: last}, err
}

func parseSink(w []string) (Action, error) {
	if len(w) != 3 {
		return nil, errors.New("sink wants degrees and the azimuth to which the base leans: sink 0.8 90")
	}
	by, err := within("degrees", w[1], 0, 20)
	if err != nil {
		return nil, err
	}
	toward, err := within("azimuth", w[2], 0, 360)
	return Sink{Degrees: by, Toward: toward}, err
}

func parseCable(w []string) (Action, error) {
	if len(w) != 2 {
		return nil, errors.New("cable wants in or out: cable out")
	}
	return Cable{In: w[1] == "in"}, oneOf("state of the cable", w[1], []string{"in", "out"})
}

func parseVillager(w []string) (Action, error) {
	if len(w) != 2 && len(w) != 3 || w[1] != "align" {
		return nil, errors.New("villager aligns the dish, with a hand that is so many per cent off: villager align 20%")
	}
	if len(w) == 2 {
		return Villager{Hand: DefaultHand}, nil
	}
	hand, err := unit(w[2], "%", 0, 40)
	return Villager{Hand: hand}, err
}

// within reads a bare number.
func within(what, s string, low, high float64) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%s %q: not a number", what, s)
	}
	if !(v >= low && v <= high) {
		return 0, fmt.Errorf("%s %s is out of range: %g to %g", what, s, low, high)
	}
	return v, nil
}
