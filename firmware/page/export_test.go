package page

import "stationbox/firmware/text"

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

// Span writes how long something takes.
var Span = span

// Catalogue is one of the two.
func Catalogue(lang string) *text.Catalogue { return catalogues[lang] }

// Enter logs in without a PIN and returns the id of the session.
func (p *Page) Enter() string { return p.sessions.begin(p.pins.stamp()) }
