package config_test

import (
	"strings"
	"testing"

	"stationbox/firmware/config"
)

const sensorRows = `
[dish.tuner]
adapter = "/dev/dvb/adapter0"
frequency_mhz = 4000
symbol_rate = 27500
polarization = "h"

[dish.incline]
port = "/dev/ttyUSB3"

[dish.compass]
bus = "1"
axes = "+x -y -z"
`

// withSensors is the reference with a dish that has sensors.
func withSensors(t *testing.T, rows string) string {
	file := withDish(t, dishRows)
	for _, name := range []string{"tuner", "incline", "compass"} {
		file = strings.Replace(file, "[dish."+name+"]\n", "", 1)
	}
	return strings.Replace(file, "# Live programmes of the schedule.", rows+"\n", 1)
}

func TestDishSensors(t *testing.T) {
	cfg, problems := parse(t, withSensors(t, sensorRows))
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	d := cfg.Dish
	if d.Cable() != 1150 || d.Tuner.SymbolRate != 27500 || !d.Tuner.Powered || d.Tuner.System != "dvb-s" {
		t.Errorf("tuner %+v at %v MHz", d.Tuner, d.Cable())
	}
	if d.Incline.Address != 80 || d.Incline.Kind != "serial" || d.Compass.Directions() != [3]string{"+x", "-y", "-z"} {
		t.Errorf("%+v %+v", d.Incline, d.Compass)
	}
	plain, _ := parse(t, reference(t))
	if p := plain.Dish; p.Set() || p.Tuner.Adapter+p.Incline.Port+p.Compass.Bus != "" {
		t.Errorf("the reference has sensors: %+v", p)
	}
}

func TestDishSensorMistakes(t *testing.T) {
	refuses(t, sensorRows, withSensors, []mistake{
		{"symbols", "27500", "27500000", []string{"dish.tuner.symbol_rate", "not between", "write 27500"}},
		{"no rate", "symbol_rate = 27500\n", "", []string{"dish.tuner.symbol_rate", "is required", "[dish.tuner]"}},
		{"no frequency", "frequency_mhz = 4000\n", "", []string{"dish.tuner.frequency_mhz", "is required"}},
		{"gigahertz", "4000", "4.0", []string{"dish.tuner.frequency_mhz", "4 MHz comes out at 5146 MHz"}},
		{"a Ku LNB", "polarization", "lnb = \"universal\"\npolarization", []string{"dish.tuner.frequency_mhz", "5750 MHz"}},
		{"no LNB", "polarization", "lnb = \"c\"\npolarization", []string{"dish.tuner.lnb", `"universal"`}},
		{"a frontend", "adapter0", "adapter0/frontend0", []string{"dish.tuner.adapter", "/dev/dvb/adapter0"}},
		{"polarization", `"h"`, `"horizontal"`, []string{"dish.tuner.polarization", `"v"`}},
		{"port", "polarization", "switch_port = 5\npolarization", []string{"dish.tuner.switch_port", "between 0 and 4"}},
		{"twice", "/dev/ttyUSB3", "/dev/ttyAMA1", []string{"dish.incline.port", "mains.port"}},
		{"kind", "port = ", "kind = \"rs485\"\nport = ", []string{"dish.incline.kind", `"modbus"`}},
		{"address", "port = ", "address = 248\nport = ", []string{"dish.incline.address", "between 1 and 247"}},
		{"chip", "bus = ", "chip = \"qmc5883\"\nbus = ", []string{"dish.compass.chip", "qmc5883l"}},
		{"a mirror", "+x -y -z", "+x -y +z", []string{"dish.compass.axes", "forward"}},
		{"an axis twice", "+x -y -z", "+x +x +z", []string{"dish.compass.axes"}},
		{"two axes", "+x -y -z", "+x +y", []string{"dish.compass.axes"}},
	})
}

// An odd order of axes needs an odd count of signs, an even one an even.
func TestCompassAxes(t *testing.T) {
	good := 0
	signs := []string{"+", "-"}
	for _, order := range []string{"xyz", "xzy", "yxz", "yzx", "zxy", "zyx"} {
		for i := range 8 {
			axes := signs[i&1] + order[:1] + " " + signs[i>>1&1] + order[1:2] + " " + signs[i>>2] + order[2:]
			_, problems := parse(t, withSensors(t, strings.Replace(sensorRows, "+x -y -z", axes, 1)))
			if len(config.Errors(problems)) == 0 {
				good++
			}
		}
	}
	if good != 24 {
		t.Errorf("%d ways to lay a board, want the 24 turns of a cube", good)
	}
}
