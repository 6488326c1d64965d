package card_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/card"
)

const mountinfo = `22 1 179:2 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 179:3 / /var/lib/stationbox rw,noatime shared:2 - ext4 /dev/mmcblk0p3 rw,commit=60
31 22 0:25 / /run rw,nosuid - tmpfs tmpfs rw
`

// box is the /proc and /sys of a Pi with its state on the third partition.
func box() fstest.MapFS {
	return fstest.MapFS{
		"proc/self/mountinfo":                {Data: []byte(mountinfo)},
		"sys/dev/block/179:3/uevent":         {Data: []byte("MAJOR=179\nMINOR=3\nDEVNAME=mmcblk0p3\nDEVTYPE=partition\n")},
		"sys/dev/block/179:3/partition":      {Data: []byte("3\n")},
		"sys/fs/ext4/mmcblk0p3/errors_count": {Data: []byte("0\n")},
		"sys/block/mmcblk0/stat":             stat(1000, 10),
	}
}

func stat(sectors, flushes int) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, "  10 0 80 5 20 7 %d 30 0 40 50 0 0 0 0 %d 9\n", sectors, flushes)}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func watch(t *testing.T, sys fstest.MapFS) *card.Watch {
	t.Helper()
	w, err := card.New("/var/lib/stationbox/journal", noon, card.Opts{System: sys})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// on lists the faults that are on.
func on(faults []firmware.Fault) string {
	text := ""
	for _, f := range faults {
		if f.On {
			text += f.Code + " "
		}
	}
	return text
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		change func(fstest.MapFS)
		writes card.Writes
		later  time.Duration
		want   string
	}{
		{name: "sound", change: func(fstest.MapFS) {}},
		{name: "file system counts errors", change: func(s fstest.MapFS) {
			s["sys/fs/ext4/mmcblk0p3/errors_count"] = &fstest.MapFile{Data: []byte("3\n")}
		}, want: "fault.card.errors "},
		{name: "remounted read-only", change: func(s fstest.MapFS) {
			s["proc/self/mountinfo"] = &fstest.MapFile{Data: []byte("30 22 179:3 / /var/lib/stationbox rw,noatime - ext4 /dev/mmcblk0p3 ro,commit=60\n")}
		}, want: "fault.card.readonly "},
		{name: "mounted read-only", change: func(s fstest.MapFS) {
			s["proc/self/mountinfo"] = &fstest.MapFile{Data: []byte("30 22 179:3 / /var/lib/stationbox ro,noatime - ext4 /dev/mmcblk0p3 rw\n")}
		}, want: "fault.card.readonly "},
		{name: "write failed", change: func(fstest.MapFS) {}, writes: card.Writes{Failures: 1, LastError: "input/output error"}, want: "fault.card.fails "},
		{name: "write failed two hours ago", change: func(fstest.MapFS) {}, writes: card.Writes{Failures: 1}, later: 2 * time.Hour},
		{name: "slow", change: func(fstest.MapFS) {}, writes: card.Writes{Slow: 2, WorstMS: 4000}, want: "fault.card.slow "},
		{name: "worn by its own word", change: func(s fstest.MapFS) {
			s["sys/block/mmcblk0/device/life_time"] = &fstest.MapFile{Data: []byte("0x02 0x0a\n")}
		}, want: "fault.card.worn "},
		{name: "the kernel says nothing", change: func(s fstest.MapFS) {
			delete(s, "sys/block/mmcblk0/stat")
			delete(s, "sys/fs/ext4/mmcblk0p3/errors_count")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sys := box()
			w := watch(t, sys)
			if got := on(w.Look(noon, card.Writes{})); got != "" {
				t.Errorf("at first %s", got)
			}
			tt.change(sys)
			got := on(w.Look(noon.Add(time.Minute), tt.writes))
			if tt.later > 0 {
				got = on(w.Look(noon.Add(tt.later), tt.writes))
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Days add up over restarts of program and kernel, whose counters begin again.
func TestDaysAndLife(t *testing.T) {
	sys := box()
	w := watch(t, sys)
	w.Look(noon, card.Writes{})
	sys["sys/block/mmcblk0/stat"] = stat(1000+2_000_000, 110)
	d, ok := w.EndDay(noon.Add(24*time.Hour), card.Writes{Commits: 50, Bytes: 50 * 4096})
	if !ok || d.Bytes != 1_024_000_000 || d.Flushes != 100 || d.Commits != 50 || d.TotalBytes != d.Bytes {
		t.Fatalf("%+v", d)
	}
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	sys["sys/block/mmcblk0/stat"] = stat(7, 1)
	w, err = card.New("/var/lib/stationbox/journal", noon.Add(25*time.Hour), card.Opts{System: sys})
	if err != nil {
		t.Fatal(err)
	}
	w.Feed(firmware.Record{Kind: card.KindDay, Data: data})
	w.Feed(firmware.Record{Kind: "press", Data: data})
	w.Look(noon.Add(25*time.Hour), card.Writes{})
	sys["sys/block/mmcblk0/stat"] = stat(7+2_000_000, 1)
	w.Look(noon.Add(48*time.Hour), card.Writes{Commits: 2, Bytes: 8192})
	l := w.Life(noon.Add(48 * time.Hour))
	if l.TotalBytes != 2_048_000_000 || l.BytesPerDay != 1_024_000_000 || l.DaysLeft < 2800 || l.DaysLeft > 2832 || l.BytesPerPress != 4096 || l.Told {
		t.Errorf("%+v", l)
	}
}

func TestNoSuchFolder(t *testing.T) {
	if _, err := card.New("/x", noon, card.Opts{System: fstest.MapFS{"proc/self/mountinfo": {Data: nil}}}); err == nil {
		t.Error("a folder nowhere is taken")
	}
	if _, err := card.New("/x", noon, card.Opts{System: fstest.MapFS{}}); err == nil {
		t.Error("a system without /proc is taken")
	}
}

// The real kernel is understood.
func TestThisMachine(t *testing.T) {
	dir := t.TempDir()
	w, err := card.New(dir, noon, card.Opts{System: os.DirFS("/")})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Look(noon, card.Writes{}); len(got) != 5 {
		t.Errorf("%+v", got)
	}
}
