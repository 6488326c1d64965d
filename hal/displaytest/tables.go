package displaytest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"stationbox/hal"
)

// The rows of tables have no type names of their own, so that a test may write them
// as it writes a table of its own: a line a case, without the names of fields.

// Answer is one thing a device may say, and what the driver makes of it.
type Answer = struct {
	Name, Answer string
	Want         hal.DisplayState
	// Err is what the error is; nil is none.
	Err error
}

// States asks a display for its state once an answer, in parallel. Its errors begin
// with prefix.
func States[D Display](t *testing.T, says func(t *testing.T, answer string) D, prefix string, table []Answer) {
	t.Helper()
	for _, c := range table {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			IsState(t, says(t, c.Answer), c.Want, c.Err, prefix)
		})
	}
}

// IsState wants that state of d, and that error, which begins with prefix.
func IsState(t *testing.T, d Display, want hal.DisplayState, wantErr error, prefix string) {
	t.Helper()
	got, err := d.State(t.Context())
	if got != want || !errors.Is(err, wantErr) {
		t.Errorf("State = %v, %v; want %v, %v", got, err, want, wantErr)
	}
	if err != nil && !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("error %q does not begin with %q, the name of the display", err, prefix)
	}
}

// Consent is one thing a device may say to a command, and what the error is, nil
// where the command counts as obeyed.
type Consent = struct {
	Name, Answer string
	Err          error
}

// PowerOns switches a display on once an answer, in parallel.
func PowerOns[D Display](t *testing.T, says func(t *testing.T, answer string) D, table []Consent) {
	t.Helper()
	for _, c := range table {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if err := says(t, c.Answer).PowerOn(t.Context()); !errors.Is(err, c.Err) {
				t.Errorf("PowerOn = %v, want %v", err, c.Err)
			}
		})
	}
}

// Request is a call of a driver and the one request that it sends.
type Request[D any] = struct {
	Want string
	Call func(context.Context, D) error
}

// Requests makes each call on a display of its own. Open returns it with what its
// far end has heard.
func Requests[D Display](t *testing.T, open func(t *testing.T) (D, func() []string), table []Request[D]) {
	t.Helper()
	for _, c := range table {
		t.Run(c.Want, func(t *testing.T) {
			d, heard := open(t)
			if err := c.Call(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			Heard(t, heard(), c.Want)
		})
	}
}

// Heard wants exactly these requests on the wire, in order.
func Heard(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("on the wire %q, want %q", got, want)
	}
}

// IsDetails wants these details of d, and that error.
func IsDetails(t *testing.T, d interface {
	Details(context.Context) (hal.DisplayDetails, error)
}, want hal.DisplayDetails, wantErr error) {
	t.Helper()
	got, err := d.Details(t.Context())
	if !errors.Is(err, wantErr) || !reflect.DeepEqual(got, want) {
		t.Errorf("Details = %+v, %v; want %+v, %v", got, err, want, wantErr)
	}
}

// Details are the answers of a device by its requests, and what they tell.
type Details = struct {
	Name  string
	Table map[string]string
	Want  hal.DisplayDetails
	Err   error
}

// AllDetails asks a display for its details once a table of answers.
func AllDetails[D interface {
	Details(context.Context) (hal.DisplayDetails, error)
}](t *testing.T, open func(t *testing.T, answers map[string]string) D, table []Details) {
	t.Helper()
	for _, c := range table {
		t.Run(c.Name, func(t *testing.T) { IsDetails(t, open(t, c.Table), c.Want, c.Err) })
	}
}

// Picture is what a display says of the input it shows, when it is asked for Input.
type Picture = struct {
	Input, Answer string
	// Is is the input shown, as the driver calls it; "" where it cannot know.
	Is    string
	Shown bool
	Err   error
}

// Shows wants d to tell of its input what c says; what names the case.
func Shows(t *testing.T, what string, d interface {
	Shows(ctx context.Context, input string) (shown bool, is string, err error)
}, c Picture) {
	t.Helper()
	shown, is, err := d.Shows(t.Context(), c.Input)
	if shown != c.Shown || is != c.Is || !errors.Is(err, c.Err) {
		t.Errorf("%s: Shows(%q) = %v, %q, %v; want %v, %q, %v", what, c.Input, shown, is, err, c.Shown, c.Is, c.Err)
	}
}

// NoInputs wants each of bad refused as an input.
func NoInputs(t *testing.T, d Display, bad ...string) {
	t.Helper()
	for _, input := range bad {
		if err := d.Input(t.Context(), input); err == nil {
			t.Errorf("Input(%q) is no error", input)
		}
	}
}

// AllFail wants an error of each call, by the name of the call.
func AllFail(t *testing.T, calls map[string]error) {
	t.Helper()
	for name, err := range calls {
		if err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}
