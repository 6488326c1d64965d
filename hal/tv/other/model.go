// Package other drives a television or a projector that no driver was written
// for, by a table that a technician copies out of its manual: which bytes switch
// it on, which answer means what. It tells what the device says of itself, never
// what was last sent, and never repeats a command by its own will.
//
// A model is a Model, usually a TOML file; testdata has one of a TV at a serial
// line and one of a projector on the network. Bytes are written as text, with
// \r \n \t \0 \\ and \xNN for what cannot be typed, or in hexadecimal after
// "hex:". An answer may also be a regular expression after "re:", and in
// hexadecimal ?? stands for any byte:
//
//	send  = "POWR1   "             send  = "hex: 11 00 01 01"
//	reply = ["OK"]                 reply = ["re:^(?i)ok$", "hex: AA FF ?? 03 41 11 ?? ??"]
//
// What is sent is start, send, checksum, end. With reply_end, what comes back is
// cut there into answers and an answer must be whole: text equals it but for
// blanks and line ends around it, hexadecimal equals it, a regular expression is
// found in it. Answers that fit nothing, such as an echo, are passed over. Without
// reply_end the first place where something fits counts; then a text that is the
// beginning of another answer is found too early, so write the whole of it.
//
// A device that says nothing is hal.ErrSilent, one that says only what fits
// nothing is hal.ErrGarbled, both after the model's timeout.
package other

// Model is what is known of one model. Durations are written "1.5s".
type Model struct {
	// Name is what people call the model.
	Name string `toml:"name"`
	// Transport is "serial" or "tcp".
	Transport string `toml:"transport"`
	// Baud is the speed of a serial line in bit/s, 8N1; 0 means 9600.
	Baud int `toml:"baud"`
	// TCPPort is the port on the network where the address names none.
	TCPPort int `toml:"tcp_port"`
	// Start and End go before and after everything that is sent.
	Start string `toml:"start"`
	End   string `toml:"end"`
	// Checksum goes before End: "none" or "", "sum" (low byte of the sum), "twos"
	// (what makes the sum zero), or "xor"; over Start and send.
	Checksum string `toml:"checksum"`
	// ChecksumSkip is how many bytes at the start the checksum leaves out.
	ChecksumSkip int `toml:"checksum_skip"`
	// ChecksumHex writes the checksum as two hexadecimal digits instead of a byte.
	ChecksumHex bool `toml:"checksum_hex"`
	// ReplyEnd ends each answer; "" when the device has no such thing.
	ReplyEnd string `toml:"reply_end"`
	// ReplyChecksum wants the checksum in answers too, as their last byte. All
	// answers must then be hexadecimal.
	ReplyChecksum bool `toml:"reply_checksum"`
	// Timeout is how long an answer may take, 50ms to 10s; "" means 1s.
	Timeout string `toml:"timeout"`
	// Settle is how long the device hears nothing after a command, 0s to 10s.
	Settle string `toml:"settle"`
	// Refused are answers to anything that mean no.
	Refused []string `toml:"refused"`

	On    Action            `toml:"on"`
	Off   Action            `toml:"off"`
	State Question          `toml:"state"`
	Input map[string]Action `toml:"input"`
}

// Action is a command.
type Action struct {
	Send string `toml:"send"`
	// Reply are answers that mean done. Without any, none is waited for.
	Reply []string `toml:"reply"`
}

// Question asks for the state. Without Send the device cannot be asked, and its
// state is always unknown.
type Question struct {
	Send  string   `toml:"send"`
	Reply []Answer `toml:"reply"`
}

// Answer is one line of the table of states. The first that fits counts.
type Answer struct {
	Match string `toml:"match"`
	// State is "on", "standby", "warming", "cooling" or "fault".
	State string `toml:"state"`
}
