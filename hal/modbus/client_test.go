package modbus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/modbus"
)

// patience is how long a test waits for what must happen on a busy machine.
const patience = 20 * time.Second

// slave plays the far end: it answers each request by the next of its answers,
// and the last one again and again. It keeps the requests.
type slave struct {
	mu      sync.Mutex
	answers []string
	heard   []string
}

// start runs the slave at a new terminal, whose requests are size bytes long.
func (s *slave) start(t *testing.T, size int) (name string) {
	t.Helper()
	name, far := linetest.PTY(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var req []byte
		b := make([]byte, 64)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			req = append(req, b[:n]...)
			for ; len(req) >= size; req = req[size:] {
				if _, err := far.Write(s.answer(req[:size])); err != nil {
					return
				}
			}
		}
	}()
	t.Cleanup(func() { _ = far.Close(); <-done })
	return name
}

func (s *slave) answer(req []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, strings.ToUpper(hex.EncodeToString(req)))
	if len(s.answers) == 0 {
		return nil
	}
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	b, err := hex.DecodeString(strings.ReplaceAll(a, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func (s *slave) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

const (
	askTwo    = "010400000002"
	twoWords  = "01 04 04 43 66 33 33 5A FA"
	noAddress = "01 84 02 C2 C1"
)

func newClient(t *testing.T, s *slave, size int, o modbus.Opts) *modbus.Client {
	t.Helper()
	port := line.Open(s.start(t, size), line.Opts{Name: "ttyX", Timeout: patience})
	t.Cleanup(func() { _ = port.Close() })
	return modbus.New(port, o)
}

func TestReadOverPTY(t *testing.T) {
	s := &slave{answers: []string{twoWords}}
	c := newClient(t, s, 8, modbus.Opts{Timeout: patience})
	got, err := c.ReadInput(t.Context(), 1, 0, 2)
	if err != nil || len(got) != 2 || got[0] != 0x4366 || got[1] != 0x3333 {
		t.Fatalf("ReadInput = %#x, %v", got, err)
	}
	if req := s.requests(); len(req) != 1 || !strings.HasPrefix(req[0], askTwo) {
		t.Errorf("requests = %v", req)
	}
}

func TestHoldingRegisters(t *testing.T) {
	s := &slave{answers: []string{"01 03 02 00 10 B9 88"}}
	c := newClient(t, s, 8, modbus.Opts{Timeout: patience})
	got, err := c.ReadHolding(t.Context(), 1, 2, 1)
	if err != nil || len(got) != 1 || got[0] != 16 {
		t.Errorf("ReadHolding = %v, %v", got, err)
	}
}

func TestWrites(t *testing.T) {
	s := &slave{answers: []string{"01 06 00 01 08 FC DF 8B"}}
	c := newClient(t, s, 8, modbus.Opts{Timeout: patience})
	if err := c.WriteSingle(t.Context(), 1, 1, 2300); err != nil {
		t.Errorf("WriteSingle: %v", err)
	}
	if err := c.WriteSingle(t.Context(), 1, 1, 2301); !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("WriteSingle with another echo: %v", err)
	}
	s = &slave{answers: []string{"01 42 80 11"}}
	c = newClient(t, s, 4, modbus.Opts{Timeout: patience})
	if err := c.ResetEnergy(t.Context(), 1); err != nil {
		t.Errorf("ResetEnergy: %v", err)
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []string
		retries int
		asked   int
		want    error
	}{
		{"silent to the end", nil, 0, 3, hal.ErrSilent},
		{"silent, no retries", nil, -1, 1, hal.ErrSilent},
		{"cut, then good", []string{"01 04 04", twoWords}, 0, 2, nil},
		{"garbled twice, then good", []string{"01 04 04 43 66 33 33 5A FB", "FF FF", twoWords}, 0, 3, nil},
		{"refused", []string{noAddress}, 0, 1, hal.ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &slave{answers: c.answers}
			client := newClient(t, s, 8, modbus.Opts{Timeout: 250 * time.Millisecond, Retries: c.retries})
			_, err := client.ReadInput(t.Context(), 1, 0, 2)
			if !errors.Is(err, c.want) {
				t.Errorf("ReadInput = %v, want %v", err, c.want)
			}
			if got := len(s.requests()); got != c.asked {
				t.Errorf("asked %d times, want %d", got, c.asked)
			}
		})
	}
}

func TestBadArguments(t *testing.T) {
	c := modbus.New(never{}, modbus.Opts{})
	if _, err := c.ReadInput(t.Context(), 1, 0, 126); err == nil {
		t.Error("126 registers are no error")
	}
	if _, err := c.ReadInput(t.Context(), 1, 0, 0); err == nil {
		t.Error("no registers are no error")
	}
	if err := c.WriteSingle(t.Context(), 0, 1, 1); err == nil {
		t.Error("a broadcast is no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.ReadInput(ctx, 1, 0, 1); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("after the end of ctx: %v", err)
	}
}

// never is a line on which nothing may be asked.
type never struct{}

func (never) Exchange(ctx context.Context, req []byte, _ func([]byte) (int, error)) ([]byte, error) {
	if ctx.Err() == nil {
		panic("asked")
	}
	return nil, hal.ErrSilent
}

func TestUnpluggedIsNotRetried(t *testing.T) {
	port := line.Open(t.TempDir()+"/none", line.Opts{})
	defer port.Close()
	_, err := modbus.New(port, modbus.Opts{}).ReadInput(t.Context(), 1, 0, 1)
	if !errors.Is(err, hal.ErrGone) {
		t.Errorf("ReadInput = %v, want not connected", err)
	}
}

// Debian's mbpoll, another Modbus master, must put the same bytes on the wire
// for the same question, and read the same numbers from the same answer.
func TestAgreesWithMbpoll(t *testing.T) {
	mbpoll, err := exec.LookPath("mbpoll")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("mbpoll is not installed")
		}
		t.Skip("mbpoll is not installed")
	}
	answer := "01 04 14 09 00 04 D2 00 00 0B 1B 00 00 30 39 00 00 01 F4 00 64 00 00 15 14"
	ours, theirs := &slave{answers: []string{answer}}, &slave{answers: []string{answer}}
	words, err := newClient(t, ours, 8, modbus.Opts{Timeout: patience}).ReadInput(t.Context(), 1, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, mbpoll, "-m", "rtu", "-b", "9600", "-P", "none", "-a", "1", "-t", "3", "-0",
		"-r", "0", "-c", "10", "-1", "-o", "5", theirs.start(t, 8)).CombinedOutput()
	if err != nil {
		t.Fatalf("mbpoll: %v\n%s", err, out)
	}
	if got, want := ours.requests(), theirs.requests(); len(got) != 1 || len(want) != 1 || got[0] != want[0] {
		t.Errorf("we asked %v, mbpoll %v", got, want)
	}
	if got := mbpollWords(t, out); !bytes.Equal(got, hexWords(words)) {
		t.Errorf("mbpoll read % X, we % X", got, hexWords(words))
	}
}

// mbpollWords takes the words out of lines like "[3]:	2843".
func mbpollWords(t *testing.T, out []byte) []byte {
	t.Helper()
	var words []uint16
	for text := range strings.Lines(string(out)) {
		var i, v int
		if n, _ := fmt.Sscanf(text, "[%d]: \t%d", &i, &v); n == 2 && i == len(words) {
			words = append(words, uint16(v))
		}
	}
	return hexWords(words)
}

func hexWords(words []uint16) []byte {
	var b []byte
	for _, w := range words {
		b = binary.BigEndian.AppendUint16(b, w)
	}
	return b
}
