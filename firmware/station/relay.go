package station

import (
	"context"
	"errors"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/text"
)

// relayNote is the data of a KindRelayTest record: one line a load.
type relayNote struct {
	Load string `json:"load"`
	On   bool   `json:"on"`  // went on when told
	Off  bool   `json:"off"` // went off when told
	Held string `json:"held,omitempty"`
}

// The reasons for which there is no relay test; keys of the text catalogue.
const (
	relayBusy      = "cmd.relay.busy"
	relayNoGuard   = "cmd.relay.no_guard"
	relayNotClosed = "cmd.relay.not_closed"
)

// relayTest switches each load on and off by wishes to the guard, which keeps
// its rules: nothing is forced. It refuses during a lesson and without a closed
// contactor. One test runs at a time; it takes some seconds a load.
func (st *Station) relayTest(ctx context.Context, words *text.Catalogue) ([]relayNote, error) {
	if !st.relayBusy.TryLock() {
		return nil, errors.New(words.Say(relayBusy))
	}
	defer st.relayBusy.Unlock()
	defer st.showing.wantLoad(nil)
	if st.showing.busy() {
		return nil, errors.New(words.Say(relayBusy))
	}
	g, ok := st.guard.Status().Fresh(st.tick(), guardAge)
	if !ok {
		return nil, errors.New(words.Say(relayNoGuard))
	}
	var notes []relayNote
	for _, l := range g.Loads {
		n := relayNote{Load: l.Name}
		st.showing.wantLoad(map[string]bool{l.Name: true})
		n.On = st.await(ctx, 15*time.Second, l.Name, true)
		if !n.On && len(notes) == 0 {
			if g, ok := st.guard.Status().Fresh(st.tick(), guardAge); !ok || !g.Contactor {
				return nil, errors.New(words.Say(relayNotClosed))
			}
		}
		st.showing.wantLoad(map[string]bool{l.Name: false})
		n.Off = st.await(ctx, 30*time.Second, l.Name, false)
		if !n.Off {
			n.Held = st.held(l.Name)
		}
		notes = append(notes, n)
		st.scribe.put(firmware.KindRelayTest, "", n)
		if ctx.Err() != nil || st.showing.busy() {
			return notes, errors.New(words.Say(relayBusy))
		}
	}
	return notes, nil
}

// await waits until the guard says that a load is as wanted.
func (st *Station) await(ctx context.Context, bound time.Duration, load string, on bool) bool {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if g, ok := st.guard.Status().Fresh(st.tick(), guardAge); ok {
			for _, l := range g.Loads {
				if l.Name == load && l.On == on {
					return true
				}
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

func (st *Station) held(load string) string {
	g, _ := st.guard.Status().Fresh(st.tick(), guardAge)
	for _, l := range g.Loads {
		if l.Name == load {
			return l.Held
		}
	}
	return ""
}

// relayText is the outcome for people.
func relayText(words *text.Catalogue, notes []relayNote) string {
	var b strings.Builder
	for _, n := range notes {
		key := "cmd.relay.ok"
		switch {
		case !n.On:
			key = "cmd.relay.no_on"
		case !n.Off:
			key = "cmd.relay.no_off"
		}
		b.WriteString(words.Say(key, "load", words.Name(n.Load), "held", words.Say(n.Held)) + "\n")
	}
	return b.String()
}
