// Package register makes the books that a village station has to keep (四簿一册: the
// logs of reception, of playback and of the equipment, the study record, the
// attendance book) out of the records of the journal, for one month. [Build] is pure:
// the same records give the same [Month]. [Write] prints a month as HTML, XLSX and CSV
// into a folder that the station's key signs, and [Verify] says which file of such a
// folder is not what was signed.
//
// The books never hide what is missing: records that are lost are a gap with its
// numbers and times, a corrected press stands beside its correction, and what is
// derived says what it is derived from. Nothing here is guessed, and nothing is read
// from a device.
package register

import (
	"strings"
	"time"
	"unicode"

	"stationbox/firmware"
)

// Bounds of a month. What is beyond is counted in Month.Omitted and said on the cover.
const (
	mostLessons     = 2_000
	mostRecords     = 200_000 // that books are made of
	mostEvents      = 20_000
	mostCorrections = 20_000
	mostFaults      = 5_000
	mostHoles       = 1_000
	mostText        = 200 // characters of a name or a word out of a record
)

// Scan hands over records, oldest first, until fn returns an error.
type Scan func(fn func(firmware.Record) error) error

// Opts is what a month is made with besides the records. The zero value of what is not
// marked as required is right.
type Opts struct {
	Station string         // its ID, required: records of others are passed over
	Name    string         // of the station
	Town    string         // "" leaves a line to write on
	Zone    *time.Location // nil is UTC
	Year    int            // required
	Month   time.Month     // required
	Made    time.Time      // when the books are made
	Target  time.Duration  // study that is expected in a month; 0: none is

	Members  []firmware.Member   // of the roster as it is now
	Arrivals []Arrival           // films that came into the library
	Planned  []firmware.Occasion // by the timetable as it is now: one without any record is shown as such

	Counts func(lesson string) bool         // whether its minutes are study; nil: all are
	Judge  func(record []byte) (key string) // why a signed record does not hold, a key of the catalogue; "": it does; nil: nobody checks
}

// Arrival is a film that came into the library.
type Arrival struct {
	At       time.Time
	Title    string
	Source   string // who made it, where it is from
	Bytes    int64
	LengthMS int64
	SHA256   string
}

// Month is all that the books say of a month. Times are in the zone of the station.
type Month struct {
	Opts
	From, To time.Time // the month: From <= t < To

	Lessons     []Lesson // by their planned time
	Receptions  []Reception
	Events      []Event // of the equipment
	Faults      []FaultSpan
	Members     []MemberMonth // the roster by number, then who signed in and is not on it
	Branches    []BranchMonth // by name
	Quota       Quota
	Duty        []DutyDay
	Safety      Safety
	Corrections []Correction
	Holes       []Hole

	First, Last uint64 // records of the month, 0: there is none
	Records     int    // of the month
	Unreadable  int    // of these, with data that could not be read
	Omitted     int    // not in the books because they are too many
}

// Lesson is one lesson of the month.
type Lesson struct {
	ID        string
	Title     string
	Scheduled time.Time
	Study     bool      // its minutes count for the quota
	Showings  []Showing // how it ended, each time it did
	Opened    time.Time // of the roll; zero: it never was
	Closed    time.Time // zero: it never was
	Called    bool      // the roll was open, or somebody is on it

	Present []Entry           // by the time of the press
	Absent  []firmware.Member // by number; nobody when there was no roll
	Guests  []Entry           // numbers that are nobody's
	Heads   int               // people of whom nobody knows the name
}

// Minutes is what was shown of l, the longest showing.
func (l Lesson) Minutes() time.Duration {
	var most time.Duration
	for _, s := range l.Showings {
		most = max(most, s.Played)
	}
	return most
}

// Late is how many of the present came late.
func (l Lesson) Late() int {
	n := 0
	for _, e := range l.Present {
		if e.Late {
			n++
		}
	}
	return n
}

// Showing is how a lesson ended.
type Showing struct {
	Start    time.Time // zero: never shown
	End      time.Time
	Cause    string // a key of the catalogue
	Played   time.Duration
	Length   time.Duration // 0: nobody knows
	File     string
	Live     *Live
	Relative bool // some time after power-on, by no trusted clock
	Proof    *Proof
	Seq      uint64
}

// Live is how a live lesson was received.
type Live struct{ Live, Fallback, Frozen, Dark time.Duration }

// Proof is what the signed record of a lesson says.
type Proof struct {
	Key     string    // that signed
	Mark    string    // first 8 bytes of the SHA-256 of the record, in hex
	Problem string    // why it does not hold, a key of the catalogue
	Checked bool      // somebody checked
	SHA256  string    // of the film
	Calls   [3]*int64 // people in the roll calls at start, middle and end
}

// Entry is somebody on the roll of a lesson.
type Entry struct {
	Number    int
	Name      string // as the roster has it, or as it was recorded
	As        string // as it was recorded, where the roster has another name now
	Branch    string
	At        time.Time // of the press
	Late      bool
	Corrected bool
	Panel     string
}

// Reception is something that came: a live programme or a film.
type Reception struct {
	At      time.Time
	Lesson  string // of a live programme
	Title   string
	What    string // a key of the catalogue
	Args    []any
	Arrival *Arrival
	Seq     uint64
}

// Event is a line of the equipment log.
type Event struct {
	At     time.Time
	Seq    uint64
	Thing  string // a device or a load; "": the station
	Key    string // what, a key of the catalogue
	Args   []any
	Why    string // a key of the catalogue or a word
	MV     int64  // volts of it, 0: none
	Count  int64  // of what is counted, ever
	Lasted time.Duration
	Fault  *firmware.Fault // instead of Key
}

// FaultSpan is a fault from its beginning to its end.
type FaultSpan struct {
	Fault   firmware.Fault
	From    time.Time
	To      time.Time // zero: no end is on record
	Restart time.Time // the station started anew and did not find it again
}

// Open says whether the fault stands at the end of the month.
func (f FaultSpan) Open() bool { return f.To.IsZero() && f.Restart.IsZero() }

// MemberMonth is the month of one person.
type MemberMonth struct {
	firmware.Member
	Listed  bool // on the roster
	Lessons int  // attended
	Late    int
	Minutes time.Duration // of the lessons attended, each as long as it was shown
}

// BranchMonth is the month of a branch.
type BranchMonth struct {
	Branch   string
	Members  int
	Attended int           // people times lessons
	Possible int           // members times lessons with a roll
	Minutes  time.Duration // of people
}

// Rate is the share of those who came, 0 … 1; 0 when nobody could.
func (b BranchMonth) Rate() float64 { return share(b.Attended, b.Possible) }

// Quota is the study of the month against what is expected.
type Quota struct {
	Target, Done time.Duration
	Lessons      int // that have minutes in it
	Called       int // lessons with a roll
}

// Correction is a press that was corrected, and the record that did it.
type Correction struct {
	At      time.Time
	By, Why string
	Do      string // "void", "renumber", "restore" of a press; "present", "absent", "heads" of the roll
	Lesson  string
	Title   string
	Number  int // as it was pressed, 0: the press is not there
	Name    string
	Pressed time.Time
	To      int // with renumber
	ToName  string
	Heads   int  // with heads
	Counts  bool // the newest of this press
	Seq     uint64
}

// Hole is a run of records that are lost.
type Hole struct {
	From, To    uint64
	After       time.Time // of the last record before it; zero: none is there
	Before      time.Time // of the first after it
	Overwritten bool      // the journal begins after it
}

func share(n, of int) float64 {
	if of <= 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// clean makes a word out of a record fit to be printed: one line of at most 200
// characters without control or direction marks.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar, unicode.Is(unicode.Cf, r), r == 0xFFFE, r == 0xFFFF:
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 16*mostText)], ""))
	if list := []rune(s); len(list) > mostText {
		s = string(list[:mostText-1]) + "…"
	}
	return strings.TrimSpace(s)
}
