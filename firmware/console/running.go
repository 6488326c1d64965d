package console

import "context"

// linesAhead is how many lines may wait for a command; what is typed beyond is dropped.
const linesAhead = 16

// running is the command that runs; the zero running is none.
type running struct {
	done  chan struct{} // closed when it has ended
	halt  context.CancelFunc
	lines chan string // to a conversation; nil: it is none
	line  line        // of the conversation
}

// key gives a byte to the command: Ctrl-C stops it, a conversation gets whole lines. They
// are not echoed, because the command has the screen.
func (r *running) key(b byte) {
	if b == ctrlC {
		r.halt()
		return
	}
	if r.lines == nil {
		return
	}
	if _, what := r.line.feed(b); what != entered {
		return
	}
	select {
	case r.lines <- r.line.take():
	default:
	}
}

// hangUp ends a conversation whose other side has gone; other commands go on.
func (r *running) hangUp() {
	if r.lines != nil {
		r.halt()
	}
}

// end stops the command and waits for it.
func (r *running) end() {
	if r.done == nil {
		return
	}
	r.halt()
	<-r.done
}
