package schedule

import (
	"fmt"

	"stationbox/firmware/text"
)

// maxFindings bounds every list of findings.
const maxFindings = 200

// Finding is something wrong with the calendar, told to people.
type Finding struct {
	Entry   string // ID of the row, or UID of an event; "" for none
	File    string // the file it was found in; "" for the rows of the configuration
	Line    int    // in File; 0 for none
	Key     string // of the text catalogue
	Args    []any  // pairs of a name and a value
	Warning bool   // a remark, not a mistake
}

// In returns the finding in the language of c, with its place before it:
// "lessons.ics:12: abc@example: …".
func (f Finding) In(c *text.Catalogue) string {
	out := c.Say(f.Key, f.Args...)
	if f.Warning {
		out = c.Say("config.warning") + ": " + out
	}
	if f.Entry != "" {
		out = f.Entry + ": " + out
	}
	if f.File == "" {
		return out
	}
	if f.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, out)
	}
	return f.File + ": " + out
}
