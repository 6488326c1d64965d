package village

import "time"

// labelClock maps the times written in a script to real ones. The schedule of
// a station knows whole seconds, so label seconds begin with real ones.
type labelClock struct {
	start time.Duration // on the label
	base  time.Time     // when that is
}

// startClock lets the label clock begin at the first moment from now on at
// which its seconds and the real ones agree.
func startClock(now time.Time, start time.Duration) labelClock {
	base := now.Truncate(time.Second).Add(start % time.Second)
	for base.Before(now) {
		base = base.Add(time.Second)
	}
	return labelClock{start: start, base: base}
}

// real is when label is.
func (c labelClock) real(label time.Duration) time.Time { return c.base.Add(label - c.start) }

// label is what the clock shows at t, which is before the start for times
// before it.
func (c labelClock) label(t time.Time) time.Duration { return c.start + t.Sub(c.base) }
