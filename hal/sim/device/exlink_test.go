package device

import (
	"bytes"
	"testing"
	"time"

	"stationbox/hal/sim/world"
)

// replay sends the golden requests one after the other.
func replay(t *testing.T, file string, handle func([]byte) (int, []byte)) {
	t.Helper()
	for _, p := range golden(t, file) {
		used, answer := handle(p[0])
		if used != len(p[0]) || !bytes.Equal(answer, p[1]) {
			t.Errorf("%s\n> % X\n< % X (%d used)\nwant % X", file, p[0], answer, used, p[1])
		}
	}
}

func TestExLinkFrames(t *testing.T) {
	replay(t, "exlink.txt", NewExLinkTV(powered(t, world.Opts{}), nullPort{}, ExLinkOpts{}).handle)
}

func TestExLinkInputAndSound(t *testing.T) {
	w := powered(t, world.Opts{})
	tv := NewExLinkTV(w, nullPort{}, ExLinkOpts{Noise: true})
	w.TVPower(true)
	hold(w, 4*time.Second)
	for _, c := range []string{"\x08\x22\x0a\x00\x05\x02\xc5", "\x08\x22\x01\x00\x00\x1e\xb7", "\x08\x22\x02\x00\x00\x00\xd4"} {
		if used, answer := tv.handle([]byte(c)); used != 7 || !bytes.HasSuffix(answer, []byte{3, 0x0C, 0xF1}) || len(answer) != 9 {
			t.Errorf("% x: %d used, % x", c, used, answer)
		}
	}
	if v := tv.Snapshot(); v != (TVView{State: "on", Input: "hdmi3", Volume: 30, Mute: true}) {
		t.Errorf("%+v", v)
	}
}

func TestExLinkQuirks(t *testing.T) {
	w := powered(t, world.Opts{})
	on, status := []byte("\x08\x22\x00\x00\x00\x02\xd4"), []byte("\x08\x22\xf0\x00\x00\x00\xe6")
	mute := NewExLinkTV(w, nullPort{}, ExLinkOpts{MuteInStandby: true, NoStatus: true})
	if _, answer := mute.handle(on); answer != nil || w.Snapshot().TV.State.String() != "warming" {
		t.Errorf("mute in standby: % x, %v", answer, w.Snapshot().TV.State)
	}
	if _, answer := mute.handle(status); !bytes.Equal(answer, []byte{3, 0x0C, 0xFF}) {
		t.Errorf("no status: % x", answer)
	}
	liar := NewExLinkTV(w, nullPort{}, ExLinkOpts{})
	if err := liar.Fault("ignores"); err != nil {
		t.Fatal(err)
	}
	if _, answer := liar.handle([]byte("\x08\x22\x00\x00\x00\x01\xd5")); !bytes.Equal(answer, []byte{3, 0x0C, 0xF1}) || w.Snapshot().TV.State.String() != "warming" {
		t.Errorf("ignores: % x, %v", answer, w.Snapshot().TV.State)
	}
}

func TestMDCFrames(t *testing.T) {
	replay(t, "mdc.txt", NewMDCTV(powered(t, world.Opts{}), nullPort{}, MDCOpts{}).handle)
}

func TestMDCInputAndSound(t *testing.T) {
	w := powered(t, world.Opts{})
	tv := NewMDCTV(w, nullPort{}, MDCOpts{ID: -1})
	w.TVPower(true)
	hold(w, 4*time.Second)
	for request, want := range map[string]string{
		"\xaa\x14\x00\x01\x23\x38": "\xaa\xff\x00\x03A\x14\x23\x7a",
		"\xaa\x12\x00\x01\x1e\x31": "\xaa\xff\x00\x03A\x12\x1e\x73",
		"\xaa\x12\x00\x01\x65\x78": "\xaa\xff\x00\x03N\x12\x01\x63",
		"\xaa\x13\x00\x01\x01\x15": "\xaa\xff\x00\x03A\x13\x01\x57",
		"\xaa\x13\xfe\x01\x01\x13": "",
		"\xaa\x11\x07\x00\x18":     "",
	} {
		if used, answer := tv.handle([]byte(request)); used != len(request) || string(answer) != want {
			t.Errorf("% x: %d used, % x, want % x", request, used, answer, want)
		}
	}
	if v := tv.Snapshot(); v != (TVView{State: "on", Input: "hdmi2", Volume: 30, Mute: true}) {
		t.Errorf("%+v", v)
	}
	if err := tv.Fault("as_pc"); err != nil {
		t.Fatal(err)
	}
	if _, answer := tv.handle([]byte("\xaa\x14\x00\x00\x14")); string(answer) != "\xaa\xff\x00\x03A\x14\x24\x7b" {
		t.Errorf("as a computer: % x", answer)
	}
}

func FuzzSamsung(f *testing.F) {
	for _, file := range []string{"exlink.txt", "mdc.txt"} {
		for _, p := range golden(f, file) {
			f.Add(p[0])
		}
	}
	w := world.New(world.Opts{Loads: testLoads})
	ex, signage := NewExLinkTV(w, nullPort{}, ExLinkOpts{}), NewMDCTV(w, nullPort{}, MDCOpts{})
	f.Fuzz(func(t *testing.T, got []byte) {
		if used, _ := ex.handle(got); used > len(got) || len(got) > 6 && used == 0 {
			t.Errorf("exlink % x: used %d", got, used)
		}
		if used, _ := signage.handle(got); used > len(got) || len(got) > 259 && used == 0 {
			t.Errorf("mdc % x: used %d", got, used)
		}
	})
}
