package displaytest

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
)

// Model is a display with a state and a mood; what its wire speaks, the test of
// the driver adds. Its fields may be used between Lock and Unlock.
type Model struct {
	sync.Mutex
	// Now is the state that the display has and tells.
	Now hal.DisplayState
	// Mind is how it behaves.
	Mind Mood
	// Told is the last power command, "on" or "off"; "" while there was none.
	Told string
	// Chosen is the input selected last, as the wire calls it.
	Chosen string
	// Heard are the requests, in order.
	Heard []string
}

// Become sets the state.
func (m *Model) Become(s hal.DisplayState) {
	m.Lock()
	defer m.Unlock()
	m.Now = s
}

// Mood sets how it behaves.
func (m *Model) Mood(mood Mood) {
	m.Lock()
	defer m.Unlock()
	m.Mind = mood
}

// Power returns the last power command and whether there was one.
func (m *Model) Power() (on, any bool) {
	m.Lock()
	defer m.Unlock()
	return m.Told == "on", m.Told != ""
}

// Selected returns the input selected last.
func (m *Model) Selected() string {
	m.Lock()
	defer m.Unlock()
	return m.Chosen
}

// Requests returns what was heard so far.
func (m *Model) Requests() []string {
	m.Lock()
	defer m.Unlock()
	return append([]string(nil), m.Heard...)
}

// play reads at far, cuts requests off by split, which returns the length of the
// first or 0, and writes what answer says, until far is closed; the test closes
// it at its end.
func play(t testing.TB, far io.ReadWriteCloser, split func([]byte) int, answer func(req []byte) string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		Serve(far, split, answer)
	}()
	t.Cleanup(func() { _ = far.Close(); <-done })
}

// Serve is play in the caller's goroutine: it returns when far ends.
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

// Listen runs handle on every connection to a free TCP port until the test ends,
// and returns its address.
func Listen(t testing.TB, handle func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(Patience))
				handle(c)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return l.Addr().String()
}
