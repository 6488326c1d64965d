package tuner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/tuner/psi"
)

// ErrNoProgramme means that the carrier does not have the programme that was asked for.
var ErrNoProgramme = errors.New("the carrier does not have this programme")

// Choice is what of a carrier is streamed.
type Choice struct {
	Programme uint16 // its number, which is the service id; 0: the first of the table
	Whole     bool   // all that the carrier has, which not every receiver can hand out
}

// The bounds of a stream.
const (
	// streamBuffer is what the kernel keeps until it is read: half a second of the widest
	// carrier, 60 Mbit/s.
	streamBuffer = 4 << 20
	// streamPIDs is how many parts of a programme are received; a programme has five or six.
	streamPIDs = 32
	// streamTables bounds the wait for the two tables of a programme, each of which comes
	// ten times a second.
	streamTables = 5 * time.Second
	// streamPace is the pause before the next look after nothing was there: the kernel would
	// wake a reader for every packet of 188 bytes.
	streamPace = 10 * time.Millisecond
)

// Stream is what comes out of a receiver: packets of an MPEG transport stream, those of
// one programme with its tables, or all. It lasts over a loss of the lock and a new Tune;
// after tuning to another carrier it is to be opened anew, and so it is when nothing of
// the programme comes any more, whose parts may have moved. One goroutine reads it.
type Stream struct {
	tuner     *Tuner
	dvr       Kernel
	filters   []Kernel
	programme uint16
	lost      int
	over      bool
}

// Stream begins to receive what c chooses of the carrier. A receiver hands out one
// stream at a time: a second one is hal.ErrRefused, as is Choice.Whole where the
// receiver cannot do that. For a programme there must be a lock: its tables are waited
// for, five seconds each. Close the stream before the tuner.
//
// Its errors are those of Sections, and ErrNoProgramme.
func (t *Tuner) Stream(ctx context.Context, c Choice) (*Stream, error) {
	s, err := t.stream(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("%s: stream: %w", t.name(), explain(err))
	}
	return s, nil
}

func (t *Tuner) stream(ctx context.Context, c Choice) (*Stream, error) {
	if !t.enter() {
		return nil, hal.ErrGone
	}
	s := &Stream{tuner: t, programme: c.Programme}
	err := s.open()
	if err == nil {
		err = s.choose(ctx, c)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open takes the way out of the receiver, which one program has at a time.
func (s *Stream) open() (err error) {
	t := s.tuner
	if s.dvr, err = t.open(t.device("dvr", t.opts.Demux)); err != nil {
		return err
	}
	return s.dvr.Value(setBuffer, streamBuffer)
}

// choose asks for all packets that are to come.
func (s *Stream) choose(ctx context.Context, c Choice) error {
	if c.Whole {
		return s.filter(wholePID)
	}
	m, at, err := s.tuner.programme(ctx, c.Programme)
	if err != nil {
		return err
	}
	s.programme = m.Programme
	pids := append([]uint16{psi.PIDPAT, at}, m.PIDs()...)
	if len(pids) > streamPIDs {
		return fmt.Errorf("programme %d has %d parts, more than %d: %w", m.Programme, len(pids), streamPIDs, hal.ErrGarbled)
	}
	for _, pid := range pids {
		if err := s.filter(pid); err != nil {
			return fmt.Errorf("PID %04x: %w", pid, err)
		}
	}
	return nil
}

// filter lets the packets of one PID through. Each needs an open demultiplexer: the
// kernel takes several PIDs in one only where they are not read from the dvr.
func (s *Stream) filter(pid uint16) error {
	k, err := s.tuner.open(s.tuner.device("demux", s.tuner.opts.Demux))
	if err != nil {
		return err
	}
	s.filters = append(s.filters, k)
	return k.Struct(setPESFilter, encodePES(pid))
}

// programme waits for the map of the programme with that number, 0 for the first, and
// says on which PID it is.
func (t *Tuner) programme(ctx context.Context, number uint16) (m psi.PMT, at uint16, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*streamTables)
	defer cancel()
	pat, err := t.Programs(ctx)
	if err != nil {
		return m, 0, err
	}
	p, err := pick(pat, number)
	if err != nil {
		return m, 0, err
	}
	var bad error
	err = t.Sections(ctx, Filter{PID: p.Map, Table: psi.TablePMT}, func(s psi.Section) bool {
		if !s.Long || !s.Current || s.ID != p.Number { // the map of another programme may be on the same PID
			return false
		}
		m, bad = psi.ParsePMT([]psi.Section{s})
		return true
	})
	return m, p.Map, errors.Join(err, bad)
}

// pick finds a programme in the table of a carrier.
func pick(t psi.PAT, number uint16) (psi.Program, error) {
	if number == 0 && len(t.Programs) > 0 {
		return t.Programs[0], nil
	}
	var have []uint16
	for _, p := range t.Programs {
		if p.Number == number {
			return p, nil
		}
		have = append(have, p.Number)
	}
	return psi.Program{}, fmt.Errorf("programme %d: %w, it has %v", number, ErrNoProgramme, have)
}

// Programme is the number of the programme that is streamed, 0 of a whole carrier.
func (s *Stream) Programme() uint16 { return s.programme }

// Lost is how often packets were lost because they were not read in time.
func (s *Stream) Lost() int { return s.lost }

// Read waits for packets and puts as many bytes into b as there are. It is bounded by ctx
// and Opts.Timeout: without a byte it is hal.ErrSilent then, as while there is no lock, and
// may be called again. hal.ErrGone is for good.
func (s *Stream) Read(ctx context.Context, b []byte) (int, error) {
	n, err := s.read(ctx, b)
	if err != nil {
		return 0, fmt.Errorf("%s: stream: %w", s.tuner.name(), explain(err))
	}
	return n, nil
}

func (s *Stream) read(ctx context.Context, b []byte) (int, error) {
	t := s.tuner
	ctx, cancel := context.WithTimeout(ctx, t.opts.Timeout)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	for empty := 0; ctx.Err() == nil; {
		n, err := s.dvr.Read(b)
		switch {
		case errors.Is(err, unix.EOVERFLOW): // it goes on behind the gap
			s.lost++
		case err != nil && !errors.Is(err, unix.EAGAIN):
			return 0, err
		case n > 0:
			return n, nil
		}
		if err := t.rest(ctx, streamPace); err != nil { // some packets gather
			return 0, err
		}
		if !errors.Is(err, unix.EOVERFLOW) {
			if err := await(ctx, s.dvr, &empty); err != nil {
				return 0, err
			}
		}
	}
	return 0, t.timeUp()
}

// Close ends the stream. A second Close does nothing.
func (s *Stream) Close() error {
	if s.over {
		return nil
	}
	s.over = true
	defer s.tuner.tables.Done()
	var err error
	for _, k := range s.filters {
		err = errors.Join(err, k.Close())
	}
	if s.dvr != nil {
		err = errors.Join(err, s.dvr.Close())
	}
	return err
}
