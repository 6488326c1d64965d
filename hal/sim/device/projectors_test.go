package device

import (
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// handler is a serial projector between two requests.
type handler interface {
	Device
	handle(got []byte) (used int, answer []byte)
}

// step is a request and its answer; a request that begins with "!" is a fault,
// one that begins with "+" lets the world go on for as long.
type step struct{ request, answer string }

// play checks steps on p.
func playSteps(t *testing.T, w *world.World, p handler, steps []step) {
	t.Helper()
	for _, s := range steps {
		if kind, ok := strings.CutPrefix(s.request, "!"); ok {
			if err := p.Fault(kind); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if d, ok := strings.CutPrefix(s.request, "+"); ok {
			span, err := time.ParseDuration(d)
			if err != nil {
				t.Fatal(err)
			}
			hold(w, span)
			continue
		}
		used, answer := p.handle([]byte(s.request))
		if string(answer) != s.answer || used != len(s.request) {
			t.Errorf("%q: %q, %d used; want %q", s.request, answer, used, s.answer)
		}
	}
}

// shortLamp warms for a second and cools for two.
func shortLamp(t *testing.T) *world.World {
	t.Helper()
	return powered(t, world.Opts{Projector: world.ProjectorOpts{WarmUp: time.Second, CoolDown: 2 * time.Second, LampHours: 1234}})
}

func TestEpson(t *testing.T) {
	w := shortLamp(t)
	playSteps(t, w, NewEpson(w, nullPort{}, EpsonOpts{}), []step{
		{"PWR?\r", "PWR=04\r:"}, {"\r", ":"}, {"LAMP?\r", "LAMP=1234\r:"}, {"SOURCE?\r", "ERR\r:"}, {"NONSENSE\r", "ERR\r:"},
		{"!deep", ""}, {"PWR?\r", "PWR=00\r:"}, {"LAMP?\r", "ERR\r:"}, {"!none", ""},
		{"!lamp", ""}, {"ERR?\r", "ERR=03\r:"}, {"PWR ON\r", "ERR\r:"},
		{"!fan", ""}, {"ERR?\r", "ERR=01\r:"}, {"!none", ""}, {"ERR?\r", "ERR=00\r:"},
		{"!refuses", ""}, {"PWR ON\r", "ERR\r:"}, {"!none", ""},
		{"pwr on\r", ":"}, {"PWR?\r", "PWR=02\r:"}, {"PWR OFF\r", "ERR\r:"}, {"SOURCE A0\r", "ERR\r:"}, {"+1100ms", ""},
		{"PWR?\r", "PWR=01\r:"}, {"SOURCE A0\r", ":"}, {"SOURCE?\r", "SOURCE=A0\r:"}, {"SOURCE ZZ\r", "ERR\r:"},
		{"!wrong_case", ""}, {"PWR?\r", "pwr=01\r:"}, {"!no_prompt", ""}, {"PWR?\r", "PWR=01\r"},
		{"!events", ""}, {"PWR?\r", "IMEVENT=0001 03 00000000 00000000 T1 F1\r:PWR=01\r:"},
		{"!abnormal", ""}, {"PWR?\r", "PWR=05\r:"}, {"PWR OFF\r", "ERR\r:"}, {"!mute", ""}, {"PWR?\r", ""}, {"!none", ""},
		{"PWR OFF\r", ":"}, {"PWR?\r", "PWR=03\r:"}, {"PWR ON\r", "ERR\r:"}, {"+2200ms", ""}, {"PWR?\r", "PWR=04\r:"},
	})
}

func TestEpsonPromptIsLate(t *testing.T) {
	w := shortLamp(t)
	port := &memory{}
	e := NewEpson(w, port, EpsonOpts{Quirk: "late_prompt"})
	start(t, e.Run)
	playSteps(t, w, e, []step{{"PWR ON\r", ""}, {"PWR?\r", "PWR=02\r:"}})
	hold(w, 1100*time.Millisecond)
	eventually(t, "prompt", func() bool { return string(port.take()) == ":" })
	playSteps(t, w, e, []step{{"PWR OFF\r", ":"}, {"+2200ms", ""}, {"!late_mute", ""}, {"PWR ON\r", ""}, {"PWR?\r", ""}})
	w.SetRelay(1, false)
	hold(w, 100*time.Millisecond)
	w.SetRelay(1, true)
	hold(w, 300*time.Millisecond)
	playSteps(t, w, e, []step{{"PWR?\r", "PWR=04\r:"}})
}

func TestEpsonSessions(t *testing.T) {
	w := shortLamp(t)
	tcp, err := wire.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tcp.Close() })
	e := NewEpsonNet(w, tcp, EpsonOpts{Password: "secret"})
	start(t, e.Run)
	password := func(s string) string { return "\x01\x01" + s + strings.Repeat("\x00", 16-len(s)) }
	for _, c := range []struct{ name, opening, answer string }{
		{"good", "ESC/VP.net\x10\x03\x00\x00\x00\x01" + password("secret"), "ESC/VP.net\x10\x03\x00\x00\x20\x00"},
		{"wrong password", "ESC/VP.net\x10\x03\x00\x00\x00\x01" + password("x"), "ESC/VP.net\x10\x03\x00\x00\x43\x00"},
		{"no password", "ESC/VP.net\x10\x03\x00\x00\x00\x00", "ESC/VP.net\x10\x03\x00\x00\x41\x00"},
		{"no session", "PWR?\rPWR?\rPWR?\rP", "ESC/VP.net\x10\x03\x00\x00\x40\x00"},
	} {
		conn := dial(t, "tcp", tcp.Addr().String())
		if got := exchange(t, conn, c.opening, 16); got != c.answer {
			t.Errorf("%s: %q, want %q", c.name, got, c.answer)
		}
		if c.name == "good" {
			if got := exchange(t, conn, "PWR?\rERR?\r", 16); got != "PWR=04\r:ERR=00\r:" {
				t.Errorf("in the session: %q", got)
			}
			continue
		}
		if b, err := io.ReadAll(conn); len(b) > 0 || err != nil {
			t.Errorf("%s: goes on with %q, %v", c.name, b, err)
		}
	}
}

func TestBenQ(t *testing.T) {
	w := shortLamp(t)
	playSteps(t, w, NewBenQ(w, nullPort{}, BenQOpts{}), []step{
		{"\r*pow=?#", ">*pow=?#\r\n*POW=OFF#\r\n>"}, {"*ltim=?#", ">*ltim=?#\r\n*Block item#\r\n>"},
		{"*moon=?#", ">*moon=?#\r\n*Unsupported item#\r\n>"}, {"pow=?#", ">pow=?#\r\n*Illegal format#\r\n>"},
		{"!refuses", ""}, {"*pow=on#", ">*pow=on#\r\n*Block item#\r\n>"}, {"!none", ""},
		{"*POW=On#", ">*POW=On#\r\n*POW=ON#\r\n>"}, {"*pow=?#", ">*pow=?#\r\n*POW=ON#\r\n>"}, {"*pow=off#", ">*pow=off#\r\n*Block item#\r\n>"},
		{"+1100ms", ""}, {"*sour=rgb#", ">*sour=rgb#\r\n*SOUR=RGB#\r\n>"}, {"*sour=?#", ">*sour=?#\r\n*SOUR=RGB#\r\n>"},
		{"*sour=moon#", ">*sour=moon#\r\n*Unsupported item#\r\n>"}, {"*ltim=?#", ">*ltim=?#\r\n*LTIM=1234#\r\n>"},
		{"*ltim=5#", ">*ltim=5#\r\n*Illegal format#\r\n>"}, {"*modelname=?#", ">*modelname=?#\r\n*MODELNAME=MW519#\r\n>"},
		{"!no_echo", ""}, {"*pow=?#", ">*POW=ON#\r\n>"}, {"!blank_echo", ""}, {"*pow=?#", ">\r\n*POW=ON#\r\n>"},
		{"!double_echo", ""}, {"*pow=?#", ">*pow=?#*pow=?#\r\n*POW=ON#\r\n>"}, {"!echo_only", ""}, {"*pow=?#", ">*pow=?#\r\n"},
		{"!no_prompt", ""}, {"*pow=?#", "*pow=?#\r\n*POW=ON#\r\n"}, {"!no_star", ""}, {"*pow=?#", ">*pow=?#\r\nPOW=ON#\r\n>"},
		{"!no_hash", ""}, {"*ltim=?#", ">*ltim=?#\r\n*LTIM= 1234\r\n>"}, {"!bare_model", ""}, {"*modelname=?#", ">*modelname=?#mw519\r\n>"},
		{"!wrong_case", ""}, {"*pow=?#", ">*pow=?#\r\n*pow=on#\r\n>"}, {"!same_text", ""}, {"*sour=hdmi#", ">*sour=hdmi#\r\n*sour=hdmi#\r\n>"},
		{"!none", ""}, {"*pow=off#", ">*pow=off#\r\n*POW=OFF#\r\n>"}, {"*pow=on#", ">*pow=on#\r\n*Block item#\r\n>"},
	})
}

func TestOptoma(t *testing.T) {
	w := shortLamp(t)
	playSteps(t, w, NewOptoma(w, nullPort{}, OptomaOpts{ID: 7}), []step{
		{"~00124 1\r", "Ok0\r"}, {"~07124 1\r", "Ok0\r"}, {"~08124 1\r", ""}, {"~0x124 1\r", ""}, {"nonsense\r", ""}, {"~07321 1\r", "F\r"},
		{"~07999 1\r", "F\r"}, {"!refuses", ""}, {"~0700 1\r", "F\r"}, {"!cover", ""}, {"~0700 1\r", "F\r"}, {"!none", ""},
		{"~0700 1\r", "P\r"}, {"~07124 1\r", "Ok1\r"}, {"~0700 0\r", "F\r"}, {"!chatty", ""}, {"~07124 1\r", "INFO1\rOk1\r"}, {"!none", ""},
		{"+1100ms", ""}, {"~07108 1\r", "Ok1234\r"}, {"~07321 1\r", "Ok120\r"}, {"~0712 15\r", "P\r"}, {"~07121 1\r", "Ok8\r"},
		{"~0712 99\r", "F\r"}, {"!wrong_case", ""}, {"~07124 1\r", "oK1\r"}, {"!bare", ""}, {"~0712 1\r", "P"}, {"~07124 1\r", "Ok1\r"},
		{"!old_off", ""}, {"~0700 0\r", "F\r"}, {"~0700 2\r", "P\r"}, {"~0700 1\r", "F\r"}, {"!chatty", ""}, {"~07124 1\r", "INFO2\rOk0\r"},
	})
}

func TestOptomaTellsUnasked(t *testing.T) {
	w := shortLamp(t)
	port := &memory{}
	p := NewOptoma(w, port, OptomaOpts{})
	start(t, p.Run)
	var said string
	says := func(what string) {
		t.Helper()
		eventually(t, what, func() bool { said += string(port.take()); return strings.HasSuffix(said, what+"\r") })
	}
	time.Sleep(2 * promptEvery) // it has seen that it is in standby
	w.ProjectorPower(true)
	says("INFO1")
	hold(w, 1100*time.Millisecond)
	if err := p.Fault("fan"); err != nil {
		t.Fatal(err)
	}
	says("INFO6")
	if err := p.Fault("none"); err != nil {
		t.Fatal(err)
	}
	w.ProjectorPower(false)
	says("INFO2")
}

func TestNEC(t *testing.T) {
	w := shortLamp(t)
	frame := func(s string) string {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(append(b, necSum(b)))
	}
	zeros := func(n int) string { return strings.Repeat("00", n) }
	var steps []step
	add := func(request, answer string) {
		if answer != "" {
			answer = frame(answer)
		}
		steps = append(steps, step{frame(request), answer})
	}
	is := func(word string) { steps = append(steps, step{word, ""}) }
	status := func(data string) { add("00 85 00 00 01 01", "20 85 01 40 10 0000"+data+zeros(10)) }
	status("0000000F")
	add("00 85 00 00 01 04", "20 85 01 40 20 4D33313158"+zeros(27))
	add("00 85 00 00 01 02", "20 85 01 40 10 0000FFFF"+zeros(12))
	add("00 99 00 00 00", "A0 99 01 40 02 0000")
	is("!refuses")
	add("02 00 00 00 00", "A2 00 01 40 02 0203")
	is("!none")
	add("02 01 00 00 00", "22 01 01 40 00")
	add("02 00 00 00 00", "22 00 01 40 00")
	status("01000104")
	add("02 01 00 00 00", "A2 01 01 40 02 020D")
	is("!busy")
	add("00 85 00 00 01 01", "A0 85 01 40 02 0203")
	is("!no_running")
	add("00 85 00 00 01 01", "A0 85 01 40 02 0001")
	add("00 BF 00 00 01 02", "20 BF 01 40 10 0204"+zeros(14))
	is("!none")
	is("+1100ms")
	status("01000004")
	add("02 03 00 00 02 01 1B", "22 03 01 40 01 00")
	add("00 85 00 00 01 02", "20 85 01 40 10 00000221"+zeros(12))
	add("02 03 00 00 02 01 A1", "A2 03 01 40 02 0101")
	is("!new_hdmi")
	add("02 03 00 00 02 01 A1", "22 03 01 40 01 00")
	is("!no_switch")
	add("02 03 00 00 02 01 01", "22 03 01 40 01 FF")
	is("!filter")
	add("00 88 00 00 00", "20 88 01 40 0C 00000004"+zeros(8))
	is("!none")
	add("00 88 00 00 00", "20 88 01 40 0C"+zeros(12))
	add("03 95 00 00 00", "23 95 01 40 08 80970600 80EE3600")
	add("02 01 00 00 00", "22 01 01 40 00")
	status("00010105")
	n := NewNEC(w, nullPort{}, NECOpts{})
	playSteps(t, w, n, steps)
	if used, answer := n.handle([]byte("\x07\x02\x00")); used != 1 || answer != nil {
		t.Errorf("a byte that begins no frame: %d used, % x", used, answer)
	}
	if used, answer := n.handle([]byte("\x02\x00\x00\x00\x00\x03")); used != 6 || answer != nil {
		t.Errorf("wrong sum: %d used, % x", used, answer)
	}
	_ = n.Fault("bad_sum")
	if _, answer := n.handle([]byte("\x02\x01\x00\x00\x00\x03")); len(answer) < 6 || necSum(answer[:len(answer)-1]) == answer[len(answer)-1] {
		t.Errorf("bad_sum: % x", answer)
	}
}

func TestProjectorsShowWhatIsSelected(t *testing.T) {
	w := shortLamp(t)
	w.ProjectorPower(true)
	hold(w, 1100*time.Millisecond)
	p, tcp := projectorOn(t, w, ProjectorOpts{})
	c := call(t, tcp)
	c.hear()
	c.ask("%1INPT 32", "%1INPT=OK")
	if !p.Shows("HDMI2") || !p.Shows("32") || p.Shows("hdmi1") {
		t.Errorf("%v", p)
	}
	for _, c := range []struct {
		p interface {
			handler
			Shows(string) bool
			Snapshot() ProjectorView
		}
		request, code string
	}{
		{NewEpson(w, nullPort{}, EpsonOpts{}), "SOURCE A0\r", "A0"}, {NewBenQ(w, nullPort{}, BenQOpts{}), "*sour=hdmi2#", "hdmi2"},
		{NewOptoma(w, nullPort{}, OptomaOpts{}), "~0012 15\r", "15"}, {NewNEC(w, nullPort{}, NECOpts{}), "\x02\x03\x00\x00\x02\x01\x1b\x23", "1b"},
	} {
		if !c.p.Shows("hdmi1") || c.p.Shows("hdmi2") {
			t.Errorf("%v at first", c.p)
		}
		c.p.handle([]byte(c.request))
		if got := c.p.Snapshot(); !c.p.Shows("hdmi2") || !c.p.Shows(c.code) || got.Input != c.code || got.State != "on" {
			t.Errorf("%v after the change", c.p)
		}
	}
}

// Without mains nothing is said.
func TestSerialProjectorsWithoutMains(t *testing.T) {
	w := shortLamp(t)
	w.SetRelay(1, false)
	hold(w, 200*time.Millisecond)
	for _, c := range []struct {
		p       handler
		request string
	}{
		{NewEpson(w, nullPort{}, EpsonOpts{}), "PWR?\r"}, {NewBenQ(w, nullPort{}, BenQOpts{}), "*pow=?#"},
		{NewOptoma(w, nullPort{}, OptomaOpts{}), "~00124 1\r"}, {NewNEC(w, nullPort{}, NECOpts{}), "\x00\x85\x00\x00\x01\x01\x87"},
	} {
		if used, answer := c.p.handle([]byte(c.request)); used != len(c.request) || len(answer) != 0 {
			t.Errorf("%v: %q, %d used", c.p, answer, used)
		}
	}
}

func TestProjectorClass2AndKinds(t *testing.T) {
	w := shortLamp(t)
	p, tcp := projectorOn(t, w, ProjectorOpts{Class2: true, Lamps: 2})
	c := call(t, tcp)
	c.hear()
	c.ask("%1LAMP ?", "%1LAMP=1234 0 1234 0")
	c.ask("%2FILT ?", "%2FILT=120")
	c.ask("%2IRES ?", "%2IRES=-")
	c.ask("%2INNM ?31", "%2INNM=Input 31")
	c.ask("%2INST ?", "%2INST=11 21 31 32")
	c.ask("%2INPT ?", "%2INPT=ERR3")
	c.ask("%2FREZ 1", "%2FREZ=OK")
	c.ask("%2FREZ ?", "%2FREZ=1")
	for kind, want := range map[string]string{"fan": "200000", "temperature": "002000", "cover": "000200", "filter": "000020", "other": "000002"} {
		if err := p.Fault(kind); err != nil {
			t.Fatal(err)
		}
		c.ask("%1ERST ?", "%1ERST="+want)
	}
	if err := p.Fault("refuses"); err != nil {
		t.Fatal(err)
	}
	c.ask("%1POWR ?", "%1POWR=ERR3")
	if err := p.Fault("closes"); err != nil {
		t.Fatal(err)
	}
	c = call(t, tcp)
	c.hear()
	_, _ = io.WriteString(c.c, "%1POWR ?\r")
	c.ends()
}

func FuzzSerialProjectors(f *testing.F) {
	for _, s := range []string{"PWR?\r", "*pow=?#", "~00124 1\r", "\x00\x85\x00\x00\x01\x01\x87", "\x02\x03\x00\x00\x00\x05", "~\r", "=#", "\x03\x96\x00\x00\x02\x00\x01\x9c"} {
		f.Add([]byte(s))
	}
	w := world.New(world.Opts{Loads: []world.Load{{Name: "projector", Kind: world.ProjectorLoad}}})
	w.SetRelay(0, true)
	hold(w, 1500*time.Millisecond)
	if w.Snapshot().Projector.State != hal.DisplayStandby {
		f.Fatal("not powered")
	}
	all := []handler{NewEpson(w, nullPort{}, EpsonOpts{}), NewBenQ(w, nullPort{}, BenQOpts{}), NewOptoma(w, nullPort{}, OptomaOpts{}), NewNEC(w, nullPort{}, NECOpts{})}
	f.Fuzz(func(t *testing.T, got []byte) {
		if len(got) == 0 {
			return
		}
		for _, p := range all {
			if used, answer := p.handle(got); used > len(got) || len(answer) > 2*len(got)+128 {
				t.Errorf("%v: %q: used %d, answer %q", p, got, used, answer)
			}
		}
	})
}
