package card

import (
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Day is the data of a KindDay record: what was written from From until To.
type Day struct {
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Bytes      int64     `json:"bytes"`   // to the whole card, by everybody
	Flushes    int64     `json:"flushes"` // of the whole card
	Commits    int64     `json:"commits"` // of the journal
	Journal    int64     `json:"journal"` // bytes of the journal
	TotalBytes int64     `json:"total_bytes"`
	Since      time.Time `json:"since"` // TotalBytes are counted
}

// EndDay returns what was written since the last call and begins the next day: at
// midnight, and when the program ends. Without counters ok is false.
func (w *Watch) EndDay(now time.Time, j Writes) (d Day, ok bool) {
	w.count(now, j)
	if !w.settled {
		return Day{}, false
	}
	d = Day{
		From: w.day, To: now, Bytes: w.seen.bytes - w.start.bytes, Flushes: w.seen.flushes - w.start.flushes,
		Commits: int64(j.Commits - w.start.w.Commits), Journal: int64(j.Bytes - w.start.w.Bytes),
		TotalBytes: w.total(), Since: w.since,
	}
	w.start, w.day = w.seen, now
	return d, true
}

func (w *Watch) total() int64 { return w.base + w.seen.bytes - w.first }

// Life is how much of a card is used up.
type Life struct {
	TotalBytes    int64     `json:"total_bytes"`
	Since         time.Time `json:"since"`
	BytesPerDay   int64     `json:"bytes_per_day"`
	BytesPerPress int64     `json:"bytes_per_press"` // of the journal: for each commit since the start
	UsedPercent   int       `json:"used_percent"`    // of what the card bears
	DaysLeft      int       `json:"days_left"`       // -1: not known, more than a century
	Told          bool      `json:"told"`            // by the card itself
}

// longest is how far ahead an estimate is worth anything.
const longest = 36500

// Life estimates from what was counted, and from what the card says of itself
// where it does (JESD84-B51, device life time estimation: tenths).
func (w *Watch) Life(now time.Time) Life {
	l := Life{TotalBytes: w.total(), Since: w.since, DaysLeft: -1}
	if j := w.seen.w; j.Commits > 0 {
		l.BytesPerPress = int64(j.Bytes / j.Commits)
	}
	days := now.Sub(w.since).Hours() / 24
	used := float64(l.TotalBytes) * w.o.Inside / float64(w.o.Endurance)
	if tenths := w.told(); tenths > 0 {
		used, l.Told = max(0, float64(tenths-1)/10), true
	}
	l.UsedPercent = int(used * 100)
	if days < 1 { // a first hour says nothing of a year
		return l
	}
	l.BytesPerDay = int64(float64(l.TotalBytes) / days)
	if l.BytesPerDay > 0 {
		left := (1 - used) * float64(w.o.Endurance) / w.o.Inside / float64(l.BytesPerDay)
		if left < longest {
			l.DaysLeft = int(max(0, left))
		}
	}
	return l
}

// told is the larger of the two life time estimates of an eMMC: 1 is up to 10 %
// used, 11 is beyond its life. 0: it says nothing.
func (w *Watch) told() int64 {
	text, err := fs.ReadFile(w.o.System, "sys/"+w.whole()+"/device/life_time")
	if err != nil {
		return 0
	}
	most := int64(0)
	for _, f := range strings.Fields(string(text)) {
		if n, err := strconv.ParseInt(f, 0, 64); err == nil && n <= 11 {
			most = max(most, n)
		}
	}
	return most
}
