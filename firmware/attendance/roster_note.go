package attendance

import (
	"stationbox/firmware/text"
)

// Note is something about a member list that is told to people: why a file cannot be
// taken, or what to look at. As an error it speaks English.
type Note struct {
	Key  string // of the text catalogue
	Args []any
}

func note(key string, args ...any) *Note { return &Note{Key: key, Args: args} }

// In returns the sentence in the language of c.
func (n *Note) In(c *text.Catalogue) string { return c.Say(n.Key, n.Args...) }

// Error returns the sentence in English.
func (n *Note) Error() string { return n.In(text.New("en")) }

// BadRow is a row of the file that could not be taken.
type BadRow struct {
	Row    int    // line of the file or row of the sheet, 1 is the first
	Column string // as the file calls it, or a text key; "" is the whole row
	Reason string // text key; what to do is in the key with ".hint"
	Args   []any
}

// In returns the place, the reason and what to do in the language of c.
func (b BadRow) In(c *text.Catalogue) string {
	why := c.Say(b.Reason, b.Args...)
	if c.Has(b.Reason + ".hint") {
		why = c.Say("roster.hinted", "why", why, "hint", c.Say(b.Reason+".hint", b.Args...))
	}
	if b.Column == "" {
		return c.Say("roster.row", "row", b.Row, "why", why)
	}
	return c.Say("roster.cell", "row", b.Row, "column", c.Name(b.Column), "why", why)
}

// String returns the same in English.
func (b BadRow) String() string { return b.In(text.New("en")) }
