package config

// Panel is what the villagers sign in with, its lamp and its buzzer.
type Panel struct {
	Kind       string   `toml:"kind"`        // "matrix" (default with rows), "usb", "buttons", "one"; "" for none
	Rows       []string `toml:"rows"`        // of matrix: 4 input pins, pulled up
	Cols       []string `toml:"cols"`        // of matrix: 4 output pins
	Device     string   `toml:"device"`      // of usb: path that stays the same, or "vendor:product"
	Pins       []string `toml:"pins"`        // of buttons and one: input pins, pulled up, number 1 first
	Expander   []string `toml:"expander"`    // of buttons: "mcp23017:0x20", "pcf8574:0x38", number 1 first; of matrix: one
	Bus        string   `toml:"bus"`         // I2C bus of the expanders, default "1"
	CardReader string   `toml:"card_reader"` // as device: of a reader that types like a keyboard; "" for none
	Seats      int      `toml:"seats"`       // places in the room; 0: nobody has said
	Lamp       string   `toml:"lamp"`
	Buzzer     string   `toml:"buzzer"`
}

// None says that there is nothing to press and no card reader.
func (p Panel) None() bool { return p.Kind == "" && p.CardReader == "" }
