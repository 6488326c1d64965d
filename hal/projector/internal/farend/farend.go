// Package farend plays a projector at the far end of a wire, for the tests of
// drivers. It belongs to tests only.
package farend

import (
	"io"
	"sync"
	"testing"

	"stationbox/hal"
)

// Model is a projector with a state and a mood, for the contract of displays; M
// is displaytest.Mood. Its fields may be used between Lock and Unlock.
type Model[M ~int] struct {
	sync.Mutex
	// Now is the state that the projector has and tells.
	Now hal.DisplayState
	// Mind is how it behaves.
	Mind M
	// Told is the last power command, "on" or "off"; "" while there was none.
	Told string
	// Chosen is the input selected last, as the wire calls it.
	Chosen string
	// Heard are the requests, in order.
	Heard []string
}

// Become sets the state.
func (m *Model[M]) Become(s hal.DisplayState) {
	m.Lock()
	defer m.Unlock()
	m.Now = s
}

// Mood sets how it behaves.
func (m *Model[M]) Mood(mood M) {
	m.Lock()
	defer m.Unlock()
	m.Mind = mood
}

// Power returns the last power command and whether there was one.
func (m *Model[M]) Power() (on, any bool) {
	m.Lock()
	defer m.Unlock()
	return m.Told == "on", m.Told != ""
}

// Selected returns the input selected last.
func (m *Model[M]) Selected() string {
	m.Lock()
	defer m.Unlock()
	return m.Chosen
}

// Requests returns what was heard so far.
func (m *Model[M]) Requests() []string {
	m.Lock()
	defer m.Unlock()
	return append([]string(nil), m.Heard...)
}

// Play reads at far, cuts requests off by split, which returns the length of the
// first or 0, and writes what answer says, until far is closed; the test closes
// it at its end.
func Play(t testing.TB, far io.ReadWriteCloser, split func([]byte) int, answer func(req []byte) string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		Serve(far, split, answer)
	}()
	t.Cleanup(func() { _ = far.Close(); <-done })
}

// Serve is Play in the caller's goroutine: it returns when far ends.
func Serve(far io.ReadWriter, split func([]byte) int, answer func(req []byte) string) {
	var got []byte
	b := make([]byte, 256)
	for {
		n, err := far.Read(b)
		if err != nil {
			return
		}
		got = append(got, b[:n]...)
		for end := split(got); end > 0; end = split(got) {
			req := append([]byte(nil), got[:end]...)
			got = got[end:]
			if _, err := io.WriteString(far, answer(req)); err != nil {
				return
			}
		}
	}
}

// Through splits requests after each byte end.
func Through(end byte) func([]byte) int {
	return func(b []byte) int {
		for i, c := range b {
			if c == end {
				return i + 1
			}
		}
		return 0
	}
}
