package wire

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"
)

// Bounds of a connection to the pin server.
const (
	maxPinLine   = 4096      // bytes of a line
	maxPinWords  = 65        // words of a line
	maxPinBuffer = 64 * 1024 // bytes not yet read by the client, before edges are dropped
)

// pinConn is one client of the pin server.
type pinConn struct {
	pins     *Pins
	conn     net.Conn
	consumer string // empty before hello; Pins.mu
	rng      *rand.Rand

	mu    sync.Mutex
	room  *sync.Cond // out got shorter or longer, or ended changed
	out   []byte
	spare []byte
	ended bool
}

func newPinConn(p *Pins, c net.Conn) *pinConn {
	pc := &pinConn{pins: p, conn: c, rng: rand.New(rand.NewPCG(1, 2))}
	pc.room = sync.NewCond(&pc.mu)
	return pc
}

// read answers lines until the connection ends, then releases its pins.
func (c *pinConn) read() {
	defer c.end()
	r := bufio.NewReaderSize(c.conn, maxPinLine)
	for {
		text, err := r.ReadSlice('\n')
		if err != nil {
			if err == bufio.ErrBufferFull {
				c.reply("err bad line too long")
			}
			return
		}
		c.waitForRoom()
		c.handle(text)
	}
}

func (c *pinConn) end() {
	c.pins.releaseAll(c)
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.room.Broadcast()
}

// handle does one line under the server's lock, so that its answer comes
// before the edges that it causes.
func (c *pinConn) handle(text []byte) {
	var words [maxPinWords][]byte
	n := split(text, words[:])
	c.pins.mu.Lock()
	defer c.pins.mu.Unlock()
	if n == 0 || n > maxPinWords {
		c.reply("err bad empty or endless line")
		return
	}
	c.do(string(words[0]), words[1:n])
}

// split puts the words of text into words and returns how many there are,
// len(words)+1 for too many.
func split(text []byte, words [][]byte) int {
	n := 0
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		if len(text) == 0 {
			return n
		}
		if n == len(words) {
			return n + 1
		}
		end := bytes.IndexAny(text, " \t\r\n")
		if end < 0 {
			end = len(text)
		}
		words[n] = text[:end]
		text = text[end:]
		n++
	}
}

func (c *pinConn) do(verb string, args [][]byte) {
	switch {
	case verb == "hello":
		c.hello(args)
	case c.consumer == "":
		c.reply("err bad say hello first")
	case verb == "out" && len(args) == 2:
		c.doOut(args)
	case verb == "in" && len(args) == 4:
		c.doIn(args)
	case verb == "get" && len(args) >= 1:
		c.doGet(args)
	case verb == "free" && len(args) == 1:
		c.doFree(args)
	default:
		c.reply("err bad command")
	}
}

func (c *pinConn) hello(args [][]byte) {
	if len(args) != 2 || string(args[0]) != "1" {
		c.reply("err bad hello: want hello 1 CONSUMER")
		return
	}
	c.consumer = string(args[1])
	c.reply("ok")
}

// find returns the line called name if c may have it, else answers why not.
func (c *pinConn) find(name []byte) *line {
	l, ok := c.pins.lines[string(name)]
	switch {
	case !ok:
		c.reply("err unknown " + clean(name) + " no such line")
	case l.owner != nil && l.owner != c:
		c.reply("err busy " + l.name + " held by " + l.owner.consumer)
	default:
		return l
	}
	return nil
}

// clean keeps an answer one line of readable text whatever was asked.
func clean(name []byte) string {
	return string(bytes.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, name[:min(len(name), 40)]))
}

func bit(word []byte) (high, ok bool) {
	return string(word) == "1", string(word) == "1" || string(word) == "0"
}

func (c *pinConn) doOut(args [][]byte) {
	l := c.find(args[0])
	if l == nil {
		return
	}
	high, ok := bit(args[1])
	if !ok {
		c.reply("err bad level")
		return
	}
	c.reply("ok")
	l.owner, l.rise, l.fall, l.debounce = c, false, false, 0
	c.pins.setDrive(l, Drive{Out: true, High: high})
	l.quiet()
}

func (c *pinConn) doIn(args [][]byte) {
	l := c.find(args[0])
	if l == nil {
		return
	}
	pull, okPull := parsePull(args[1])
	rise, fall, okEdge := parseEdge(args[2])
	us, err := strconv.ParseUint(string(args[3]), 10, 31)
	if !okPull || !okEdge || err != nil {
		c.reply("err bad in: want in PIN up|down|off none|rise|fall|both DEBOUNCE_US")
		return
	}
	c.reply("ok")
	l.owner, l.rise, l.fall, l.debounce, l.seq = c, false, false, 0, 0
	c.pins.setDrive(l, Drive{Pull: pull})
	l.quiet()
	l.rise, l.fall, l.debounce = rise, fall, time.Duration(us)*time.Microsecond
}

func parsePull(word []byte) (Pull, bool) {
	switch string(word) {
	case "up":
		return PullUp, true
	case "down":
		return PullDown, true
	case "off":
		return PullOff, true
	}
	return PullOff, false
}

func parseEdge(word []byte) (rise, fall, ok bool) {
	switch string(word) {
	case "none":
		return false, false, true
	case "rise":
		return true, false, true
	case "fall":
		return false, true, true
	case "both":
		return true, true, true
	}
	return false, false, false
}

func (c *pinConn) doGet(args [][]byte) {
	var text [2 + 2*maxPinWords]byte
	answer := append(text[:0], "ok"...)
	for _, name := range args {
		l := c.find(name)
		if l == nil {
			return
		}
		if l.owner != c {
			c.reply("err bad " + l.name + " not requested")
			return
		}
		answer = append(answer, ' ', '0'+b2i(l.read()))
	}
	c.send(append(answer, '\n'))
}

func (l *line) read() bool {
	if l.drive.Out {
		return l.level
	}
	return l.seen
}

func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func (c *pinConn) doFree(args [][]byte) {
	l := c.find(args[0])
	if l == nil {
		return
	}
	if l.owner != c {
		c.reply("err bad " + l.name + " not requested")
		return
	}
	c.reply("ok")
	c.pins.release(l)
}

// reply queues one answer.
func (c *pinConn) reply(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(append(c.out, text...), '\n')
	c.room.Broadcast()
}

func (c *pinConn) send(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out, text...)
	c.room.Broadcast()
}

// edge queues an edge, or drops it when the client does not read.
func (c *pinConn) edge(pin string, high bool, ns int64, seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) > maxPinBuffer {
		return
	}
	c.out = append(append(append(c.out, "edge "...), pin...), ' ', '0'+b2i(high), ' ')
	c.out = append(strconv.AppendInt(c.out, ns, 10), ' ')
	c.out = append(strconv.AppendUint(c.out, seq, 10), '\n')
	c.room.Broadcast()
}

// waitForRoom holds a client up that asks without reading the answers.
func (c *pinConn) waitForRoom() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.out) > maxPinBuffer && !c.ended {
		c.room.Wait()
	}
}

// write sends what is queued until the connection has ended.
func (c *pinConn) write() {
	defer func() { _ = c.conn.Close() }()
	for {
		text := c.take()
		if text == nil {
			return
		}
		fault := c.pins.faultNow()
		if fault == Late {
			time.Sleep(LateBy)
		}
		if _, err := c.conn.Write(fault.Spoil(text, c.rng)); err != nil || fault == Cut {
			c.mu.Lock()
			c.ended = true
			c.mu.Unlock()
			c.room.Broadcast()
			return
		}
	}
}

// take waits for something to send; nil means the end.
func (c *pinConn) take() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.out) == 0 && !c.ended {
		c.room.Wait()
	}
	if len(c.out) == 0 {
		return nil
	}
	text := c.out
	c.out, c.spare = c.spare[:0], text
	c.room.Broadcast()
	return text
}
