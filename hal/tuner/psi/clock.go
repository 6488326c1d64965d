package psi

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Time is what a broadcaster says of the time. It may say it from a badly set
// clock of its own, and some say local time where UTC belongs: whoever uses it
// must compare it with something.
type Time struct {
	UTC     time.Time // whole seconds; a date of 16 bits ends on 2038-04-22
	Offsets []Offset  // of a TOT; a TDT has none
}

// Offset is the local time of one country.
type Offset struct {
	Country string        // ISO 3166, three letters, "CHN"
	Region  int           // time zone of a country with several, 0 without
	East    time.Duration // local time minus UTC
	Change  time.Time     // when Next begins to hold, UTC
	Next    time.Duration
}

// ParseTime reads a TDT or a TOT.
func ParseTime(s Section) (Time, error) {
	if s.Long || s.Table != TableTDT && s.Table != TableTOT || len(s.Body) < 5 {
		return Time{}, garbled("time: table %02x with %d bytes", s.Table, len(s.Body))
	}
	utc, err := dateTime(s.Body)
	if err != nil {
		return Time{}, fmt.Errorf("time: %w", err)
	}
	t := Time{UTC: utc}
	if s.Table == TableTDT {
		return t, nil
	}
	inside, _, err := block(s.Body[5:])
	if err != nil {
		return Time{}, fmt.Errorf("time: %w", err)
	}
	err = descriptors(inside, func(tag byte, d []byte) error {
		if tag != tagTimeOffset {
			return nil
		}
		return t.offsets(d)
	})
	if err != nil {
		return Time{}, fmt.Errorf("time: %w", err)
	}
	return t, nil
}

// offsetSize is the length of one country in a local_time_offset_descriptor.
const offsetSize = 13

func (t *Time) offsets(d []byte) error {
	if len(d)%offsetSize != 0 {
		return garbled("offset descriptor of %d bytes", len(d))
	}
	for ; len(d) > 0; d = d[offsetSize:] {
		o := Offset{Country: country(d), Region: int(d[3] >> 2)}
		var err error
		if o.East, err = hoursMinutes(d[4:6]); err != nil {
			return err
		}
		if o.Change, err = dateTime(d[6:11]); err != nil {
			return err
		}
		if o.Next, err = hoursMinutes(d[11:13]); err != nil {
			return err
		}
		if d[3]&1 != 0 {
			o.East, o.Next = -o.East, -o.Next
		}
		t.Offsets = append(t.Offsets, o)
	}
	return nil
}

// country keeps the three characters when they are letters or digits.
func country(d []byte) string {
	for _, x := range d[:3] {
		if x < '0' || x > 'z' {
			return ""
		}
	}
	return string(d[:3])
}

// dateTime reads five bytes: the modified Julian date and six digits of time.
func dateTime(b []byte) (time.Time, error) {
	const unixEpoch = 40587 // MJD of 1970-01-01
	h, m, s, err := clockDigits(b[2:5])
	if err != nil {
		return time.Time{}, err
	}
	days := int64(binary.BigEndian.Uint16(b)) - unixEpoch
	return time.Unix(days*86400+int64(h*3600+m*60+s), 0).UTC(), nil
}

func hoursMinutes(b []byte) (time.Duration, error) {
	h, m, _, err := clockDigits([]byte{b[0], b[1], 0})
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, err
}

func clockDigits(b []byte) (h, m, s int, err error) {
	v, err := bcd(b[:3])
	if err != nil {
		return 0, 0, 0, err
	}
	h, m, s = v/10000, v/100%100, v%100
	if h > 23 || m > 59 || s > 59 {
		return 0, 0, 0, garbled("clock %06d", v)
	}
	return h, m, s, nil
}
