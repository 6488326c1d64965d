package power

import "context"

// run is the keeper's part.
func (b *blackBox) run(ctx context.Context) {
	if b != nil {
		b.keepFiles(ctx)
	}
}

// failing says whether the newest file could not be written.
func (b *blackBox) failing() bool { return b != nil && b.unsafe.Load() }

// advance hands event i to the keeper when its wave is here, and again when
// everything is: the power may fail in between.
func (b *blackBox) advance(i int) {
	p := &b.pend[i]
	age := b.sample() - p.centre
	if !p.on || age < aroundSamples || b.slot[i].yours.Load() {
		return
	}
	if !p.waved {
		p.waved = true
		b.takeWave(&b.slot[i], p.centre)
		b.hand(i, false)
		return
	}
	if age >= afterSamples {
		b.hand(i, true)
	}
}

// hand gives event i to the keeper.
func (b *blackBox) hand(i int, whole bool) {
	p, c := &b.pend[i], &b.slot[i]
	for j := range p.acts[:p.n] {
		if a := &p.acts[j]; a.ongoing {
			if mv, lasted, ok := b.quality.sofar(a.Kind); ok {
				a.MV, a.Lasted = mv, lasted
			}
		}
	}
	c.wall, c.seq, c.whole, c.acts, c.n, c.next = p.wall, p.seq, whole, p.acts, p.n, p.next
	frame := p.centre / FrameSamples
	b.fine.copyTo(c.fine[:], frame/fineBin-int64(fineBefore/FrameTime)/fineBin)
	b.coarse.copyTo(c.coarse[:], frame/coarseBin-int64(coarseBefore/FrameTime)/coarseBin)
	p.on = !whole
	c.yours.Store(true)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// takeWave copies the wave around centre and notes its gaps.
func (b *blackBox) takeWave(c *capture, centre int64) {
	c.nGaps = 0
	for i := 0; i < len(c.wave); {
		at := centre - aroundSamples + int64(i)
		frame, first := at/FrameSamples, int(at%FrameSamples)
		if at < 0 {
			frame, first = -1, FrameSamples-int(min(-at, FrameSamples))
		}
		n := min(FrameSamples-first, len(c.wave)-i)
		samples, kind := b.ring.look(frame)
		switch kind {
		case frameMissing:
			clear(c.wave[i : i+n])
			c.gap(i, i+n)
		case frameAfterLoss:
			if first == 0 {
				c.gap(i, i)
			}
			fallthrough
		case frameHere:
			copy(c.wave[i:i+n], samples[first:])
		}
		i += n
	}
}

// gap notes that from…to is missing; the last gap of too many grows over all
// that follow.
func (c *capture) gap(from, to int) {
	if c.nGaps > 0 && (int(c.gaps[c.nGaps-1][1]) == from || c.nGaps == maxGaps) {
		c.gaps[c.nGaps-1][1] = int16(to)
		return
	}
	c.gaps[c.nGaps] = [2]int16{int16(from), int16(to)}
	c.nGaps++
}

// finish hands over everything as it is: the loop ends.
func (b *blackBox) finish() {
	if b == nil {
		return
	}
	for i := range b.pend {
		p := &b.pend[i]
		if !p.on || b.slot[i].yours.Load() {
			continue
		}
		if !p.waved {
			b.takeWave(&b.slot[i], p.centre)
		}
		b.hand(i, true)
	}
}
