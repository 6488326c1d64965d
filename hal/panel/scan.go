package panel

import "periph.io/x/conn/v3/gpio"

// leveler is an input that knows when it does not know, like gpioline.Pin.
type leveler interface{ Level() (gpio.Level, error) }

// poster is an output that need not wait for its confirmation, like gpioline.Pin.
type poster interface{ Post(gpio.Level) error }

// drainer is an output that can be open drain, like gpioline.Pin.
type drainer interface{ OpenDrain(on bool) }

// setUp takes the pins, once and after each failure.
func (p *Matrix) setUp() error {
	if p.ready {
		return nil
	}
	for _, row := range p.rows {
		if err := row.In(gpio.PullUp, gpio.BothEdges); err != nil {
			return err
		}
	}
	for _, col := range p.cols {
		if d, ok := col.(drainer); ok {
			d.OpenDrain(true)
		}
		if err := col.Out(gpio.Low); err != nil {
			return err
		}
	}
	p.sentry.forget()
	p.ready = true
	return nil
}

// anyKey returns, with all columns low, the rows that are low. It leaves the
// columns low, ready for an edge.
func (p *Matrix) anyKey() (uint8, error) {
	if err := p.driveAll(gpio.Low); err != nil {
		return 0, err
	}
	return p.lowRows(allRows)
}

// allRows is the set of all four rows.
const allRows uint8 = 0b1111

// lowRows reads the rows of the set and returns those that are low.
func (p *Matrix) lowRows(set uint8) (uint8, error) {
	var low uint8
	for i, row := range p.rows {
		if set&(1<<i) == 0 {
			continue
		}
		l, err := level(row)
		if err != nil {
			return 0, err
		}
		if l == gpio.Low {
			low |= 1 << i
		}
	}
	return low, nil
}

// scan lowers the columns one after the other and returns the closed contacts,
// bit 4×row+column. Rows that stay low without any column are left out.
func (p *Matrix) scan() (uint16, error) {
	if err := p.driveAll(gpio.High); err != nil {
		return 0, err
	}
	p.short = 0
	if err := p.settle(allRows); err != nil {
		return 0, err
	}
	var matrix uint16
	for c, col := range p.cols {
		if err := drive(col, gpio.Low); err != nil {
			return 0, err
		}
		low, err := p.lowRows(allRows &^ p.short)
		if err != nil {
			return 0, err
		}
		for r := range 4 {
			matrix |= uint16(low>>r&1) << (4*r + c)
		}
		if err := drive(col, gpio.High); err != nil {
			return 0, err
		}
		if err := p.settle(low); err != nil {
			return 0, err
		}
	}
	if matrix != 0 || p.short != 0 {
		return matrix, nil
	}
	return 0, p.driveAll(gpio.Low)
}

// settleTries is how often a row is read until its pull-up has raised it: some
// 100 µs of reads, where 50 kΩ and the capacitance of a long cable need 20 µs.
const settleTries = 50

// settle waits, with all columns high, until the rows of the set are high again,
// so that a key of one column is not seen in the next. Rows that stay low are
// shorted to ground.
func (p *Matrix) settle(set uint8) error {
	var err error
	for range settleTries {
		if set == 0 {
			break
		}
		if set, err = p.lowRows(set); err != nil {
			return err
		}
	}
	p.short |= set
	return nil
}

func (p *Matrix) driveAll(l gpio.Level) error {
	for _, col := range p.cols {
		if err := drive(col, l); err != nil {
			return err
		}
	}
	return nil
}

func drive(col gpio.PinOut, l gpio.Level) error {
	if q, ok := col.(poster); ok {
		return q.Post(l)
	}
	return col.Out(l)
}

func level(row gpio.PinIn) (gpio.Level, error) {
	if q, ok := row.(leveler); ok {
		return q.Level()
	}
	return row.Read(), nil
}
