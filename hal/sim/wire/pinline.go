package wire

import "time"

// Level returns whether pin is high now. An unknown pin is low.
func (p *Pins) Level(pin string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lines[pin]
	return ok && l.level
}

// Holder returns the consumer that holds pin, or "".
func (p *Pins) Holder(pin string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, ok := p.lines[pin]; ok && l.owner != nil {
		return l.owner.consumer
	}
	return ""
}

// Watch has f called at each change of pin's level, in order. It is called with
// the server's lock held: f must be quick and must not call the server.
func (p *Pins) Watch(pin string, f func(high bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.line(pin)
	l.watchers = append(l.watchers, f)
}

// Attach wires c to its pins; a pin that does not exist yet comes to be. It
// returns a function that has c resolved again, to be called when something
// inside c has changed.
func (p *Pins) Attach(c Circuit) (touch func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := c.Pins()
	k := &circuit{Circuit: c, drive: make([]Drive, len(names)), put: make([]Level, len(names))}
	for _, name := range names {
		l := p.line(name)
		l.circuits = append(l.circuits, k)
		k.lines = append(k.lines, l)
	}
	p.resolve(k)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.resolve(k)
	}
}

// resolve asks k what it puts on its pins and settles those; p.mu is held.
func (p *Pins) resolve(k *circuit) {
	for i, l := range k.lines {
		k.drive[i] = l.drive
	}
	k.Resolve(k.drive, k.put)
	for i, l := range k.lines {
		l.put = k.put[i]
		p.settle(l)
	}
}

// setDrive lets the box drive l as d and settles all that hangs on it; p.mu is
// held.
func (p *Pins) setDrive(l *line, d Drive) {
	if l.drive == d {
		return
	}
	l.drive = d
	p.settle(l)
	for _, k := range l.circuits {
		p.resolve(k)
	}
}

// electric returns the level of l. Where box and circuit disagree the box's
// output wins; where nobody drives and nothing pulls, the level stays.
func (l *line) electric() bool {
	switch {
	case l.drive.Out:
		return l.drive.High
	case l.put != Float:
		return l.put == High
	case l.drive.Pull == PullOff:
		return l.level
	}
	return l.drive.Pull == PullUp
}

// settle finds the new level of l and tells those who wait for it; p.mu is held.
func (p *Pins) settle(l *line) {
	level := l.electric()
	if level == l.level {
		return
	}
	l.level = level
	for _, f := range l.watchers {
		f(level)
	}
	if l.debounce > 0 {
		p.debounce(l)
		return
	}
	p.see(l)
}

// debounce waits until l has been quiet; p.mu is held.
func (p *Pins) debounce(l *line) {
	if l.timer != nil {
		l.timer.Stop()
	}
	var t *time.Timer
	t = time.AfterFunc(l.debounce, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if l.timer == t {
			p.see(l)
		}
	})
	l.timer = t
}

// see takes over the level of l as the one to be read and reports the edge;
// p.mu is held.
func (p *Pins) see(l *line) {
	if l.seen == l.level {
		return
	}
	l.seen = l.level
	if l.owner == nil || l.drive.Out || l.seen && !l.rise || !l.seen && !l.fall {
		return
	}
	l.seq++
	l.owner.edge(l.name, l.seen, monotonic(), l.seq)
}

// quiet ends waiting for bounces and takes the level as it is; p.mu is held.
func (l *line) quiet() {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.seen = l.level
}

// release makes l nobody's: an input, pulled down; p.mu is held.
func (p *Pins) release(l *line) {
	l.owner, l.rise, l.fall, l.debounce, l.seq = nil, false, false, 0, 0
	p.setDrive(l, Drive{})
	l.quiet()
}

func (p *Pins) releaseAll(c *pinConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	for _, l := range p.lines {
		if l.owner == c {
			p.release(l)
		}
	}
}
