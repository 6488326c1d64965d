package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The words a script may use. They never change.
var (
	actionWords  = []string{"press", "key", "mains", "freq", "thd", "arrester", "strike", "fault", "kill", "stop", "console", "lesson", "photo", "dish", "rain", "tree", "sun", "wind", "sink", "cable", "villager", "expect"}
	deviceWords  = []string{"frontend", "meter", "projector", "tv", "panel", "contactor", "pins", "opto", "ups", "headend", "tuner", "incline", "compass"}
	faultWords   = []string{"silent", "late", "garbled", "cut", "unplugged", "welded", "no_close", "stuck", "frozen", "lamp", "other_input", "clipped", "overrun", "selftest", "lit", "dark", "low", "mute", "busy", "hangs", "weightless", "magnet", "dead", "none"}
	processWords = []string{"guard", "station", "player"}
	expectWords  = []string{"projector", "tv", "contactor", "present", "playing", "stopped", "journal", "photo", "fault", "answer", "report"}
	photoWords   = []string{"projector", "tv", "screen"}
	pictureWords = []string{"lit", "frame", "unlike"}
	displayWords = []string{"off", "standby", "warming", "on", "cooling", "fault"}
	opWords      = []string{"=", "!=", "<", "<=", ">", ">="}
)

// maxVolts is what the wave front end can carry with its peaks.
const maxVolts = 480

func parseAction(w []string) (Action, error) {
	switch w[0] {
	case "press":
		return parsePress(w)
	case "key":
		return parseKey(w)
	case "mains":
		return parseMains(w)
	case "freq":
		hz, last, err := unitFor(w, "Hz", 40, 70)
		return Freq{Hz: hz, For: last}, err
	case "thd":
		pct, last, err := unitFor(w, "%", 0, 40)
		return THD{Pct: pct, For: last}, err
	case "arrester":
		if len(w) != 2 {
			return nil, errors.New("arrester wants ok or failed: arrester failed")
		}
		return Arrester{Failed: w[1] == "failed"}, oneOf("state", w[1], []string{"ok", "failed"})
	case "strike":
		if len(w) != 1 {
			return nil, errors.New("strike stands alone")
		}
		return Strike{}, nil
	case "fault":
		return parseFault(w)
	case "kill":
		if len(w) != 2 {
			return nil, errors.New("kill wants a process: kill guard")
		}
		return Kill{Process: w[1]}, oneOf("process", w[1], processWords)
	case "stop":
		return parseStop(w)
	case "console":
		if len(w) < 2 {
			return nil, errors.New(`console wants a line: console "status"`)
		}
		return Console{Line: strings.Join(w[1:], " ")}, nil
	case "lesson":
		if len(w) != 2 || w[1] != "now" {
			return nil, errors.New("at a time only: lesson now")
		}
		return LessonNow{}, nil
	case "photo":
		return parsePhoto(w)
	case "dish":
		return parseDish(w)
	case "rain", "tree", "sun", "wind":
		return parseWeather(w)
	case "sink":
		return parseSink(w)
	case "cable":
		return parseCable(w)
	case "villager":
		return parseVillager(w)
	case "expect":
		return parseExpect(w)
	}
	return nil, unknown("action", w[0], actionWords)
}

func parsePress(w []string) (Action, error) {
	if len(w) != 2 || len(w[1]) > 8 || strings.Trim(w[1], "0123456789") != "" {
		return nil, errors.New("press wants a number of 1 to 8 digits: press 12")
	}
	return Press{Keys: w[1]}, nil
}

func parseKey(w []string) (Action, error) {
	if len(w) != 3 || len(w[1]) != 1 || !strings.Contains("0123456789ABCD*#", w[1]) {
		return nil, errors.New("key wants a key and down or up: key 1 down")
	}
	return Key{Rune: rune(w[1][0]), Down: w[2] == "down"}, oneOf("movement", w[2], []string{"down", "up"})
}

func parseMains(w []string) (Action, error) {
	if len(w) >= 2 && w[1] == "ramp" {
		return parseRamp(w)
	}
	if len(w) >= 2 && w[1] == "off" {
		last, err := parseFor(w[2:])
		return Mains{For: last}, err
	}
	volts, last, err := unitFor(w, "V", 0, maxVolts)
	return Mains{Volts: volts, For: last}, err
}

func parseRamp(w []string) (Action, error) {
	if len(w) != 5 {
		return nil, errors.New("a ramp wants two voltages and a time: mains ramp 220V 180V 2s")
	}
	from, err := unit(w[2], "V", 0, maxVolts)
	if err != nil {
		return nil, err
	}
	to, err := unit(w[3], "V", 0, maxVolts)
	if err != nil {
		return nil, err
	}
	over, err := parseDuration(w[4])
	return Ramp{From: from, To: to, Over: over}, err
}

func parseFault(w []string) (Action, error) {
	if len(w) < 3 {
		return nil, errors.New("fault wants a device and a kind: fault projector silent for 5s")
	}
	if err := oneOf("device", w[1], deviceWords); err != nil {
		return nil, err
	}
	if err := oneOf("kind of fault", w[2], faultWords); err != nil {
		return nil, err
	}
	last, err := parseFor(w[3:])
	return Fault{Device: w[1], Kind: w[2], For: last}, err
}

func parseStop(w []string) (Action, error) {
	if len(w) != 4 {
		return nil, errors.New("stop wants a process and a time: stop guard for 1s")
	}
	if err := oneOf("process", w[1], processWords); err != nil {
		return nil, err
	}
	last, err := parseFor(w[2:])
	return Stop{Process: w[1], For: last}, err
}

func parsePhoto(w []string) (Action, error) {
	if len(w) != 3 {
		return nil, errors.New("photo wants a name and what is in front of the camera: photo start projector")
	}
	if !photoName(w[1]) {
		return nil, fmt.Errorf("photo %q: a name has letters, digits and dashes, at most %d", w[1], maxPhotoName)
	}
	return Photo{Name: w[1], Of: w[2]}, oneOf("thing", w[2], photoWords)
}

// maxPhotoName bounds the name of a photo, which becomes one of a file.
const maxPhotoName = 32

func photoName(s string) bool {
	const runes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	return s != "" && s[0] != '-' && len(s) <= maxPhotoName && strings.Trim(s, runes) == ""
}

func parseExpect(w []string) (Action, error) {
	if len(w) < 2 {
		return nil, errors.New("expect what? expect projector on")
	}
	e := Expect{What: w[1], Args: w[2:], Within: DefaultWithin}
	if n := len(w); n >= 4 && w[n-2] == "within" {
		d, err := parseDuration(w[n-1])
		if err != nil {
			return nil, err
		}
		e.Within, e.Args = d, w[2:n-2]
	}
	return e, checkExpect(e)
}

func checkExpect(e Expect) error {
	if err := oneOf("expectation", e.What, expectWords); err != nil {
		return err
	}
	if e.What == "photo" {
		return checkPhoto(e.Args)
	}
	want := map[string]int{"projector": 1, "tv": 1, "contactor": 1, "present": 1, "journal": 2, "fault": 1, "answer": 2, "report": 3}[e.What]
	if len(e.Args) != want {
		return fmt.Errorf("expect %s wants %d more words, not %d", e.What, want, len(e.Args))
	}
	switch e.What {
	case "projector", "tv":
		return oneOf("state", e.Args[0], displayWords)
	case "contactor":
		return oneOf("state", e.Args[0], []string{"closed", "open"})
	case "present", "journal":
		return count(e.Args[want-1])
	case "report":
		return checkReport(e.Args)
	}
	return nil
}

// checkPhoto checks what is expected of a photo.
func checkPhoto(args []string) error {
	if len(args) < 2 {
		return errors.New("expect photo wants a name and what is to be seen: expect photo start frame 26")
	}
	if err := oneOf("expectation of a photo", args[1], pictureWords); err != nil {
		return err
	}
	if want := map[string]int{"lit": 2, "frame": 3, "unlike": 3}[args[1]]; len(args) != want {
		return fmt.Errorf("expect photo NAME %s wants %d more words, not %d", args[1], want-2, len(args)-2)
	}
	if args[1] == "frame" {
		return count(args[2])
	}
	return nil
}

func count(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 {
		return fmt.Errorf("%q is not a count", s)
	}
	return nil
}

func checkReport(args []string) error {
	if err := oneOf("comparison", args[1], opWords); err != nil {
		return err
	}
	if args[2] == "true" || args[2] == "false" {
		return nil
	}
	if _, err := strconv.ParseFloat(args[2], 64); err != nil {
		return fmt.Errorf("%q is neither a number nor true or false", args[2])
	}
	return nil
}

// unitFor reads "WORD 268V" and "WORD 268V for 400ms".
func unitFor(w []string, suffix string, min, max float64) (float64, time.Duration, error) {
	if len(w) < 2 {
		return 0, 0, fmt.Errorf("%s wants a value such as %g%s", w[0], max/2, suffix)
	}
	v, err := unit(w[1], suffix, min, max)
	if err != nil {
		return 0, 0, err
	}
	last, err := parseFor(w[2:])
	return v, last, err
}

func unit(s, suffix string, min, max float64) (float64, error) {
	number, ok := strings.CutSuffix(s, suffix)
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("%q is not a number with its unit, such as %g%s", s, max/2, suffix)
	}
	if !(v >= min && v <= max) {
		return 0, fmt.Errorf("%s is out of range: %g%s to %g%s", s, min, suffix, max, suffix)
	}
	return v, nil
}

// parseFor reads nothing, or "for 400ms".
func parseFor(w []string) (time.Duration, error) {
	if len(w) == 0 {
		return 0, nil
	}
	if len(w) != 2 || w[0] != "for" {
		return 0, fmt.Errorf("%q: only a time may follow, such as: for 400ms", strings.Join(w, " "))
	}
	return parseDuration(w[1])
}

// maxDuration bounds every length of time in a script.
const maxDuration = 24 * time.Hour

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a length of time such as 400ms, 3s or 1m30s", s)
	}
	if d <= 0 || d > maxDuration {
		return 0, fmt.Errorf("%s is out of range: more than 0s, at most %v", s, maxDuration)
	}
	return d, nil
}

func oneOf(what, got string, words []string) error {
	if slices.Contains(words, got) {
		return nil
	}
	return unknown(what, got, words)
}

func unknown(what, got string, words []string) error {
	if best := nearest(got, words); best != "" {
		return fmt.Errorf("unknown %s %q: did you mean %q?", what, got, best)
	}
	return fmt.Errorf("unknown %s %q: one of %s", what, got, strings.Join(words, " "))
}

// nearest returns the word that got most likely was meant to be, or "".
func nearest(got string, words []string) string {
	best, least := "", 3
	for _, w := range words {
		if d := distance(strings.ToLower(got), w); d < least && d < len(w) {
			best, least = w, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or change (Levenshtein). Long
// strangers are never near, so only short ones are compared.
func distance(a, b string) int {
	if len(a) > 32 || len(b) > 32 {
		return 32
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
