package pjlink_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/projector/pjlink"
)

func TestClass2OnTheWire(t *testing.T) {
	for _, c := range []struct {
		name, want, answer, got string
		err                     error
		call                    func(context.Context, *pjlink.Projector) (any, error)
	}{
		{"class", "%1CLSS ?", "%1CLSS=2", "2", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Class(ctx) }},
		{"class 9", "%1CLSS ?", "%1CLSS=9", "", hal.ErrGarbled, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Class(ctx) }},
		{"inputs", "%1INST ?", "%1INST=11 21 3a", "[11 21 3A]", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Inputs(ctx) }},
		{"inputs garbled", "%1INST ?", "%1INST=11 99", "", hal.ErrGarbled, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Inputs(ctx) }},
		{"input name", "%2INNM ?31", "%2INNM=HDMI 前", "HDMI 前", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.InputName(ctx, "31") }},
		{"filter", "%2FILT ?", "%2FILT=120", "120", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Filter(ctx) }},
		{"filter after a notice", "%2FILT ?", "%2POWR=1\r%2LKUP=1\r%2FILT=7", "7", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Filter(ctx) }},
		{"no filter", "%2FILT ?", "%2FILT=ERR1", "", pjlink.Undefined, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Filter(ctx) }},
		{"answered in class 1", "%2FILT ?", "%1FILT=ERR1", "", pjlink.Undefined, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Filter(ctx) }},
		{"filter garbled", "%2FILT ?", "%2FILT=x", "", hal.ErrGarbled, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Filter(ctx) }},
		{"other class 2 answer", "%2FILT ?", "%2RLMP=x", "", hal.ErrGarbled, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Filter(ctx) }},
		{"lamp model", "%2RLMP ?", "%2RLMP=ELPLP88", "ELPLP88", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.LampModel(ctx) }},
		{"filter model", "%2RFIL ?", "%2RFIL=ELPAF32", "ELPAF32", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.FilterModel(ctx) }},
		{"serial", "%2SNUM ?", "%2SNUM=X1", "X1", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Serial(ctx) }},
		{"resolution", "%2IRES ?", "%2IRES=1920x1080", "{true 1920 1080}", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Resolution(ctx) }},
		{"no signal", "%2IRES ?", "%2IRES=-", "{false 0 0}", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Resolution(ctx) }},
		{"unknown signal", "%2IRES ?", "%2IRES=*", "{true 0 0}", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Resolution(ctx) }},
		{"resolution garbled", "%2IRES ?", "%2IRES=big", "", hal.ErrGarbled, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Resolution(ctx) }},
		{"freeze", "%2FREZ 1", "%2FREZ=OK", "<nil>", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return nil, p.Freeze(ctx, true) }},
		{"frozen", "%2FREZ ?", "%2FREZ=0", "false", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Frozen(ctx) }},
		{"frozen garbled", "%2FREZ ?", "%2FREZ=2", "", hal.ErrGarbled, func(ctx context.Context, p *pjlink.Projector) (any, error) { return p.Frozen(ctx) }},
		{"softer", "%2SVOL 0", "%2SVOL=OK", "<nil>", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return nil, p.Volume(ctx, false) }},
		{"hdmi2", "%1INPT 32", "%1INPT=OK", "<nil>", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return nil, p.Input(ctx, "HDMI2") }},
		{"vga1", "%1INPT 11", "%1INPT=OK", "<nil>", nil, func(ctx context.Context, p *pjlink.Projector) (any, error) { return nil, p.Input(ctx, "vga1") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFar(t, script{open, c.answer + "\r", false})
			got, err := c.call(t.Context(), pjlink.New(f.addr, pjlink.Opts{Timeout: displaytest.Patience}))
			if !errors.Is(err, c.err) || err == nil && fmt.Sprint(got) != c.got {
				t.Errorf("%v, %v; want %s, %v", got, err, c.got, c.err)
			}
			displaytest.Heard(t, f.requests(), c.want+"\r")
		})
	}
}

// details is a projector that answers by a table.
func details(t *testing.T, table map[string]string) *pjlink.Projector {
	t.Helper()
	addr := displaytest.Listen(t, func(c net.Conn) {
		_, _ = c.Write([]byte(open))
		req, err := bufio.NewReader(c).ReadString('\r')
		if err != nil {
			return
		}
		head, _, _ := strings.Cut(req, " ")
		answer, ok := table[head]
		if !ok {
			answer = "ERR1"
		}
		_, _ = c.Write([]byte(head + "=" + answer + "\r"))
	})
	return pjlink.New(addr, pjlink.Opts{Timeout: displaytest.Patience})
}

func TestDetails(t *testing.T) {
	full := map[string]string{
		"%1ERST": "012001", "%1LAMP": "1234 1 8 0", "%1INPT": "31", "%1INF1": "Epson", "%1INF2": "EB-X05",
		"%1CLSS": "2", "%2FILT": "55",
	}
	displaytest.AllDetails(t, details, []displaytest.Details{
		{"all", full, hal.DisplayDetails{
			Model: "Epson EB-X05", Input: "31", Checked: true,
			LampHours:   []time.Duration{1234 * time.Hour, 8 * time.Hour},
			FilterHours: []time.Duration{55 * time.Hour},
			Errors:      []string{hal.PartTemperature},
			Warnings:    []string{hal.PartLamp, hal.PartOther},
		}, nil},
		{"in standby", map[string]string{"%1ERST": "ERR3", "%1INPT": "ERR3", "%1INF2": "P1", "%1CLSS": "1"}, hal.DisplayDetails{Model: "P1"}, nil},
	})
	for head := range full {
		broken := map[string]string{"%1CLSS": "2"}
		for k, v := range full {
			broken[k] = v
		}
		broken[head] = "\x1b"
		t.Run(head+" garbled", func(t *testing.T) {
			displaytest.IsDetails(t, details(t, broken), hal.DisplayDetails{}, hal.ErrGarbled)
		})
	}
}

// A projector that wants the digest before every command, not only the first.
func TestDigestBeforeEveryCommand(t *testing.T) {
	f := newFar(t, script{locked, "%1POWR=1\r", false})
	p := pjlink.New(f.addr, pjlink.Opts{Password: password, Timeout: displaytest.Patience})
	for range 3 {
		if _, err := p.State(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, req := range f.requests() {
		if !strings.HasPrefix(req, digest) {
			t.Errorf("%q without the digest", req)
		}
	}
}
