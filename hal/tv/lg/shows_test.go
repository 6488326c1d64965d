package lg_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/tv/lg"
)

// answers is a line that answers by a table; what is not in it is refused.
type answers map[string]string

func (a answers) Exchange(_ context.Context, req []byte, done func([]byte) (int, error)) ([]byte, error) {
	words := strings.Fields(string(req))
	answer, ok := a[words[0]+" "+words[2]]
	if !ok {
		answer = words[0][1:] + " 01 NG00x"
	}
	n, err := done([]byte(answer))
	if err == nil && n == 0 {
		err = fmt.Errorf("line: %w", hal.ErrSilent)
	}
	return nil, err
}

// A set that does not know the newer question is asked by the older one.
func TestShows(t *testing.T) {
	for _, c := range []struct {
		name, input, is string
		set             answers
		shown           bool
		err             error
	}{
		{"newer", "hdmi1", "hdmi1", answers{"xb ff": "b 01 OK90x"}, true, nil},
		{"newer, another", "hdmi1", "hdmi3", answers{"xb ff": "b 01 OK92x"}, false, nil},
		{"newer, a tuner", "HDMI2", "00", answers{"xb ff": "b 01 OK00x"}, false, nil},
		{"older", "hdmi2", "hdmi2", answers{"kb ff": "b 01 OK09x"}, true, nil},
		{"older, another", "hdmi2", "hdmi1", answers{"kb ff": "b 01 OK08x"}, false, nil},
		{"older has no third", "hdmi3", "", answers{"kb ff": "b 01 OK09x"}, false, hal.ErrRefused},
		{"plays from its own stick", "hdmi1", "", answers{}, false, hal.ErrRefused},
		{"cut", "hdmi1", "", answers{"xb ff": "b 01 O"}, false, hal.ErrSilent},
		{"garbled", "hdmi1", "", answers{"xb ff": "b 01 OKggx"}, false, hal.ErrGarbled},
	} {
		displaytest.Shows(t, c.name, lg.New(c.set, 1), displaytest.Picture{Input: c.input, Is: c.is, Shown: c.shown, Err: c.err})
	}
}
