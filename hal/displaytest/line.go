package displaytest

import (
	"context"
	"fmt"
	"testing"

	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
)

// Line opens a pseudo terminal whose far end cuts requests off by split, which
// returns the length of the first or 0, and says to each what answer returns.
func Line(t testing.TB, o line.Opts, split func([]byte) int, answer func(req []byte) string) *line.Port {
	t.Helper()
	name, far := linetest.PTY(t)
	o.Name = "ttyX"
	port := line.Open(name, o)
	t.Cleanup(func() { _ = port.Close() })
	play(t, far, split, answer)
	return port
}

// Always is a far end that says the same to everything.
func Always(answer string) func([]byte) string { return func([]byte) string { return answer } }

// Nothing is a line on which nothing may be sent.
type Nothing struct{ T testing.TB }

// Exchange is an error of the test.
func (n Nothing) Exchange(_ context.Context, req []byte, _ func([]byte) (int, error)) ([]byte, error) {
	n.T.Errorf("% x (%q) was sent", req, req)
	return nil, hal.ErrSilent
}

// Said is a line without a wire that has already answered; it keeps the request.
type Said struct{ Answer, Sent []byte }

// Exchange offers the answer once and whole.
func (s *Said) Exchange(_ context.Context, req []byte, done func([]byte) (int, error)) ([]byte, error) {
	s.Sent = append([]byte(nil), req...)
	n, err := done(s.Answer)
	if err == nil && n == 0 {
		err = hal.ErrGarbled // as a line does after its time
	}
	if err != nil {
		return nil, fmt.Errorf("line: %w", err)
	}
	return s.Answer[:n], nil
}
