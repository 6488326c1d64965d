package incline

import "periph.io/x/conn/v3/physic"

// Axis is one of the two angles that gravity gives.
type Axis byte

// The axes.
const (
	Pitch Axis = iota
	Roll
)

// Mount says how the sensor sits on the dish. The zero value is a sensor whose
// pitch is the elevation and whose roll is that of the dish.
type Mount struct {
	// Raise is the angle of the sensor that changes when the dish is raised; the
	// other one changes when it is turned about its beam.
	Raise Axis
	// Down says that Raise falls when the dish is raised.
	Down bool
	// Left says that the other angle grows when the dish is turned counter-clockwise,
	// seen from behind it.
	Left bool
	// Elevation and Roll are added: what the dish had, measured by other means, when
	// the sensor said 0. An offset dish whose rim the sensor sits on has here the angle
	// by which its beam is higher than its rim says.
	Elevation, Roll physic.Angle
}

// Dish returns how the dish stands: the elevation of its beam over the horizon and
// its turn about the beam, positive clockwise seen from behind the dish, towards
// the satellite.
func (m Mount) Dish(t Tilt) (elevation, roll physic.Angle) {
	elevation, roll = t.Pitch, t.Roll
	if m.Raise == Roll {
		elevation, roll = roll, elevation
	}
	if m.Down {
		elevation = -elevation
	}
	if m.Left {
		roll = -roll
	}
	return elevation + m.Elevation, roll + m.Roll
}
