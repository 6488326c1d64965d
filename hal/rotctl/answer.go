package rotctl

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/physic"
)

// pair is a value with its label.
type pair struct{ label, value string }

// answer does the command and writes the reply.
func (s *session) answer(ctx context.Context, c order) string {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	values, err := s.do(ctx, c)
	if c.separator == "" {
		return short(values, err)
	}
	var b strings.Builder
	b.WriteString(strings.Join(append([]string{c.name + ":"}, c.args...), " ") + c.separator)
	for _, v := range values {
		if v.label != "" {
			b.WriteString(v.label + " ")
		}
		b.WriteString(v.value + c.separator)
	}
	return b.String() + rprt(err)
}

// short is the values alone, or RPRT when there are none.
func short(values []pair, err error) string {
	if err != nil || len(values) == 0 {
		return rprt(err)
	}
	var b strings.Builder
	for _, v := range values {
		b.WriteString(stateShort(v) + "\n")
	}
	return b.String()
}

func rprt(err error) string {
	if err == nil {
		return "RPRT 0\n"
	}
	return codeOf(err).Error() + "\n"
}

func (s *session) do(ctx context.Context, c order) ([]pair, error) {
	switch c.name {
	case "get_pos":
		r, err := s.mount.Position(ctx)
		return []pair{{"Azimuth:", hundredths(r.Value.Azimuth)}, {"Elevation:", hundredths(r.Value.Elevation)}}, err
	case "set_pos":
		return nil, s.set(ctx, c.args)
	case "stop":
		return nil, s.mount.Stop(ctx)
	case "park":
		return nil, s.mount.Park(ctx)
	case "move":
		return nil, s.move(ctx, c.args)
	case "reset": // a mount of ours has nothing to forget
		return nil, nil
	case "get_info":
		return []pair{{"Info:", s.opts.Info}}, nil
	case "dump_state":
		return s.state(), nil
	case "dump_caps":
		return s.caps(), nil
	}
	return nil, codeInvalid
}

// hundredths never writes -0.00.
func hundredths(a physic.Angle) string {
	out := strconv.FormatFloat(inDegrees(a), 'f', 2, 64)
	if out == "-0.00" {
		return "0.00"
	}
	return out
}

func (s *session) set(ctx context.Context, args []string) error {
	var a [2]physic.Angle
	for i, arg := range args {
		v, err := strconv.ParseFloat(arg, 64)
		if err != nil {
			return codeInvalid
		}
		var ok bool
		if a[i], ok = Degrees(v); !ok {
			return ErrLimit
		}
	}
	p := Position{a[0], a[1]}
	if !s.opts.Limits.Holds(p) {
		return ErrLimit
	}
	return s.mount.Turn(ctx, p)
}

func (s *session) move(ctx context.Context, args []string) error {
	d, errD := strconv.Atoi(args[0])
	speed, errS := strconv.Atoi(args[1])
	m, can := s.mount.(mover)
	if errD != nil || errS != nil || !can || !Direction(d).known() || speed != -1 && (speed < 1 || speed > 100) {
		return codeInvalid
	}
	return m.Move(ctx, Direction(d), speed)
}

// state is what rotctl -m 2 asks for when it connects. Each label has its short form in
// stateShort.
func (s *session) state() []pair {
	long := func(a physic.Angle) string { return strconv.FormatFloat(inDegrees(a), 'f', 6, 64) }
	l := s.opts.Limits
	return []pair{
		{"rotctld Protocol Ver:", "1"}, {"Rotor Model:", strconv.Itoa(s.opts.Model)},
		{"Minimum Azimuth:", long(l.Low.Azimuth)}, {"Maximum Azimuth:", long(l.High.Azimuth)},
		{"Minimum Elevation:", long(l.Low.Elevation)}, {"Maximum Elevation:", long(l.High.Elevation)},
		{"South Zero:", "0"}, {"", "rot_type=AzEl"}, {"", "done"},
	}
}

// stateShort writes a value as a short reply has it: with a key in the state, else bare.
func stateShort(v pair) string {
	switch v.label {
	case "Minimum Azimuth:":
		return "min_az=" + v.value
	case "Maximum Azimuth:":
		return "max_az=" + v.value
	case "Minimum Elevation:":
		return "min_el=" + v.value
	case "Maximum Elevation:":
		return "max_el=" + v.value
	case "South Zero:":
		return "south_zero=" + v.value
	}
	return v.value
}

// caps says what the mount is; it is for people, and shorter than Hamlib's.
func (s *session) caps() []pair {
	l := s.opts.Limits
	var out []pair
	for _, line := range []string{
		fmt.Sprintf("Caps dump for model:\t%d", s.opts.Model), "Model name:\t\t" + s.opts.Info, "Rot type:\t\tAz-El",
		"Min Azimuth:\t\t" + hundredths(l.Low.Azimuth), "Max Azimuth:\t\t" + hundredths(l.High.Azimuth),
		"Min Elevation:\t\t" + hundredths(l.Low.Elevation), "Max Elevation:\t\t" + hundredths(l.High.Elevation),
	} {
		out = append(out, pair{value: line})
	}
	return out
}
