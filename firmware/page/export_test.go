package page

import (
	"time"

	"stationbox/firmware/text"
)

// Patterns are the addresses of the page.
func Patterns() []string {
	var list []string
	for _, r := range routes() {
		list = append(list, r.pattern)
	}
	return list
}

// Weakness is why a PIN is refused.
var Weakness = weakness

// Embedded are the templates, for who counts their keys.
var Embedded = embedded

// Hasten lets the page believe PINs that are quick to try.
func (p *Page) Hasten() { p.pins.least = 1 }

// Span writes how long something takes.
var Span = span

// Catalogue is one of the two.
func Catalogue(lang string) *text.Catalogue { return catalogues[lang] }

// Enter logs in without a PIN and returns the id of the session.
func (p *Page) Enter() string { return p.sessions.begin(p.pins.stamp()) }

// Throttle is what slows down who guesses.
type Throttle struct{ *throttle }

// NewThrottle returns one.
func NewThrottle(now func() time.Time) Throttle { return Throttle{newThrottle(now)} }

// Begin begins a try.
func (t Throttle) Begin(source string) (time.Duration, bool) { return t.begin(source) }

// Right ends one that was right.
func (t Throttle) Right(source string) { t.right(source) }

// Undo ends one that was none.
func (t Throttle) Undo(source string) { t.undo(source) }

// Sources counts the accounts.
func (t Throttle) Sources() int { return len(t.from) }
