// Package card watches the memory card: the errors that its file system counts, a
// file system that went read-only, writes that fail or take long, and how much is
// written to it, a day and ever, with an estimate of when it will be worn out. It
// reads what the kernel tells; it writes nothing and decides nothing.
package card

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
)

// KindDay is the kind of the record that Day makes.
const KindDay = "card"

// Opts are the settings of a watch.
type Opts struct {
	// Endurance is how many bytes the maker says can be written to the card; 0 is
	// 29 TB, a High-Endurance card of 32 GB (117 TB at 128 GB, by the data sheets).
	Endurance int64
	// Inside is how much more than it is told a card writes inside for small synced
	// writes; 0 is 10, which is a guess. Where the card says itself how worn it is
	// (eMMC), that is believed instead.
	Inside float64

	System fs.FS // the root of the file system, for /proc and /sys; required
}

// Writes is what the journal counts since it was opened.
type Writes struct {
	Records, Commits, Bytes, Failures, Slow uint64
	WorstMS                                 int64
	LastError                               string
}

// Watch watches one card. It belongs to one goroutine.
type Watch struct {
	o      Opts
	device string // of the folder, below /sys/dev/block: "179:2"
	dir    string

	base    int64 // bytes ever written, before this boot of the kernel
	first   int64 // the counter of the kernel when first read
	since   time.Time
	day     time.Time // when the running day began
	start   counters
	seen    counters
	errors  int64 // of ext4, when first read
	before  Writes
	bad     time.Time // when a write last failed
	slow    time.Time
	settled bool
}

// counters of the kernel.
type counters struct {
	bytes, flushes int64
	w              Writes
}

// New returns a watch of the card on which the folder dir lies. Errors: the kernel
// does not say which device that is.
func New(dir string, now time.Time, o Opts) (*Watch, error) {
	if o.Endurance <= 0 {
		o.Endurance = 29e12
	}
	if o.Inside <= 0 {
		o.Inside = 10
	}
	m, err := mountOf(o.System, dir)
	if err != nil {
		return nil, err
	}
	return &Watch{o: o, dir: dir, device: m.device, since: now, day: now}, nil
}

// mount is a line of /proc/self/mountinfo.
type mount struct {
	device, point string
	readOnly      bool
}

// mountOf finds the mount with the longest path that holds dir; the newest counts.
func mountOf(system fs.FS, dir string) (mount, error) {
	text, err := fs.ReadFile(system, "proc/self/mountinfo")
	if err != nil {
		return mount{}, fmt.Errorf("card: %w", err)
	}
	var best mount
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 6 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(f[4])
		inside := dir == point || strings.HasPrefix(dir, strings.TrimSuffix(point, "/")+"/")
		if inside && len(point) >= len(best.point) {
			best = mount{f[2], point, strings.HasPrefix(f[5]+",", "ro,") || readOnly(f)}
		}
	}
	if best.point == "" {
		return mount{}, fmt.Errorf("card: no file system holds %s", dir)
	}
	return best, nil
}

// readOnly says that the whole file system, not just this mount, is read-only: the
// last field, after the dash.
func readOnly(f []string) bool {
	super := f[len(f)-1]
	return super == "ro" || strings.HasPrefix(super, "ro,")
}

// Feed takes a record of the journal, at boot the old ones: how much was written
// before.
func (w *Watch) Feed(r firmware.Record) {
	var d Day
	if r.Kind == KindDay && json.Unmarshal(r.Data, &d) == nil && d.TotalBytes >= w.base {
		w.base = d.TotalBytes
		if !d.Since.IsZero() {
			w.since = d.Since
		}
	}
}

// Look reads the counters and returns the faults of a card, each on or off. A
// write that failed or was slow stands for an hour.
func (w *Watch) Look(now time.Time, j Writes) []firmware.Fault {
	w.count(now, j)
	if j.Failures > w.before.Failures {
		w.bad = now
	}
	if j.Slow > w.before.Slow {
		w.slow = now
	}
	w.before = j
	recent := func(t time.Time) bool { return !t.IsZero() && now.Sub(t) < time.Hour }
	m, err := mountOf(w.o.System, w.dir)
	life := w.Life(now)
	return []firmware.Fault{
		fault("fault.card.errors", w.errors > 0, "count", fmt.Sprint(w.errors)),
		fault("fault.card.readonly", err == nil && m.readOnly, "folder", w.dir),
		fault("fault.card.fails", recent(w.bad), "count", fmt.Sprint(j.Failures), "cause", j.LastError),
		fault("fault.card.slow", recent(w.slow), "count", fmt.Sprint(j.Slow), "ms", fmt.Sprint(j.WorstMS)),
		fault("fault.card.worn", life.UsedPercent >= 80, "percent", fmt.Sprint(life.UsedPercent)),
	}
}

func fault(code string, on bool, args ...string) firmware.Fault {
	f := firmware.Fault{Code: code, On: on, Args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		f.Args[args[i]] = args[i+1]
	}
	return f
}

// count reads what the kernel counts. Without counters nothing is known, and
// nothing changes.
func (w *Watch) count(now time.Time, j Writes) {
	if n, err := w.number("fs/ext4/" + w.name() + "/errors_count"); err == nil {
		w.errors = n
	}
	bytes, flushes, err := w.stat()
	if err != nil {
		return
	}
	w.seen = counters{bytes, flushes, j}
	if !w.settled {
		w.first, w.start, w.day, w.settled = bytes, w.seen, now, true
	}
}

// name is that of the device, for instance mmcblk0p2.
func (w *Watch) name() string {
	text, err := fs.ReadFile(w.o.System, "sys/dev/block/"+w.device+"/uevent")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVNAME="); ok {
			return name
		}
	}
	return ""
}

// whole is the folder of the whole card: a partition lies in that of its disk.
func (w *Watch) whole() string {
	name := w.name()
	if _, err := fs.Stat(w.o.System, "sys/dev/block/"+w.device+"/partition"); err != nil {
		return "block/" + name
	}
	disk := strings.TrimRight(name, "0123456789")
	if p, ok := strings.CutSuffix(disk, "p"); ok && p != "" && p[len(p)-1] >= '0' && p[len(p)-1] <= '9' {
		disk = p
	}
	return "block/" + disk
}

// stat returns the bytes written and the flushes of the whole card since the
// kernel started: Documentation/admin-guide/iostats.rst, fields 7 and 16.
func (w *Watch) stat() (bytes, flushes int64, err error) {
	text, err := fs.ReadFile(w.o.System, "sys/"+w.whole()+"/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("card: %w", err)
	}
	f := strings.Fields(string(text))
	if len(f) < 7 {
		return 0, 0, errors.New("card: the kernel counts nothing")
	}
	sectors, err := strconv.ParseInt(f[6], 10, 64)
	if err == nil && len(f) > 15 {
		flushes, err = strconv.ParseInt(f[15], 10, 64)
	}
	return sectors * 512, flushes, err
}

func (w *Watch) number(path string) (int64, error) {
	text, err := fs.ReadFile(w.o.System, "sys/"+path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 0, 64)
}
