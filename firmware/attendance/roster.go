package attendance

import (
	"fmt"
	"io"
	"os"
	"sort"

	"stationbox/firmware"
)

// The bounds of a member list.
const (
	maxRoster = 4 << 20 // bytes of a file: 10,000 members need less than 1 MiB
	maxNumber = 9999    // the largest number of a member, and so how many there may be
	maxName   = 40      // runes
	maxBranch = 64      // runes
	maxHouse  = 32      // runes
	maxCard   = 20      // characters
)

// Roster is the list of members. It never changes and may be shared. A nil
// Roster is empty.
type Roster struct {
	members []firmware.Member
	byNum   map[int]int
	byCard  map[string]int
}

// newRoster takes over members, whose numbers and cards are different.
func newRoster(members []firmware.Member) *Roster {
	sort.Slice(members, func(i, j int) bool { return members[i].Number < members[j].Number })
	r := &Roster{members: members, byNum: make(map[int]int, len(members)), byCard: map[string]int{}}
	for i, m := range members {
		r.byNum[m.Number] = i
		if m.Card != "" {
			r.byCard[m.Card] = i
		}
	}
	return r
}

// Members returns the members by number.
func (r *Roster) Members() []firmware.Member {
	if r == nil {
		return nil
	}
	return append([]firmware.Member(nil), r.members...)
}

// Find returns the member with number.
func (r *Roster) Find(number int) (firmware.Member, bool) {
	if r == nil {
		return firmware.Member{}, false
	}
	i, ok := r.byNum[number]
	if !ok {
		return firmware.Member{}, false
	}
	return r.members[i], true
}

// FindCard returns the member who has that card.
func (r *Roster) FindCard(card string) (firmware.Member, bool) {
	card = firmware.CardNumber(card)
	if r == nil || card == "" {
		return firmware.Member{}, false
	}
	i, ok := r.byCard[card]
	if !ok {
		return firmware.Member{}, false
	}
	return r.members[i], true
}

// Len returns how many members there are.
func (r *Roster) Len() int {
	if r == nil {
		return 0
	}
	return len(r.members)
}

// LoadRoster reads the file at path: see ParseRoster.
func LoadRoster(path string) (*Roster, []BadRow, error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("roster: %w", err)
	}
	r, bad, err := ParseRoster(data)
	if err != nil {
		return nil, nil, fmt.Errorf("roster %s: %w", path, err)
	}
	return r, bad, nil
}

// ReadFile reads the file of a member list, of at most 4 MiB. One that is longer is
// a Note.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, note("roster.not_regular") // a pipe would be waited for
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxRoster+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRoster {
		return nil, note("roster.too_large", "most", maxRoster>>20)
	}
	return data, nil
}

// ParseRoster reads the station's own list, in any form that ReadList takes, for who
// can live with half of it: bad rows are left out and reported. A file of no bytes is
// an empty roster.
func ParseRoster(data []byte) (*Roster, []BadRow, error) {
	if len(data) == 0 {
		return newRoster(nil), nil, nil
	}
	l, err := readList(data, "", true)
	if err != nil {
		return nil, nil, err
	}
	return l.roster(), l.Bad, nil
}
