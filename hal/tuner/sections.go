package tuner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/tuner/psi"
)

// Filter chooses sections.
type Filter struct {
	PID   uint16
	Table byte
	// Loose are the bits of the table id that do not matter.
	Loose byte
}

func (f Filter) mask() byte { return ^f.Loose }

// The bounds of a demultiplexer: what it keeps until somebody reads, and how often
// it may wake a reader for nothing, one right after the other.
const (
	demuxBuffer = 64 << 10
	emptyWakes  = 16
	emptyWait   = 20 * time.Millisecond
)

// await waits for something to read. empty counts the waits that ended at once, since
// there was something last: a device that is gone wakes who waits all the time.
func await(ctx context.Context, k Kernel, empty *int) error {
	begun := time.Now()
	err := k.Wait(ctx)
	if time.Since(begun) >= emptyWait {
		*empty = 0
	}
	if *empty++; *empty > emptyWakes && err == nil {
		return fmt.Errorf("woken %d times for nothing: %w", *empty, hal.ErrGone)
	}
	return err
}

// Sections hands each whole section that f chooses to each, until it is done. A
// damaged one is passed over. It is bounded by ctx and by Opts.TableTime: then it
// is hal.ErrGarbled when only damaged sections came and hal.ErrSilent otherwise. The
// receiver must have been tuned; Sections may run beside all other calls.
func (t *Tuner) Sections(ctx context.Context, f Filter, each func(psi.Section) (done bool)) error {
	if err := t.sections(ctx, f, each); err != nil {
		return fmt.Errorf("%s: table %02x on PID %04x: %w", t.name(), f.Table, f.PID, explain(err))
	}
	return nil
}

func (t *Tuner) sections(ctx context.Context, f Filter, each func(psi.Section) bool) error {
	if !t.enter() {
		return hal.ErrGone
	}
	defer t.tables.Done()
	ctx, cancel := context.WithTimeout(ctx, t.opts.TableTime)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	k, err := t.open(t.device("demux", t.opts.Demux))
	if err != nil {
		return err
	}
	defer func() { _ = k.Close() }()
	err = errors.Join(k.Value(setBuffer, demuxBuffer), k.Struct(setFilter, encodeFilter(f)))
	if err != nil {
		return err
	}
	return t.receive(ctx, k, f, each)
}

// enter counts a call of Sections, unless the tuner is closed.
func (t *Tuner) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.life.Err() != nil {
		return false
	}
	t.tables.Add(1)
	return true
}

func (t *Tuner) receive(ctx context.Context, k Kernel, f Filter, each func(psi.Section) bool) error {
	buf := make([]byte, psi.MaxSection)
	good, bad, empty := 0, 0, 0
	for ctx.Err() == nil {
		n, err := k.Read(buf)
		switch {
		case errors.Is(err, unix.EAGAIN) || err == nil && n == 0:
			if err := await(ctx, k, &empty); err != nil {
				return err
			}
			continue
		case errors.Is(err, unix.EOVERFLOW): // some are lost, and come again
			empty = 0
			continue
		case err != nil:
			return err
		}
		empty = 0
		s, err := psi.ParseSection(bytes.Clone(buf[:n]))
		if err != nil {
			bad++
			continue
		}
		if good++; f.takes(s) && each(s) {
			return nil
		}
	}
	if t.life.Err() == nil && good == 0 && bad > 0 {
		return fmt.Errorf("%d damaged sections: %w", bad, hal.ErrGarbled)
	}
	return t.timeUp()
}

// takes says whether s is what was asked for: a driver may have fewer filters than
// it says.
func (f Filter) takes(s psi.Section) bool { return (s.Table^f.Table)&f.mask() == 0 }

// table gathers one whole table.
func (t *Tuner) table(ctx context.Context, pid uint16, id byte) (all []psi.Section, err error) {
	var c psi.Collector
	err = t.Sections(ctx, Filter{PID: pid, Table: id}, func(s psi.Section) bool {
		all = c.Add(s)
		return all != nil
	})
	return all, err
}

// parsed gathers one table and reads it.
func parsed[T any](ctx context.Context, t *Tuner, pid uint16, id byte, parse func([]psi.Section) (T, error)) (T, error) {
	var zero T
	all, err := t.table(ctx, pid, id)
	if err != nil {
		return zero, err
	}
	v, err := parse(all)
	if err != nil {
		return zero, fmt.Errorf("%s: %w", t.name(), err)
	}
	return v, nil
}

// Programs waits for the table of programmes, which comes ten times a second. Its
// errors, and those of the next three, are those of Sections.
func (t *Tuner) Programs(ctx context.Context) (psi.PAT, error) {
	return parsed(ctx, t, psi.PIDPAT, psi.TablePAT, psi.ParsePAT)
}

// Network waits for the table of the network, which comes every 10 s at least and
// says where in the sky its satellite stands.
func (t *Tuner) Network(ctx context.Context) (psi.NIT, error) {
	return parsed(ctx, t, psi.PIDNIT, psi.TableNIT, psi.ParseNIT)
}

// Services waits for the names of the channels, which come every 2 s at least.
func (t *Tuner) Services(ctx context.Context) (psi.SDT, error) {
	return parsed(ctx, t, psi.PIDSDT, psi.TableSDT, psi.ParseSDT)
}

// looseTime takes in both TDT and TOT.
const looseTime = psi.TableTDT ^ psi.TableTOT

// Time waits for the broadcaster's time, which comes every 30 s at least. At is when
// it came; it was right then, but for the way through the satellite (0.3 s) and the
// coder (up to some seconds).
func (t *Tuner) Time(ctx context.Context) (hal.Reading[psi.Time], error) {
	var r hal.Reading[psi.Time]
	err := t.Sections(ctx, Filter{PID: psi.PIDTime, Table: psi.TableTDT, Loose: looseTime}, func(s psi.Section) bool {
		at := t.opts.Now()
		v, err := psi.ParseTime(s)
		if err != nil {
			return false
		}
		r = hal.Reading[psi.Time]{Value: v, At: at}
		return true
	})
	return r, err
}
