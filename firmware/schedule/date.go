package schedule

import (
	"fmt"
	"time"

	"stationbox/hal"
)

// Date is a day of the calendar, without a zone: the number of days since
// 1970-01-01. The zero Date is no date.
type Date int

// DateOf returns the date that t has in its own zone.
func DateOf(t time.Time) Date { return NewDate(t.Date()) }

// NewDate returns the date of a year, month and day. What is out of range is
// carried over, as time.Date does.
func NewDate(year int, month time.Month, day int) Date {
	return Date(floorDiv(int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()), 86400))
}

// ParseDate reads "2026-12-01". The error wraps hal.ErrGarbled.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1971 {
		return 0, fmt.Errorf("date %q: %w", s, hal.ErrGarbled)
	}
	return DateOf(t), nil
}

// Civil returns the year, month and day of d.
func (d Date) Civil() (year int, month time.Month, day int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

// Weekday returns the day of the week of d.
func (d Date) Weekday() time.Weekday {
	const thursday = 4 // 1970-01-01
	return time.Weekday(int(d) + thursday - 7*floorDiv(int(d)+thursday, 7))
}

// String returns "2026-12-01", and "" for no date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	y, m, day := d.Civil()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
}

// MarshalText returns what String returns.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	var err error
	*d, err = ParseDate(string(b))
	return err
}

// week counts weeks from Monday to Sunday.
func (d Date) week() int { return floorDiv(int(d)+3, 7) }

// month counts months.
func (d Date) month() int {
	y, m, _ := d.Civil()
	return y*12 + int(m) - 1
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
