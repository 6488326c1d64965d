// Package scenario reads the text scripts that drive a simulated village: what
// the mains does, which keys are pressed, what breaks, which process is killed
// and what must then be true. The same words, without a time, are what the
// bench page sends. It only reads; somebody else acts.
//
// A script is lines of words. A line that begins with # is a comment. Lines
// without a time describe the run:
//
//	start 08:09:30                        label clock at the start
//	seed 7                                randomness of the world
//	set lesson.bell_before 10s            a key of station.toml
//	lesson 08:10:00 first.mp4 30s "第一课"  an occasion; the clip is made if absent
//	live 08:10:00 news.mp4 40s "直播" spare.mp4   the same, sent to the station at its time; it may fall back to the last
//	end 08:11:30                          when the run is over
//
// All other lines are a time on the label clock and an action:
//
//	08:09:40 press 12                     types 1 2 #
//	08:09:41 key 1 down                   one key by itself
//	08:10:05 mains 268V for 400ms         also: mains 220V, mains off for 3s,
//	                                      mains ramp 220V 180V 2s, freq 49.5Hz, thd 8%
//	08:10:05 strike                       lightning; also: arrester failed, arrester ok
//	08:10:05 fault projector silent for 5s
//	08:10:06 kill guard                   SIGKILL; also: stop guard for 1s
//	08:10:07 console "status"             a line at the technician's console
//	08:10:07 dish az +8 el -2             the dish is moved by degrees: to the right, up; also: skew +10
//	08:10:07 rain 6 for 10s               dB less; also: tree 4 (dB), sun 3 (dB of noise), wind 0.3 (degrees),
//	                                      sink 0.8 90 (degrees, towards an azimuth), cable out, cable in
//	08:10:07 villager align               somebody follows the words of dish align; also: villager align 10%
//	08:10:08 photo start projector        a picture of what can be seen there: also tv, screen
//	08:10:09 expect projector on          see Expect
package scenario

import "time"

// Script is a whole scenario. Times are on the label clock, counted from
// midnight; they are not the time of day at which the script runs.
type Script struct {
	Start   time.Duration // label clock at the start of the run
	End     time.Duration // label clock at its end; 0: it has no end
	Seed    int64         // 0: not given
	Sets    []Set
	Lessons []Lesson
	Steps   []Step // ordered by At, those of equal time as written
}

// Set is one key of station.toml with the value a script wants: Key is dotted
// ("lesson.bell_before"), Value is as written ("10s", "230", "true").
type Set struct {
	Line  int
	Key   string
	Value string
}

// Lesson is an occasion of the day of the run.
type Lesson struct {
	Line   int
	At     time.Duration // label clock
	File   string        // name in the library
	Length time.Duration // of the clip, whole seconds
	Title  string

	Live  bool   // File is sent by a head end from outside, not in the library
	Spare string // of a live one: name in the library of what is shown while it does not come, or ""
}

// Step is one action at one time.
type Step struct {
	Line int
	At   time.Duration // label clock
	Text string        // the action as written
	Do   Action
}

// Action is one of the types Press, Key, Mains, Ramp, Freq, THD, Arrester, Strike,
// Fault, Kill, Stop, Console, LessonNow, Photo, Dish, Weather, Sink, Cable, Villager and
// Expect.
type Action interface{ action() }

// Press types a number and the confirming key. Keys has 1 to 8 digits.
type Press struct{ Keys string }

// Key moves one key of the panel.
type Key struct {
	Rune rune // one of 0-9, A-D, * and #
	Down bool
}

// Mains sets the mains to Volts rms, 0 for off. For > 0 puts back what was
// before after that time.
type Mains struct {
	Volts float64
	For   time.Duration
}

// Ramp moves the mains voltage evenly from one value to another.
type Ramp struct {
	From, To float64 // volts rms
	Over     time.Duration
}

// Freq sets the mains frequency in hertz, 40 to 70.
type Freq struct {
	Hz  float64
	For time.Duration // 0: until changed
}

// THD sets the distortion of the mains in per cent, 0 to 40.
type THD struct {
	Pct float64
	For time.Duration // 0: until changed
}

// Arrester breaks the surge arrester, or mends it.
type Arrester struct{ Failed bool }

// Strike is lightning: the surge arrester works once.
type Strike struct{}

// Fault breaks a device in a named way, or heals it when Kind is "none".
type Fault struct {
	Device string
	Kind   string
	For    time.Duration // 0: until changed
}

// Kill sends SIGKILL to a process of the village: guard, station or player.
type Kill struct{ Process string }

// Stop freezes a process for a time (SIGSTOP, SIGCONT).
type Stop struct {
	Process string
	For     time.Duration
}

// Console types a line at the technician's console.
type Console struct{ Line string }

// LessonNow asks for one more lesson as soon as the station can give one.
type LessonNow struct{}

// Photo takes a picture of what can be seen on a display, which is dark when it
// is not lit or set to another input, or of the screen output itself.
type Photo struct {
	Name string // letters, digits and dashes; a second one of that name takes the place of the first
	Of   string // projector, tv or screen
}

// Expect is something that must be true at its time, or become true within
// Within:
//
//	expect projector|tv STATE         off standby warming on cooling fault
//	expect contactor closed|open
//	expect present N                  members in the roll of the running or last lesson
//	expect playing|stopped            frames advance on the screen, or do not
//	expect journal KIND N             records of that kind in the journal
//	expect photo NAME lit             it shows something: it is neither dark nor even
//	expect photo NAME frame N         the lesson's frame N, give or take FrameTolerance
//	expect photo NAME unlike OTHER    the two differ, beside the frame number
//	expect fault CODE                 people are told of it now
//	expect answer "COMMAND" TEXT      the station answers the command with that text somewhere in it, quotation marks left out
//	expect report NAME OP VALUE       a value of the report so far; OP is = != < <= > >=
//	… within 5s                       at most this much later; DefaultWithin if not given
type Expect struct {
	What   string   // the word after expect
	Args   []string // the words after that
	Within time.Duration
}

// DefaultWithin is the patience of an expectation that names none.
const DefaultWithin = time.Second

// FrameTolerance is how far a photo's frame may be from the expected one: a film
// may begin 100 ms late, and the hand at the camera is not exact.
const FrameTolerance = 3

func (Press) action()     {}
func (Key) action()       {}
func (Mains) action()     {}
func (Ramp) action()      {}
func (Freq) action()      {}
func (THD) action()       {}
func (Arrester) action()  {}
func (Strike) action()    {}
func (Fault) action()     {}
func (Kill) action()      {}
func (Stop) action()      {}
func (Console) action()   {}
func (LessonNow) action() {}
func (Photo) action()     {}
func (Expect) action()    {}
