package village

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// deed is what a sentence of "dish align" asks for, as somebody understands it who can
// read, and has two hands and no idea of decibels.
type deed struct {
	do       string  // turn, tip, sweep, skew, hold, tighten or done
	forward  bool    // to the right, up, clockwise
	degrees  float64 // by which
	fromMark bool    // counted from the mark of the start, on the far side of it
}

// moves says whether the deed moves the dish on purpose.
func (d deed) moves() bool {
	return d.do == "turn" || d.do == "tip" || d.do == "sweep" || d.do == "skew"
}

// signed is by how much to move.
func (d deed) signed() float64 {
	if d.forward {
		return d.degrees
	}
	return -d.degrees
}

// sentences are the words by which a sentence is known, English and Chinese; the first that
// fits counts.
var sentences = []struct {
	words *regexp.Regexp
	deed  deed
}{
	{regexp.MustCompile(`Done:|完成：`), deed{do: "done"}},
	{regexp.MustCompile(`tighten the bolts|拧紧螺丝`), deed{do: "tighten"}},
	{regexp.MustCompile(`turn the LNB CLOCKWISE|高频头顺时针转`), deed{do: "skew", forward: true}},
	{regexp.MustCompile(`turn the LNB COUNTER-clockwise|高频头逆时针转`), deed{do: "skew"}},
	{regexp.MustCompile(`SLOWLY RIGHT to .* past the mark|向右慢慢转，过方位记号`), deed{do: "sweep", forward: true, fromMark: true}},
	{regexp.MustCompile(`SLOWLY LEFT to .* past the mark|向左慢慢转，过方位记号`), deed{do: "sweep", fromMark: true}},
	{regexp.MustCompile(`SLOWLY to the RIGHT|向右慢慢转`), deed{do: "sweep", forward: true}},
	{regexp.MustCompile(`SLOWLY to the LEFT|向左慢慢转`), deed{do: "sweep"}},
	{regexp.MustCompile(`turn the dish RIGHT|把天线向右转`), deed{do: "turn", forward: true}},
	{regexp.MustCompile(`turn the dish LEFT|把天线向左转`), deed{do: "turn"}},
	{regexp.MustCompile(`Back to the mark, then UP|退回仰角记号，再仰高`), deed{do: "tip", forward: true, fromMark: true}},
	{regexp.MustCompile(`Back to the mark, then DOWN|退回仰角记号，再压低`), deed{do: "tip", fromMark: true}},
	{regexp.MustCompile(`Tip the dish UP|把天线仰高`), deed{do: "tip", forward: true}},
	{regexp.MustCompile(`Tip the dish DOWN|把天线压低`), deed{do: "tip"}},
	{regexp.MustCompile(`Let go and hold still|松手别动`), deed{do: "hold"}},
}

// The measures that people have with them: widths at an arm's length, turns of the nut of
// this mount, minutes of a clock's face, and a pole across the dish whose end is a metre
// from the mast.
const (
	finger, fist  = 2.0, 10.0
	nutTurn       = 1.0
	feedMinute    = 6.0
	poleMilli     = 0.0573
	minutesInTurn = 60
)

var amounts = regexp.MustCompile(`杆头 ([0-9.]+) 毫米|([0-9.]+) (fingers|fists|turns|clock minutes|mm at the pole's end|指宽|拳宽|圈|分钟格)`)

// understand reads a sentence.
func understand(sentence string) (deed, error) {
	for _, s := range sentences {
		if !s.words.MatchString(sentence) {
			continue
		}
		d := s.deed
		if !d.moves() {
			return d, nil
		}
		var err error
		d.degrees, err = amount(sentence, d.do == "skew")
		return d, err
	}
	return deed{}, fmt.Errorf("a villager does not understand %q", sentence)
}

// amount is the first amount of a sentence, in degrees; feed says that minutes are those of
// the LNB and not of the nut.
func amount(sentence string, feed bool) (float64, error) {
	m := amounts.FindStringSubmatch(sentence)
	if m == nil {
		return 0, fmt.Errorf("a villager does not know how much %q is", sentence)
	}
	n, err := strconv.ParseFloat(m[1]+m[2], 64)
	if err != nil {
		return 0, fmt.Errorf("a villager cannot count %q: %w", sentence, err)
	}
	switch unit := m[3]; {
	case unit == "fingers" || unit == "指宽":
		return n * finger, nil
	case unit == "fists" || unit == "拳宽":
		return n * fist, nil
	case unit == "turns" || unit == "圈":
		return n * nutTurn, nil
	case (unit == "clock minutes" || unit == "分钟格") && feed:
		return n * feedMinute, nil
	case unit == "clock minutes" || unit == "分钟格":
		return n * nutTurn / minutesInTurn, nil
	}
	return n * poleMilli, nil
}

// order is a numbered line of the console.
type order struct {
	number   int
	sentence string
}

// paused is said while there are no readings; then the order before it comes back.
var paused = regexp.MustCompile(`Readings have stopped|读数停了`)

var numbered = regexp.MustCompile(`^\[([0-9]{1,4})\] (.+)$`)

// readOrder reads a line of the console; ok is false for other lines, also for one that only
// says to wait.
func readOrder(line string) (o order, ok bool) {
	m := numbered.FindStringSubmatch(shown(line))
	if m == nil || paused.MatchString(m[2]) {
		return order{}, false
	}
	o.number, _ = strconv.Atoi(m[1]) // of at most four digits
	o.sentence = strings.TrimSpace(m[2])
	return o, true
}
