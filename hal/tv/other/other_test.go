package other_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/tv/other"
)

// hurry makes m quick enough for the contract; TestSettle keeps the time.
func hurry(m other.Model) other.Model {
	m.Settle = ""
	return m
}

func TestDisplayContractOnSerial(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		f := sharp()
		return displaytest.Bench{
			Display: other.New(f.onSerial(t, 400*time.Millisecond), compiled(t, hurry(model(t, "testdata/sharp-aquos.toml")))),
			Far:     f, States: []hal.DisplayState{hal.DisplayOn, hal.DisplayStandby},
			Input: "hdmi2", Wire: "IAVD2   ",
		}
	})
}

func TestDisplayContractOnNetwork(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		f := benq()
		return displaytest.Bench{
			Display: other.New(f.onNetwork(t, 400*time.Millisecond), compiled(t, hurry(model(t, "testdata/benq-lan.toml")))),
			Far:     f, States: []hal.DisplayState{hal.DisplayOn, hal.DisplayStandby},
			Input: "hdmi1", Wire: "sour=hdmi",
		}
	})
}

func TestExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		p := compiled(t, model(t, file))
		if p.Name() == "" || p.Timeout() <= 0 || p.Serial() == (p.TCPPort() != 0) || p.Serial() != (p.Baud() != 0) || len(p.Inputs()) < 2 {
			t.Errorf("%s: %+v", file, p)
		}
	}
}

// told is a line that has already answered.
type told struct {
	answer string
	sent   []string
}

func (l *told) Exchange(_ context.Context, req []byte, done func([]byte) (int, error)) ([]byte, error) {
	l.sent = append(l.sent, string(req))
	if l.answer == "" {
		return nil, hal.ErrSilent
	}
	for i := range len(l.answer) { // byte by byte, as from a line
		if n, err := done([]byte(l.answer[:i+1])); n > 0 || err != nil {
			return []byte(l.answer[:n]), err
		}
	}
	return nil, hal.ErrGarbled // as a line does after its time
}

func (l *told) Write(_ context.Context, b []byte) (int, error) {
	l.sent = append(l.sent, string(b))
	return len(b), nil
}

func unhex(t testing.TB, s string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// mdc is Samsung's protocol for signage, which has a driver of its own, as a
// model: hexadecimal, a checksum after AA, answers of a known length.
func mdc() other.Model {
	return other.Model{
		Name: "signage", Transport: "serial", Checksum: "sum", ChecksumSkip: 1, ReplyChecksum: true, Start: "hex: AA",
		Refused: []string{"hex: AA FF 00 03 4E ?? ?? ??"},
		On:      other.Action{Send: "hex: 11 00 01 01", Reply: []string{"hex: AA FF 00 03 41 11 01 ??"}},
		Off:     other.Action{Send: "hex: 11 00 01 00", Reply: []string{"hex: AA FF 00 03 41 11 00 ??"}},
		State: other.Question{Send: "hex: 11 00 00", Reply: []other.Answer{
			{Match: "hex: AA FF 00 03 41 11 00 ??", State: "standby"}, {Match: "hex: AA FF 00 03 41 11 01 ??", State: "on"},
		}},
		Input: map[string]other.Action{"hdmi1": {Send: "hex: 14 00 01 21", Reply: []string{"hex: AA FF 00 03 41 14 ?? ??"}}},
	}
}

func TestHexadecimalAndChecksum(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         hal.DisplayState
		err          error
	}{
		{"on", "AA FF 00 03 41 11 01 55", hal.DisplayOn, nil},
		{"standby", "AA FF 00 03 41 11 00 54", hal.DisplayStandby, nil},
		{"noise before it", "00 AA AA FF 00 03 41 11 01 55", hal.DisplayOn, nil},
		{"late answer before it", "AA FF 00 03 41 12 14 69 AA FF 00 03 41 11 01 55", hal.DisplayOn, nil},
		{"refused", "AA FF 00 03 4E 11 01 62", 0, hal.ErrRefused},
		{"wrong checksum", "AA FF 00 03 41 11 01 56", 0, hal.ErrGarbled},
		{"refused with a wrong checksum", "AA FF 00 03 4E 11 01 63", 0, hal.ErrGarbled},
		{"cut off", "AA FF 00 03 41 11 01", 0, hal.ErrGarbled},
		{"silence", "", 0, hal.ErrSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &told{answer: unhex(t, c.answer)}
			displaytest.IsState(t, other.New(l, compiled(t, mdc())), c.want, c.err, "signage: state: ")
			if want := unhex(t, "AA 11 00 00 11"); len(l.sent) != 1 || l.sent[0] != want {
				t.Errorf("sent % x, want % x", l.sent, want)
			}
		})
	}
}

func TestFrameOfWhatIsSent(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*other.Model)
		want string
	}{
		{"plain", func(*other.Model) {}, "ON"},
		{"start and end", func(m *other.Model) { m.Start, m.End = `\x02`, `\r\n` }, "\x02ON\r\n"},
		{"sum", func(m *other.Model) { m.Checksum = "sum" }, "ON\x9d"},
		{"twos", func(m *other.Model) { m.Checksum = "twos" }, "ON\x63"},
		{"xor", func(m *other.Model) { m.Checksum = "xor" }, "ON\x01"},
		{"sum in digits before the end", func(m *other.Model) { m.Checksum, m.ChecksumHex, m.End = "sum", true, `\r` }, "ON9D\r"},
		{"sum without the start", func(m *other.Model) { m.Checksum, m.ChecksumSkip, m.Start = "sum", 1, ":" }, ":ON\x9d"},
		{"real line ends in the file", func(m *other.Model) { m.End = "\r" }, "ON\r"},
		{"all escapes", func(m *other.Model) { m.Start = `\t\0\\\x41` }, "\t\x00\\AON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := other.Model{Name: "x", Transport: "serial", On: other.Action{Send: "ON"}, Off: other.Action{Send: "OFF"}}
			c.set(&m)
			l := &told{}
			if err := other.New(l, compiled(t, m)).PowerOn(t.Context()); err != nil || !slices.Equal(l.sent, []string{c.want}) {
				t.Errorf("sent %q, %v; want %q", l.sent, err, c.want)
			}
		})
	}
}

func TestAnswersInText(t *testing.T) {
	for _, c := range []struct {
		name, end, answer string
		want              hal.DisplayState
		err               error
	}{
		{"whole", `\r`, "P1\r", hal.DisplayOn, nil},
		{"blanks around it", `\r`, "\x00\n P1 \r", hal.DisplayOn, nil},
		{"echo before it", `\r`, "P?\rP0\r", hal.DisplayStandby, nil},
		{"more than it", `\r`, "P11\r", 0, hal.ErrGarbled},
		{"end missing", `\r`, "P1", 0, hal.ErrGarbled},
		{"refused", `\r`, "ERR3\r", 0, hal.ErrRefused},
		{"empty answers", `\r`, "\r\r\rP1\r", hal.DisplayOn, nil},
		{"by expression", `\r`, "lamp 12 h, cooling\r", hal.DisplayCooling, nil},
		{"without an end", "", "..P1", hal.DisplayOn, nil},
		{"the first place counts", "", "P0P1", hal.DisplayStandby, nil},
		{"of two at one place the first in the list", "", "P1", hal.DisplayOn, nil},
		{"refused before it", "", "ERR1P1", 0, hal.ErrRefused},
		{"an end of two", `\r\n`, "P?\r\nP1\r\n", hal.DisplayOn, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := other.Model{
				Name: "x", Transport: "serial", ReplyEnd: c.end, Refused: []string{"re:ERR[1-4]"},
				On: other.Action{Send: "P1"}, Off: other.Action{Send: "P0"},
				State: other.Question{Send: "P?", Reply: []other.Answer{
					{Match: "P1", State: "on"}, {Match: "P0", State: "standby"}, {Match: "re:cool(ing|down)", State: "cooling"},
					{Match: "re:P[01]$", State: "warming"},
				}},
			}
			displaytest.IsState(t, other.New(&told{answer: c.answer}, compiled(t, m)), c.want, c.err, "x: state: ")
		})
	}
}

func TestModelThatCannotBeAsked(t *testing.T) {
	m := mdc()
	m.State = other.Question{}
	l := &told{}
	if got, err := other.New(l, compiled(t, m)).State(t.Context()); got != hal.DisplayUnknown || !errors.Is(err, hal.ErrSilent) || len(l.sent) > 0 {
		t.Errorf("%v, %v, sent %q", got, err, l.sent)
	}
}

func TestUnknownInputListsThem(t *testing.T) {
	l := &told{}
	err := other.New(l, compiled(t, mdc())).Input(t.Context(), "hdmi7")
	if err == nil || !strings.Contains(err.Error(), "the model has: hdmi1") || len(l.sent) > 0 {
		t.Errorf("%v, sent %q", err, l.sent)
	}
}

// TestSettle: nothing is sent while the device is busy with the command before.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, end := net.Pipe()
		f := sharp()
		done := make(chan struct{})
		go func() { defer close(done); displaytest.Serve(end, f.split, f.answer) }()
		port := line.New(func() (io.ReadWriteCloser, error) { return near, nil }, line.Opts{})
		d := other.New(port, compiled(t, model(t, "testdata/sharp-aquos.toml")))
		began := time.Now()
		if err := d.PowerOn(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if got, err := d.State(ctx); got != hal.DisplayUnknown || !errors.Is(err, hal.ErrSilent) {
			t.Errorf("asked at once: %v, %v", got, err)
		}
		if got := f.Requests(); len(got) != 1 {
			t.Errorf("sent %q", got)
		}
		if _, err := d.State(t.Context()); err != nil || time.Since(began) < 500*time.Millisecond || time.Since(began) > 600*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		mark := time.Now()
		if _, err := d.State(t.Context()); err != nil || time.Since(mark) > 100*time.Millisecond {
			t.Errorf("a question settles nothing: %v after %v", err, time.Since(mark))
		}
		_ = port.Close()
		_ = end.Close()
		<-done
	})
}
