package config

import "fmt"

// Projector is driven over the network or a serial line, by the first of its ways
// that works.
type Projector struct {
	Kind       string   `toml:"kind"`        // "pjlink", "escvp21", "benq", "optoma", "nec", "other", or "" for none
	Address    string   `toml:"address"`     // host:port; the port may be left out
	Port       string   `toml:"port"`        // serial device, instead of an address
	Baud       int      `toml:"baud"`        // 0: what is usual for the kind
	Password   string   `toml:"password"`    // of pjlink, or escvp21 over the network
	SetID      int      `toml:"set_id"`      // of optoma, 0 (default) for any
	Model      string   `toml:"model"`       // file of kind "other"
	Input      string   `toml:"input"`       // neutral name such as "hdmi1", or the protocol's own code; default "31" with pjlink, else "hdmi1"
	Load       string   `toml:"load"`        // the load that feeds it
	WarmUp     Duration `toml:"warm_up"`     // power-on to picture, default 45s
	CoolDown   Duration `toml:"cool_down"`   // power-off to standby at most, default 120s
	OnMA       int      `toml:"on_ma"`       // current from which it is surely on; 0 (default): no proof
	LampLife   int      `toml:"lamp_life"`   // hours a lamp is made for; 0 (default): not known
	FilterLife int      `toml:"filter_life"` // hours after which the filter is due
	Then       []Way    `toml:"then"`        // tried in order when the way before has not worked
}

// TV is driven over its picture's cable, a serial line, the network or by
// infrared light, by the first of its ways that works.
type TV struct {
	Kind       string   `toml:"kind"`        // "lg", "cec", "exlink", "mdc", "ir", "other", or "" for none
	Address    string   `toml:"address"`     // of mdc or other: host:port
	Port       string   `toml:"port"`        // serial device
	Baud       int      `toml:"baud"`        // 0: what is usual for the kind
	Device     string   `toml:"device"`      // of cec, default "/dev/cec0", and ir, default "/dev/lirc0"
	SetID      int      `toml:"set_id"`      // of lg (1 to 99) and mdc (0 to 253), default 1
	Model      string   `toml:"model"`       // file of kind "other"
	Probe      bool     `toml:"probe"`       // of exlink: the set was seen to answer the status question
	KeysOn     []string `toml:"keys_on"`     // of ir: "nec:0x408", "raw:9000,4500,…"
	KeysOff    []string `toml:"keys_off"`    // of ir
	KeysToggle []string `toml:"keys_toggle"` // of ir: one key for both, used when the current proves the other state
	KeysInput  []string `toml:"keys_input"`  // of ir: the row of keys that selects the input
	Input      string   `toml:"input"`       // "hdmi1" (default) …
	Load       string   `toml:"load"`        // the load that feeds it
	WarmUp     Duration `toml:"warm_up"`     // default 15s
	OnMA       int      `toml:"on_ma"`       // current from which it is surely on; 0 (default): no proof
	Socket     bool     `toml:"socket"`      // last resort: mains off for ten seconds and on again
	Then       []Way    `toml:"then"`        // tried in order when the way before has not worked
}

// Way is one way to reach a display. Its keys are those of TV and Projector.
type Way struct {
	Kind       string   `toml:"kind"`
	Address    string   `toml:"address"`
	Port       string   `toml:"port"`
	Baud       int      `toml:"baud"`
	Device     string   `toml:"device"`
	Password   string   `toml:"password"`
	SetID      int      `toml:"set_id"`
	Model      string   `toml:"model"`
	Probe      bool     `toml:"probe"`
	KeysOn     []string `toml:"keys_on"`
	KeysOff    []string `toml:"keys_off"`
	KeysToggle []string `toml:"keys_toggle"`
	KeysInput  []string `toml:"keys_input"`
	Input      string   `toml:"input"`
}

// Ways returns the ways to the projector in their order, none without a kind.
func (p Projector) Ways() []Way {
	if p.Kind == "" {
		return nil
	}
	first := Way{Kind: p.Kind, Address: p.Address, Port: p.Port, Baud: p.Baud, Password: p.Password, SetID: p.SetID, Model: p.Model, Input: p.Input}
	return append([]Way{first}, p.Then...)
}

// Ways returns the ways to the TV in their order, none without a kind. The socket
// is not among them.
func (t TV) Ways() []Way {
	if t.Kind == "" {
		return nil
	}
	first := Way{Kind: t.Kind, Address: t.Address, Port: t.Port, Baud: t.Baud, Device: t.Device, SetID: t.SetID, Model: t.Model, Probe: t.Probe,
		KeysOn: t.KeysOn, KeysOff: t.KeysOff, KeysToggle: t.KeysToggle, KeysInput: t.KeysInput, Input: t.Input}
	return append([]Way{first}, t.Then...)
}

// Place is where a way leads: its address, port or device.
func (w Way) Place() string {
	for _, s := range []string{w.Address, w.Port, w.Device} {
		if s != "" {
			return s
		}
	}
	return w.Model
}

// String names the way for people: "lg /dev/ttyUSB0".
func (w Way) String() string { return fmt.Sprintf("%s %s", w.Kind, w.Place()) }

// wayKey is the key of the way with that number, the first being 0: "tv",
// "tv.then[1]".
func wayKey(section string, i int) string {
	if i == 0 {
		return section
	}
	return row(section+".then", i-1)
}

// tongue is what a kind of way takes.
type tongue struct {
	port    bool   // a serial line
	baud    int    // usual speed
	tcp     string // usual TCP port; "" when it does not speak on the network, noPort when it has no usual one
	device  string // usual device file; "" when it has none
	pass    bool
	ids     [2]int // least and most set_id, both 0 for none
	keys    bool   // keys_…
	probe   bool
	inputs  []string
	code    string // its own input codes, a regular expression; "" for none
	example string // of such codes
}

// The inputs that most projectors know by neutral names.
var beamerInputs = []string{"hdmi1", "hdmi2", "vga1", "vga2", "video1", "video2", "usb1", "lan1"}

// projectorTongues and tvTongues say what the drivers take; a test holds them
// together.
func projectorTongues() map[string]tongue {
	return map[string]tongue{
		"pjlink":  {tcp: "4352", pass: true, inputs: append([]string{"hdmi3"}, beamerInputs...), code: `^[1-6][1-9A-Z]$`, example: `"31" (HDMI 1), "32", "11" (VGA) …`},
		"escvp21": {port: true, baud: 9600, tcp: "3629", pass: true, inputs: beamerInputs, code: `^[0-9A-Fa-f]{2}$`, example: `"30" (HDMI 1), "A0"`},
		"benq":    {port: true, baud: 115200, tcp: "8000", inputs: append([]string{"hdmi3", "vga3"}, beamerInputs...), code: `^[A-Za-z0-9]{2,16}$`, example: `"ypbr"`},
		"optoma":  {port: true, baud: 9600, tcp: "1023", ids: [2]int{0, 99}, inputs: beamerInputs, code: `^[1-9][0-9]?$`, example: `"1" (HDMI 1), "15"`},
		"nec":     {port: true, baud: 38400, tcp: "7142", inputs: append([]string{"vga3"}, beamerInputs...), code: `^[0-9A-Fa-f]{2}$`, example: `"A1"`},
		"other":   {port: true, tcp: noPort},
	}
}

func tvTongues() map[string]tongue {
	hdmi := []string{"hdmi1", "hdmi2", "hdmi3"}
	return map[string]tongue{
		"lg":     {port: true, baud: 9600, ids: [2]int{1, 99}, inputs: hdmi},
		"cec":    {device: "/dev/cec0", inputs: []string{"this"}, code: `^hdmi([1-9]|1[0-5])$`, example: `"hdmi1"`},
		"exlink": {port: true, baud: 9600, probe: true, inputs: append([]string{"hdmi4", "av", "component", "pc", "tv"}, hdmi...)},
		"mdc":    {port: true, baud: 9600, tcp: "1515", ids: [2]int{0, 253}, inputs: append([]string{"hdmi4", "displayport", "dvi", "pc"}, hdmi...)},
		"ir":     {device: "/dev/lirc0", keys: true, code: `^[a-z0-9]{1,16}$`, example: `"hdmi1"`},
		"other":  {port: true, tcp: noPort},
	}
}
