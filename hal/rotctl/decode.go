package rotctl

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// Bounds of a reply.
const (
	longestLine = 512
	mostLines   = 64
)

// errPlain means that the far end knows short replies only.
var errPlain = errors.New("no extended replies")

// readLine reads up to the newline. A reply that ends without one is cut off.
func readLine(r *bufio.Reader) (string, error) {
	b, err := r.ReadSlice('\n')
	switch {
	case err == nil:
		return strings.TrimSpace(string(b)), nil
	case len(b) > 0:
		return "", fmt.Errorf("cut off after %d bytes: %w: %w", len(b), hal.ErrGarbled, explain(err))
	}
	return "", explain(err)
}

// report reads "RPRT 0" and "RPRT -6"; ok is false for any other line.
func report(line string) (err error, ok bool) {
	rest, ok := strings.CutPrefix(line, "RPRT ")
	if !ok {
		return nil, false
	}
	switch n, bad := strconv.Atoi(rest); {
	case bad != nil || n > 0 || n < -int(lastCode):
		return fmt.Errorf("%q: %w", line, hal.ErrGarbled), true
	case n < 0:
		return Code(-n), true
	}
	return nil, true
}

// readExtended reads the reply to the command name: its head, its values, RPRT. RPRT -1
// without a head comes from one who does not know "+".
func readExtended(r *bufio.Reader, name string) ([]string, error) {
	head, err := readLine(r)
	if err != nil {
		return nil, err
	}
	if err, ok := report(head); ok && errors.Is(err, codeInvalid) {
		return nil, errPlain
	}
	if got, _, _ := strings.Cut(head, ":"); got != name {
		return nil, fmt.Errorf("%.40q answers something else: %w", head, hal.ErrGarbled)
	}
	var lines []string
	for range mostLines {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if err, ok := report(line); ok {
			return lines, err
		}
		lines = append(lines, line)
	}
	return nil, fmt.Errorf("more than %d lines: %w", mostLines, hal.ErrGarbled)
}

// readShort reads as many values as q wants, or RPRT.
func readShort(r *bufio.Reader, q request) ([]string, error) {
	var lines []string
	for range mostLines {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if err, ok := report(line); ok {
			if err == nil && q.lines > 0 {
				err = fmt.Errorf("%q without a value: %w", line, hal.ErrGarbled)
			}
			return nil, err
		}
		if q.lines == 0 && !q.state {
			return nil, fmt.Errorf("%.40q is no RPRT: %w", line, hal.ErrGarbled)
		}
		if lines = append(lines, line); len(lines) == q.lines || q.state && stateEnds(lines) {
			return lines, nil
		}
	}
	return nil, fmt.Errorf("more than %d lines: %w", mostLines, hal.ErrGarbled)
}

// stateEnds says whether lines are all of a short reply to dump_state: version 0 had six
// bare lines, later ones say that they are done.
func stateEnds(lines []string) bool {
	return lines[len(lines)-1] == "done" || lines[0] == "0" && len(lines) == 6
}

// value is a number with or without a label before it.
func value(line, label string) (physic.Angle, error) {
	rest := strings.TrimSpace(strings.TrimPrefix(line, label))
	v, err := strconv.ParseFloat(rest, 64)
	a, ok := Degrees(v)
	if err != nil || !ok {
		return 0, fmt.Errorf("%.40q is no angle: %w", line, hal.ErrGarbled)
	}
	return a, nil
}

func decodePosition(lines []string) (p Position, err error) {
	if len(lines) != 2 {
		return p, fmt.Errorf("a position of %d lines: %w", len(lines), hal.ErrGarbled)
	}
	az, err := value(lines[0], "Azimuth:")
	if err != nil {
		return p, err
	}
	el, err := value(lines[1], "Elevation:")
	return Position{az, el}, err
}

// stateKeys are the limits in their order, as short replies, extended ones and those of
// version 0 name them.
var stateKeys = [4][2]string{
	{"min_az=", "Minimum Azimuth:"}, {"max_az=", "Maximum Azimuth:"},
	{"min_el=", "Minimum Elevation:"}, {"max_el=", "Maximum Elevation:"},
}

// decodeState reads the reply to dump_state; the version and the model come first.
func decodeState(lines []string) (Limits, error) {
	if len(lines) < 6 {
		return Limits{}, fmt.Errorf("a state of %d lines: %w", len(lines), hal.ErrGarbled)
	}
	var v [4]physic.Angle
	for i, keys := range stateKeys {
		line := strings.TrimPrefix(lines[2+i], keys[0])
		var err error
		if v[i], err = value(line, keys[1]); err != nil {
			return Limits{}, err
		}
	}
	l := Limits{Low: Position{v[0], v[2]}, High: Position{v[1], v[3]}}
	if v[0] >= v[1] || v[2] >= v[3] {
		return Limits{}, fmt.Errorf("limits %v: %w", l, hal.ErrGarbled)
	}
	return l, nil
}
