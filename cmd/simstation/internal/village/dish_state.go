package village

import "stationbox/hal/sim/world"

// DishState is the dish as it really is: angles in degrees, losses in dB.
type DishState struct {
	Azimuth   float64  `json:"az_deg"`
	Elevation float64  `json:"el_deg"`
	Roll      float64  `json:"roll_deg"`
	Beam      float64  `json:"beam_deg"`
	Off       float64  `json:"off_deg"` // between beam and satellite
	Right     float64  `json:"off_right_deg"`
	Up        float64  `json:"off_up_deg"`
	Skew      float64  `json:"skew_off_deg"`
	CNR       *float64 `json:"cnr_db"`    // null: nothing that could be received
	Satellite string   `json:"satellite"` // that it comes from
	Ours      bool     `json:"ours"`      // that is the right one
	Plugged   bool     `json:"plugged"`
	Rain      float64  `json:"rain"`
	Tree      float64  `json:"tree"`
	Sun       float64  `json:"sun"`
	Wind      float64  `json:"wind"`
	Sunk      float64  `json:"sunk_deg"`
	Sky       []Star   `json:"sky"`
}

// Star is a satellite, by how much the beam points to its right and above it.
type Star struct {
	Right float64 `json:"right_deg"`
	Up    float64 `json:"up_deg"`
	Ours  bool    `json:"ours"`
}

// faintest is the C/N below which nothing at all can be received.
const faintest = -10

func (v *Village) dishState() DishState {
	d := v.far.dish.world
	s := d.Snapshot()
	ours := s.Birds[0]
	out := DishState{
		Azimuth: round(s.Pose.Azimuth, 100), Elevation: round(s.Pose.Elevation, 100), Roll: round(s.Pose.Roll, 100), Beam: round(dishBeam, 100),
		Off: round(ours.Off(), 1000), Right: round(ours.Right, 1000), Up: round(ours.Up, 1000), Skew: round(ours.Skew, 10), Plugged: s.Plugged,
		Rain: s.Weather.Rain, Tree: s.Weather.Tree, Sun: s.Weather.Sun, Wind: s.Weather.Wind, Sunk: s.Sunk,
	}
	if b, dB := hears(d); b != nil && dB >= faintest {
		dB = round(dB, 10)
		out.CNR, out.Satellite, out.Ours = &dB, b.Network, b.Orbit == dishOrbit
	}
	for _, b := range s.Birds {
		out.Sky = append(out.Sky, Star{Right: round(b.Right, 100), Up: round(b.Up, 100), Ours: b.Orbit == dishOrbit})
	}
	return out
}

// hears is what comes in on the transponder of the village, and from which satellite.
func hears(d *world.Dish) (*world.Bird, float64) {
	b, _, dB := d.Hears(1000*dishMHz, true, 1000*dishRate, false)
	return b, dB
}
