package other

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"stationbox/hal"
)

// Mistake is one thing wrong in a Model.
type Mistake struct {
	Key  string // as in the file: "on.send", "state.reply[2].match"
	Text string
}

// Mistakes are all things wrong in a Model, in the order of the file.
type Mistakes []Mistake

// Error lists them, one a line.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.Key + ": " + one.Text
	}
	return strings.Join(lines, "\n")
}

// Plan is a Model without mistakes, ready to be used.
type Plan struct {
	name      string
	serial    bool
	baud      int
	port      int
	timeout   time.Duration
	settle    time.Duration
	sum       checksum
	sumReply  bool
	replyEnd  []byte
	refused   []pattern
	on, off   command
	state     command
	answers   []hal.DisplayState // of state.replies
	inputs    map[string]command
	inputList string
}

// Name returns what people call the model.
func (p *Plan) Name() string { return p.name }

// Serial says whether the model is at a serial line; else it is on the network.
func (p *Plan) Serial() bool { return p.serial }

// Baud returns the speed of the serial line in bit/s.
func (p *Plan) Baud() int { return p.baud }

// TCPPort returns the usual port on the network.
func (p *Plan) TCPPort() int { return p.port }

// Timeout returns how long an answer may take; the line must wait as long.
func (p *Plan) Timeout() time.Duration { return p.timeout }

// Inputs returns the names of the inputs, sorted.
func (p *Plan) Inputs() []string { return slices.Sorted(maps.Keys(p.inputs)) }

// command is an action ready to be sent.
type command struct {
	bytes   []byte
	replies []pattern
}

// The bounds of a model.
const (
	maxBytes  = 256 // of one text
	maxList   = 32  // answers to one command, inputs
	maxWait   = 10 * time.Second
	minWait   = 50 * time.Millisecond
	minBaud   = 300
	maxBaud   = 921600
	maxTCP    = 65535
	usualBaud = 9600
)

// Compile checks m and makes it ready. The error is Mistakes, all of them.
func Compile(m Model) (*Plan, error) {
	c := compiler{model: m, plan: &Plan{name: m.Name, inputs: map[string]command{}}}
	c.transport()
	c.frame()
	c.times()
	c.plan.refused = c.patterns("refused", m.Refused)
	c.plan.on = c.action("on", m.On)
	c.plan.off = c.action("off", m.Off)
	c.question()
	c.inputs()
	if len(c.bad) > 0 {
		return nil, c.bad
	}
	return c.plan, nil
}

type compiler struct {
	model      Model
	plan       *Plan
	start, end []byte
	bad        Mistakes
}

func (c *compiler) wrong(key, format string, args ...any) {
	c.bad = append(c.bad, Mistake{Key: key, Text: fmt.Sprintf(format, args...)})
}

func (c *compiler) transport() {
	m, p := c.model, c.plan
	if m.Name == "" {
		c.wrong("name", "missing; say what the device is called")
	}
	switch m.Transport {
	case "serial":
		p.serial, p.baud = true, m.Baud
		if p.baud == 0 {
			p.baud = usualBaud
		}
		if p.baud < minBaud || p.baud > maxBaud {
			c.wrong("baud", "%d is not %d to %d", m.Baud, minBaud, maxBaud)
		}
		if m.TCPPort != 0 {
			c.wrong("tcp_port", "a serial line has none")
		}
	case "tcp":
		p.port = m.TCPPort
		if p.port < 1 || p.port > maxTCP {
			c.wrong("tcp_port", "%d is not 1 to %d", m.TCPPort, maxTCP)
		}
		if m.Baud != 0 {
			c.wrong("baud", "the network has none")
		}
	default:
		c.wrong("transport", "%q is not \"serial\" or \"tcp\"", m.Transport)
	}
}

// frame reads what is around the bytes of every command.
func (c *compiler) frame() {
	m, p := c.model, c.plan
	c.start = c.literal("start", m.Start)
	c.end = c.literal("end", m.End)
	p.replyEnd = c.literal("reply_end", m.ReplyEnd)
	p.sum = checksum{rule: m.Checksum, skip: m.ChecksumSkip, hex: m.ChecksumHex}
	if p.sum.rule == "none" {
		p.sum.rule = ""
	}
	if !slices.Contains(rules, p.sum.rule) {
		c.wrong("checksum", "%q is not \"none\", \"sum\", \"twos\" or \"xor\"", m.Checksum)
	}
	if m.ChecksumSkip < 0 || m.ChecksumSkip > maxBytes {
		c.wrong("checksum_skip", "%d is not 0 to %d", m.ChecksumSkip, maxBytes)
		p.sum.skip = 0
	}
	if p.sum.rule == "" && (m.ChecksumHex || m.ChecksumSkip != 0 || m.ReplyChecksum) {
		c.wrong("checksum", "missing, but there are settings for it")
	}
	if m.ReplyChecksum && m.ChecksumHex {
		c.wrong("reply_checksum", "only checksums of one byte can be checked")
	}
	p.sumReply = m.ReplyChecksum
}

func (c *compiler) times() {
	c.plan.timeout = c.duration("timeout", c.model.Timeout, time.Second, minWait)
	c.plan.settle = c.duration("settle", c.model.Settle, 0, 0)
}

func (c *compiler) duration(key, text string, usual, least time.Duration) time.Duration {
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		c.wrong(key, "%.32q is no time like \"1.5s\"", text)
		return usual
	}
	if d < least || d > maxWait {
		c.wrong(key, "%v is not %v to %v", d, least, maxWait)
	}
	return d
}

func (c *compiler) literal(key, text string) []byte {
	b, err := literal(text)
	if err != nil {
		c.wrong(key, "%v", err)
	}
	return b
}

// whole puts a command together.
func (c *compiler) whole(key, send string) []byte {
	if send == "" {
		c.wrong(key, "missing")
		return nil
	}
	b := append(slices.Clone(c.start), c.literal(key, send)...)
	if c.plan.sum.rule != "" && c.plan.sum.skip >= len(b) {
		c.wrong(key, "checksum_skip leaves nothing of it")
	}
	return append(c.plan.sum.append(b), c.end...)
}

func (c *compiler) action(key string, a Action) command {
	return command{bytes: c.whole(key+".send", a.Send), replies: c.patterns(key+".reply", a.Reply)}
}

func (c *compiler) patterns(key string, texts []string) (all []pattern) {
	if len(texts) > maxList {
		c.wrong(key, "%d answers, more than %d", len(texts), maxList)
		return nil
	}
	for i, text := range texts {
		all = append(all, c.pattern(fmt.Sprintf("%s[%d]", key, i+1), text))
		if slices.Index(texts, text) < i {
			c.wrong(fmt.Sprintf("%s[%d]", key, i+1), "%.32q is there twice", text)
		}
	}
	return all
}

func (c *compiler) pattern(key, text string) pattern {
	p, err := parsePattern(text)
	if err != nil {
		c.wrong(key, "%v", err)
	} else if c.model.ReplyChecksum && p.kind != inHex {
		c.wrong(key, "reply_checksum needs hexadecimal: \"hex: …\"")
	}
	return p
}

func (c *compiler) question() {
	q := c.model.State
	if q.Send == "" && len(q.Reply) == 0 {
		return
	}
	c.plan.state.bytes = c.whole("state.send", q.Send)
	var texts []string
	lit := false
	for i, a := range q.Reply {
		texts = append(texts, a.Match)
		s, err := displayState(a.State)
		if err != nil {
			c.wrong(fmt.Sprintf("state.reply[%d].state", i+1), "%v", err)
		}
		lit = lit || s == hal.DisplayOn
		c.plan.answers = append(c.plan.answers, s)
	}
	if !lit {
		c.wrong("state.reply", "no answer means \"on\"")
	}
	c.plan.state.replies = c.patterns("state.reply", texts)
}

// displayState reads a state that a device can tell of itself.
func displayState(text string) (hal.DisplayState, error) {
	var s hal.DisplayState
	if err := s.UnmarshalText([]byte(text)); err != nil || s == hal.DisplayUnknown || s == hal.DisplayOff {
		return 0, fmt.Errorf("%.32q is not \"on\", \"standby\", \"warming\", \"cooling\" or \"fault\"", text)
	}
	return s, nil
}

func (c *compiler) inputs() {
	if len(c.model.Input) > maxList {
		c.wrong("input", "%d inputs, more than %d", len(c.model.Input), maxList)
		return
	}
	names := slices.Sorted(maps.Keys(c.model.Input))
	for _, name := range names {
		c.plan.inputs[name] = c.action("input."+name, c.model.Input[name])
	}
	c.plan.inputList = strings.Join(names, ", ")
}
