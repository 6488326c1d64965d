package rtc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// chip is a model of the kernel's clock: seconds of UTC, flags, and an errno to
// answer with. It counts open files, to prove that none is kept.
type chip struct {
	t     *testing.T
	raw   unix.RTCTime
	flags uint32
	fail  map[uint]error
	fds   []int
}

func (c *chip) ioctl(fd int, request uint, arg unsafe.Pointer) error {
	c.fds = append(c.fds, fd)
	if err := c.fail[request]; err != nil {
		return err
	}
	switch request {
	case unix.RTC_RD_TIME:
		*(*unix.RTCTime)(arg) = c.raw
	case unix.RTC_SET_TIME:
		c.raw = *(*unix.RTCTime)(arg)
	case unix.RTC_VL_READ:
		*(*uint32)(arg) = c.flags
	default:
		return unix.ENOTTY
	}
	return nil
}

func fake(t *testing.T) (*RTC, *chip) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rtc0")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := &chip{t: t, fail: map[uint]error{}}
	return &RTC{path: path, ioctl: c.ioctl}, c
}

func TestTime(t *testing.T) {
	tests := []struct {
		name string
		raw  unix.RTCTime
		want string // "" is garbled
	}{
		{"a day of today", unix.RTCTime{Sec: 5, Min: 30, Hour: 11, Mday: 27, Mon: 10, Year: 126}, "2026-11-27T11:30:05Z"},
		{"leap day", unix.RTCTime{Mday: 29, Mon: 1, Year: 128}, "2028-02-29T00:00:00Z"},
		{"power-on default of many chips", unix.RTCTime{Mday: 1, Year: 100}, "2000-01-01T00:00:00Z"},
		{"the kernel's own zero", unix.RTCTime{Mday: 1, Year: 70}, "1970-01-01T00:00:00Z"},
		{"weekday is nobody's business", unix.RTCTime{Mday: 1, Mon: 0, Year: 127, Wday: 99, Yday: -7, Isdst: 3}, "2027-01-01T00:00:00Z"},
		{"31 February", unix.RTCTime{Mday: 31, Mon: 1, Year: 126}, ""},
		{"no day", unix.RTCTime{Mday: 0, Mon: 1, Year: 126}, ""},
		{"month 13", unix.RTCTime{Mday: 1, Mon: 12, Year: 126}, ""},
		{"second 60", unix.RTCTime{Sec: 60, Mday: 1, Year: 126}, ""},
		{"hour 24", unix.RTCTime{Hour: 24, Mday: 1, Year: 126}, ""},
		{"year before 1970", unix.RTCTime{Mday: 1, Year: 69}, ""},
		{"absurd", unix.RTCTime{Sec: -1 << 31, Min: 1<<31 - 1, Hour: -1, Mday: -5, Mon: -1, Year: 1<<31 - 1}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, c := fake(t)
			c.raw = tt.raw
			got, err := r.Time()
			if tt.want == "" {
				if !errors.Is(err, hal.ErrGarbled) {
					t.Fatalf("got %v, %v", got, err)
				}
				return
			}
			if err != nil || got.Format(time.RFC3339) != tt.want {
				t.Fatalf("got %v, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestSetTimeKeepsTheSecondInUTC(t *testing.T) {
	r, c := fake(t)
	shanghai := time.FixedZone("CST", 8*3600)
	set := time.Date(2026, 11, 27, 7, 30, 5, 999e6, shanghai)
	if err := r.SetTime(set); err != nil {
		t.Fatal(err)
	}
	got, err := r.Time()
	if want := time.Date(2026, 11, 26, 23, 30, 5, 0, time.UTC); err != nil || !got.Equal(want) {
		t.Fatalf("got %v, %v; want %v", got, err, want)
	}
	if c.raw.Wday != 4 || c.raw.Yday != 329 {
		t.Errorf("weekday %d, day of the year %d: want Thursday, 329", c.raw.Wday, c.raw.Yday)
	}
	for _, year := range []int{1999, 2100} {
		if err := r.SetTime(time.Date(year, 1, 1, 12, 0, 0, 0, time.UTC)); !errors.Is(err, hal.ErrRefused) {
			t.Errorf("year %d: %v", year, err)
		}
	}
	if got2, _ := r.Time(); !got2.Equal(got) {
		t.Errorf("a refused year was set: %v", got2)
	}
}

func TestBattery(t *testing.T) {
	tests := []struct {
		name       string
		flags      uint32
		fail       error
		empty, low bool
		err        error
	}{
		{"good", 0, nil, false, false, nil},
		{"time lost", 1, nil, true, false, nil},
		{"low", 2, nil, false, true, nil},
		{"no battery", 4, nil, true, false, nil},
		{"accuracy and switch-over say nothing of it", 8 | 16, nil, false, false, nil},
		{"all at once", 31, nil, true, true, nil},
		{"driver cannot tell", 0, unix.ENOTTY, false, false, hal.ErrRefused},
		{"old driver cannot tell", 0, unix.EINVAL, false, false, hal.ErrRefused},
		{"bus dead", 7, unix.EIO, false, false, hal.ErrSilent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, c := fake(t)
			c.flags, c.fail[unix.RTC_VL_READ] = tt.flags, tt.fail
			empty, low, err := r.Battery()
			if empty != tt.empty || low != tt.low || !errors.Is(err, tt.err) {
				t.Fatalf("got %v %v %v", empty, low, err)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		errno unix.Errno
		want  error
	}{
		{unix.ENODEV, hal.ErrGone}, {unix.ENXIO, hal.ErrGone}, {unix.ENOTTY, hal.ErrGone}, {unix.EINVAL, hal.ErrGarbled}, {unix.EIO, hal.ErrSilent},
		{unix.EREMOTEIO, hal.ErrSilent}, {unix.ETIMEDOUT, hal.ErrSilent}, {unix.EBUSY, hal.ErrRefused}, {unix.EACCES, hal.ErrRefused},
	}
	for _, tt := range tests {
		r, c := fake(t)
		c.fail[unix.RTC_RD_TIME], c.fail[unix.RTC_SET_TIME] = tt.errno, tt.errno
		if _, err := r.Time(); !errors.Is(err, tt.want) || !errors.Is(err, tt.errno) {
			t.Errorf("read, %v: got %v", tt.errno, err)
		}
		if err := r.SetTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, tt.want) {
			t.Errorf("set, %v: got %v", tt.errno, err)
		}
	}
	if _, err := New(filepath.Join(t.TempDir(), "none")).Time(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("no file: %v", err)
	}
	// A plain file is no clock, whatever it is called.
	plain := filepath.Join(t.TempDir(), "rtc0")
	if err := os.WriteFile(plain, []byte("12:00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(plain).Time(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("plain file: %v", err)
	}
}

func TestNothingStaysOpen(t *testing.T) {
	r, c := fake(t)
	c.raw = unix.RTCTime{Mday: 1, Year: 126}
	for range 3 {
		_, _ = r.Time()
	}
	c.fail[unix.RTC_RD_TIME] = unix.EIO
	_, _ = r.Time()
	for _, fd := range c.fds {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
			t.Errorf("descriptor %d is still open", fd)
		}
	}
}

func FuzzTime(f *testing.F) {
	f.Add(int32(5), int32(30), int32(11), int32(27), int32(10), int32(126))
	f.Add(int32(0), int32(0), int32(0), int32(1), int32(0), int32(70))
	f.Add(int32(-1), int32(99), int32(24), int32(31), int32(1), int32(-1900))
	f.Fuzz(func(t *testing.T, sec, mins, hour, day, mon, year int32) {
		tm := unix.RTCTime{Sec: sec, Min: mins, Hour: hour, Mday: day, Mon: mon, Year: year}
		got, ok := decode(&tm)
		if !ok {
			return
		}
		if back := encode(got); !back.sameMoment(&tm) {
			t.Fatalf("%+v reads as %v", tm, got)
		}
	})
}

// TestHeader asks the C compiler what linux/rtc.h of this machine says.
func TestHeader(t *testing.T) {
	if _, err := os.Stat("/usr/include/linux/rtc.h"); err != nil {
		missing(t, "no kernel header (Debian: linux-libc-dev)")
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		missing(t, "no C compiler (Debian: gcc)")
	}
	dir := t.TempDir()
	src, bin := filepath.Join(dir, "h.c"), filepath.Join(dir, "h")
	facts := []struct {
		c    string
		ours uint64
	}{
		{"RTC_RD_TIME", unix.RTC_RD_TIME}, {"RTC_SET_TIME", unix.RTC_SET_TIME}, {"RTC_VL_READ", unix.RTC_VL_READ},
		{"RTC_VL_DATA_INVALID", uint64(vlDataInvalid)}, {"RTC_VL_BACKUP_LOW", uint64(vlBackupLow)}, {"RTC_VL_BACKUP_EMPTY", uint64(vlBackupEmpty)},
		{"sizeof(struct rtc_time)", uint64(unsafe.Sizeof(unix.RTCTime{}))},
		{"offsetof(struct rtc_time, tm_mday)", uint64(unsafe.Offsetof(unix.RTCTime{}.Mday))},
		{"offsetof(struct rtc_time, tm_year)", uint64(unsafe.Offsetof(unix.RTCTime{}.Year))},
	}
	var s strings.Builder
	s.WriteString("#include <stdio.h>\n#include <stddef.h>\n#include <linux/rtc.h>\nint main(void) {\nint bad = 0;\n")
	for _, f := range facts {
		s.WriteString("if ((unsigned long long)(" + f.c + ") != " + strconv.FormatUint(f.ours, 10) + "ull) { bad = 1; puts(\"" + f.c + "\"); }\n")
	}
	s.WriteString("return bad;\n}\n")
	if err := os.WriteFile(src, []byte(s.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), cc, "-o", bin, src).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), bin).CombinedOutput(); err != nil {
		t.Errorf("%v: the header differs in:\n%s", err, out)
	}
}

// TestHwclock reads the clock of this machine beside hwclock, where both are.
func TestHwclock(t *testing.T) {
	hwclock, err := exec.LookPath("hwclock")
	if err != nil {
		t.Skip("no hwclock (Debian: util-linux-extra)")
	}
	ours, err := New("/dev/rtc0").Time()
	if err != nil {
		t.Skipf("no clock to read: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), hwclock, "--utc", "--get", "--rtc", "/dev/rtc0").Output()
	if err != nil {
		t.Skipf("hwclock: %v", err)
	}
	theirs, err := time.Parse("2006-01-02 15:04:05.999999-07:00", strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	if d := theirs.Sub(ours); d < -time.Second || d > 3*time.Second {
		t.Errorf("hwclock %v, ours %v", theirs, ours)
	}
}

// missing skips at home and fails where everything must be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
