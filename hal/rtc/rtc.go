// Package rtc speaks to the battery-backed clock of the board through the
// kernel: it reads it, sets it, and asks how its battery is.
//
// The device file is opened for each call and closed again, because the kernel
// lets one program have it at a time and hwclock must be able to come between.
// A call is bounded by the kernel's own I²C timeouts (a second or so at worst),
// so it belongs in a goroutine that may wait.
//
// The clock counts whole seconds of UTC; a reading is the second that has begun,
// up to one second before the truth. Nothing here decides whether the time is
// right: a chip whose battery is dead often answers, with nonsense.
//
// The kernel's interface is linux/rtc.h and Documentation/admin-guide/rtc.rst;
// a test compares the numbers with the header of this machine. That drivers
// refuse to read a clock whose oscillator has stopped (EINVAL, for instance
// ds1307 and pcf8523) is read off their sources and was not tried on a chip.
package rtc

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/ioctl"
)

// The words of RTC_VL_READ, linux/rtc.h.
const (
	vlDataInvalid uint32 = 1 << 0 // voltage was too low, the time is lost
	vlBackupLow   uint32 = 1 << 1
	vlBackupEmpty uint32 = 1 << 2 // or no battery at all
)

// The years that common chips can keep: two digits, from 2000.
const (
	firstYear = 2000
	lastYear  = 2099
)

// ioctlFunc is the way into the kernel; tests put a model of the kernel here.
type ioctlFunc func(fd int, request uint, arg unsafe.Pointer) error

// RTC is one hardware clock. It holds nothing open and may be shared.
type RTC struct {
	path  string
	ioctl ioctlFunc
}

// New returns the clock behind a device file such as "/dev/rtc0". It touches
// nothing: whether the clock is there shows at the first call.
func New(path string) *RTC { return &RTC{path: path, ioctl: ioctl.Do[uint]} }

// Time reads the clock, in UTC and whole seconds. Errors: hal.ErrGone without a
// clock, hal.ErrRefused when another program has it or the user may not,
// hal.ErrGarbled when the driver says that the time is invalid, because the
// oscillator had stopped, or the reading is no date.
func (r *RTC) Time() (time.Time, error) {
	var tm unix.RTCTime
	if err := r.call(unix.RTC_RD_TIME, unsafe.Pointer(&tm)); err != nil {
		return time.Time{}, fmt.Errorf("rtc %s: read: %w", r.path, explain(err))
	}
	t, ok := decode(&tm)
	if !ok {
		return time.Time{}, fmt.Errorf("rtc %s: read: %d-%d-%d %d:%d:%d: %w", r.path,
			tm.Year, tm.Mon, tm.Mday, tm.Hour, tm.Min, tm.Sec, hal.ErrGarbled)
	}
	return t, nil
}

// SetTime sets the clock to the second of t, which begins now: call it when a
// second begins. It needs CAP_SYS_TIME. Setting also clears what the chip
// remembers of a stopped oscillator. A year outside 2000..2099 is
// hal.ErrRefused; otherwise as Time.
func (r *RTC) SetTime(t time.Time) error {
	t = t.UTC()
	if t.Year() < firstYear || t.Year() > lastYear {
		return fmt.Errorf("rtc %s: set: year %d: %w", r.path, t.Year(), hal.ErrRefused)
	}
	tm := encode(t)
	if err := r.call(unix.RTC_SET_TIME, unsafe.Pointer(&tm)); err != nil {
		return fmt.Errorf("rtc %s: set: %w", r.path, explain(err))
	}
	return nil
}

// Battery asks the chip what its supply has done: empty means that the time was
// lost or the battery is empty or absent, low that it should be replaced soon.
// Many chips and drivers cannot tell; that is hal.ErrRefused, not good news.
func (r *RTC) Battery() (empty, low bool, err error) {
	var flags uint32
	if err := r.call(unix.RTC_VL_READ, unsafe.Pointer(&flags)); err != nil {
		if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
			return false, false, fmt.Errorf("rtc %s: battery: %w: %w", r.path, err, hal.ErrRefused)
		}
		return false, false, fmt.Errorf("rtc %s: battery: %w", r.path, explain(err))
	}
	return flags&(vlDataInvalid|vlBackupEmpty) != 0, flags&vlBackupLow != 0, nil
}

func (r *RTC) call(request uint, arg unsafe.Pointer) error {
	fd, err := unix.Open(r.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errors.Join(r.ioctl(fd, request, arg), unix.Close(fd))
}

// explain turns an errno into the words of hal.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENOTTY):
		return fmt.Errorf("%w: %w", err, hal.ErrGone)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: the time of the chip is invalid: %w", err, hal.ErrGarbled)
	case errors.Is(err, unix.EIO), errors.Is(err, unix.ETIMEDOUT), errors.Is(err, unix.EREMOTEIO):
		return fmt.Errorf("%w: %w", err, hal.ErrSilent)
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", err, hal.ErrRefused)
	}
	return err
}

// decode takes a reading apart; ok is false when it is no date. time.Date would
// turn the 31st of February into a day of March.
func decode(tm *unix.RTCTime) (time.Time, bool) {
	year := int(tm.Year) + 1900
	if year < 1970 || year > 2199 || tm.Mon < 0 || tm.Mon > 11 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(tm.Mon+1), int(tm.Mday), int(tm.Hour), int(tm.Min), int(tm.Sec), 0, time.UTC)
	return t, encode(t).sameMoment(tm)
}

// moment is an rtc_time whose weekday and day of the year nobody looks at.
type moment struct{ unix.RTCTime }

func (m moment) sameMoment(tm *unix.RTCTime) bool {
	return m.Year == tm.Year && m.Mon == tm.Mon && m.Mday == tm.Mday && m.Hour == tm.Hour && m.Min == tm.Min && m.Sec == tm.Sec
}

func encode(t time.Time) moment {
	return moment{unix.RTCTime{
		Sec: int32(t.Second()), Min: int32(t.Minute()), Hour: int32(t.Hour()),
		Mday: int32(t.Day()), Mon: int32(t.Month()) - 1, Year: int32(t.Year()) - 1900,
		Wday: int32(t.Weekday()), Yday: int32(t.YearDay()) - 1,
	}}
}
