package display

import "time"

const (
	newsMost   = 4                // questions that come of news at once; in the long run one each Opts.Poll
	newsDetail = 10 * time.Second // how old details must be to be asked anew because of news
)

// News tells that something may have changed, so that the display is asked now and
// not at its next turn: for its state, its input and its troubles. It is a reason
// to ask and never an answer, because anybody may have sent it; and it is no
// reason to ask more often than now and then, however much of it comes. It returns
// at once; any goroutine may call it.
func (k *Keeper) News() {
	select {
	case k.news <- struct{}{}:
	default:
	}
}

// heed takes in that there is news and says how long it must wait.
func (k *Keeper) heed(now time.Time) time.Duration {
	k.fresh = true
	return k.heeded.Add(-(newsMost - 1) * k.opts.Poll).Sub(now)
}

// freshen makes everything due that news may be about.
func (k *Keeper) freshen(now time.Time) {
	if !k.fresh {
		return
	}
	k.fresh = false
	if k.heeded.Before(now) {
		k.heeded = now
	}
	k.heeded = k.heeded.Add(k.opts.Poll)
	k.input.looked = time.Time{}
	if !within(k.detailed, now, newsDetail) {
		k.detailed = time.Time{}
	}
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
