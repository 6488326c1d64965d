package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// comtrade is what of a configuration file (IEEE C37.111, editions 1991, 1999
// and 2013) is needed to read its first voltage.
type comtrade struct {
	analog, digital int
	column          int     // of the voltage among the analog channels
	scale, offset   float64 // volts = scale × value + offset
	rate            float64
	samples         int // the last sample number; 0: all there are
	kind            string
}

// ParseCOMTRADE reads the first voltage channel of a record as counts of
// fullScale volts. The data may be ASCII, BINARY, BINARY32 or FLOAT32; a record
// must have one sample rate.
func ParseCOMTRADE(cfg, dat []byte, fullScale int) (Wave, error) {
	c, err := parseConfig(cfg)
	if err != nil {
		return Wave{}, err
	}
	values, err := c.values(dat)
	if err != nil {
		return Wave{}, err
	}
	if c.samples > 0 && len(values) > c.samples {
		values = values[:c.samples]
	}
	if len(values) == 0 {
		return Wave{}, errors.New("COMTRADE: no samples")
	}
	w := Wave{Rate: c.rate, Samples: make([]int16, len(values))}
	for i, v := range values {
		w.Samples[i] = count((c.scale*v + c.offset) * countsFS / float64(fullScale))
	}
	return w, nil
}

func parseConfig(cfg []byte) (comtrade, error) {
	c := comtrade{column: -1}
	lines := strings.Split(strings.ReplaceAll(string(cfg), "\r\n", "\n"), "\n")
	if len(lines) < 6 {
		return c, fmt.Errorf("COMTRADE: the cfg file has %d lines, too few", len(lines))
	}
	if err := c.counts(fields(lines[1])); err != nil {
		return c, err
	}
	rest := lines[2:]
	if len(rest) < c.analog+c.digital+5 {
		return c, fmt.Errorf("COMTRADE: the cfg file names %d channels but has only %d lines", c.analog+c.digital, len(lines))
	}
	for i, line := range rest[:c.analog] {
		if err := c.channel(i, fields(line)); err != nil {
			return c, err
		}
	}
	if c.column < 0 {
		return c, errors.New("COMTRADE: no channel is measured in V or kV")
	}
	return c, c.times(rest[c.analog+c.digital:])
}

// counts reads "TT,##A,##D".
func (c *comtrade) counts(f []string) error {
	if len(f) < 3 {
		return errors.New("COMTRADE: the second line of the cfg file does not count the channels")
	}
	var errs [2]error
	c.analog, errs[0] = strconv.Atoi(strings.TrimRight(strings.ToUpper(f[1]), "A"))
	c.digital, errs[1] = strconv.Atoi(strings.TrimRight(strings.ToUpper(f[2]), "D"))
	if err := errors.Join(errs[:]...); err != nil || c.analog < 1 || c.digital < 0 || c.analog > 999 || c.digital > 9999 {
		return fmt.Errorf("COMTRADE: %q and %q are no numbers of channels", f[1], f[2])
	}
	return nil
}

// channel reads "An,ch_id,ph,ccbm,uu,a,b,skew,min,max[,primary,secondary,PS]";
// the first one in volts or kilovolts is taken, in primary volts.
func (c *comtrade) channel(i int, f []string) error {
	if len(f) < 7 {
		return fmt.Errorf("COMTRADE: analog channel %d has %d fields, not 7 or more", i+1, len(f))
	}
	unit := map[string]float64{"V": 1, "KV": 1000}[strings.ToUpper(f[4])]
	if c.column >= 0 || unit == 0 {
		return nil
	}
	a, errA := number(f[5])
	b, errB := number(f[6])
	if err := errors.Join(errA, errB); err != nil {
		return fmt.Errorf("COMTRADE: channel %s: %w", f[1], err)
	}
	if len(f) >= 13 && strings.EqualFold(f[12], "S") {
		p, errP := number(f[10])
		s, errS := number(f[11])
		if errP == nil && errS == nil && p > 0 && s > 0 {
			unit *= p / s
		}
	}
	c.column, c.scale, c.offset = i, a*unit, b*unit
	return nil
}

// times reads what follows the channels: frequency, rates, two dates, kind.
func (c *comtrade) times(lines []string) error {
	n, err := strconv.Atoi(strings.TrimSpace(lines[1]))
	if err != nil || n != 1 {
		return fmt.Errorf("COMTRADE: %q sample rates: a record must have exactly one", strings.TrimSpace(lines[1]))
	}
	f := fields(lines[2])
	if len(f) < 2 {
		return errors.New("COMTRADE: the sample rate's line lacks the last sample's number")
	}
	if c.rate, err = number(f[0]); err != nil || c.rate <= 0 {
		return fmt.Errorf("COMTRADE: %q is no sample rate", f[0])
	}
	if c.samples, err = strconv.Atoi(f[1]); err != nil || c.samples < 0 {
		return fmt.Errorf("COMTRADE: %q is no number of samples", f[1])
	}
	if len(lines) < 6 {
		return errors.New("COMTRADE: the cfg file does not say whether the data are ASCII or BINARY")
	}
	c.kind = strings.ToUpper(strings.TrimSpace(lines[5]))
	return nil
}

// values returns the chosen channel as numbers of the file.
func (c *comtrade) values(dat []byte) ([]float64, error) {
	switch c.kind {
	case "ASCII":
		return c.ascii(dat)
	case "BINARY":
		return c.binary(dat, 2, func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) })
	case "BINARY32":
		return c.binary(dat, 4, func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) })
	case "FLOAT32":
		return c.binary(dat, 4, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) })
	}
	return nil, fmt.Errorf("COMTRADE: data of kind %q: only ASCII, BINARY, BINARY32 and FLOAT32 are read", c.kind)
}

func (c *comtrade) ascii(dat []byte) ([]float64, error) {
	var out []float64
	row := 0
	for line := range bytes.Lines(dat) {
		row++
		text := strings.Trim(string(line), " \r\n\x1a")
		if text == "" {
			continue
		}
		f := fields(text)
		if len(f) < 2+c.analog {
			return nil, fmt.Errorf("COMTRADE: line %d of the dat file has %d fields, not %d", row, len(f), 2+c.analog+c.digital)
		}
		v, err := number(f[2+c.column])
		if err != nil {
			return nil, fmt.Errorf("COMTRADE: line %d of the dat file: %w", row, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// binary reads records of sample number, time stamp, the analog values of width
// bytes, and 16 digital channels in each word.
func (c *comtrade) binary(dat []byte, width int, value func([]byte) float64) ([]float64, error) {
	size := 8 + width*c.analog + 2*((c.digital+15)/16)
	if rest := len(dat) % size; rest != 0 {
		return nil, fmt.Errorf("COMTRADE: the dat file is no whole number of records of %d bytes, %d are over", size, rest)
	}
	out := make([]float64, 0, len(dat)/size)
	for ; len(dat) > 0; dat = dat[size:] {
		out = append(out, value(dat[8+width*c.column:]))
	}
	return out, nil
}

func fields(line string) []string {
	f := strings.Split(line, ",")
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	return f
}

func number(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return v, nil
}
