package device

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal/sim/world"
)

// cecClaim takes address 4, as cec-ctl --playback does.
func cecClaim(t *testing.T, f *CECFile) {
	t.Helper()
	b := make([]byte, 92)
	b[6], b[7], b[31], b[35] = 5, 1, 4, 3
	if err := f.Ioctl(0xc05c6104, b); err != nil {
		t.Fatal(err)
	}
}

// cecSend transmits a frame and returns tx, rx and the frame that came back.
func cecSend(t *testing.T, f *CECFile, frame string, reply byte, wait uint32) (tx, rx byte, back string, err error) {
	t.Helper()
	b := make([]byte, 56)
	raw, err := hex.DecodeString(frame)
	if err != nil {
		t.Fatal(err)
	}
	binary.NativeEndian.PutUint32(b[16:], uint32(len(raw)))
	binary.NativeEndian.PutUint32(b[20:], wait)
	copy(b[32:], raw)
	b[48] = reply
	if err := f.Ioctl(0xc0386105, b); err != nil {
		return 0, 0, "", err
	}
	number := binary.NativeEndian.Uint32(b[24:])
	for range 1000 {
		in := make([]byte, 56)
		err := f.Ioctl(0xc0386106, in)
		if errors.Is(err, unix.EAGAIN) {
			err = f.Wait(t.Context())
		} else if err == nil && binary.NativeEndian.Uint32(in[24:]) == number {
			return in[50], in[49], hex.EncodeToString(in[32 : 32+binary.NativeEndian.Uint32(in[16:])]), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		for f.Ioctl(0xc0506107, make([]byte, 80)) == nil {
		}
	}
	t.Fatalf("%s: no outcome", frame)
	return 0, 0, "", nil
}

func TestCECBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := powered(t, world.Opts{})
		bus := NewCECBus(w, CECBusOpts{Address: 0x2000})
		f, err := bus.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := cecSend(t, f, "4036", 0, 0); !errors.Is(err, unix.EPERM) {
			t.Errorf("nothing claimed: %v", err)
		}
		cecClaim(t, f)
		if _, _, _, err := cecSend(t, f, "4036", 0, 0); !errors.Is(err, unix.ENONET) {
			t.Errorf("being claimed: %v", err)
		}
		time.Sleep(time.Second)
		began := time.Now()
		for _, c := range []struct {
			frame  string
			reply  byte
			wait   uint32
			tx, rx byte
			back   string
		}{
			{"408f", 0x90, 1000, 1, 1, "049001"},
			{"4004", 0, 0, 1, 0, "4004"},
			{"408f", 0x90, 1000, 1, 1, "049002"},
			{"4f822000", 0, 0, 1, 0, "4f822000"},
			{"4099", 0, 400, 1, 5, "04009900"},
			{"4046", 0x47, 1000, 1, 1, "04475456"},
			{"4036", 0, 400, 1, 2, "4036"},
			{"408f", 0x90, 1000, 1, 1, "049001"},
		} {
			tx, rx, back, err := cecSend(t, f, c.frame, c.reply, c.wait)
			if tx != c.tx || rx != c.rx || back != c.back || err != nil {
				t.Errorf("%s: tx %02x, rx %02x, %s, %v; want %02x, %02x, %s", c.frame, tx, rx, back, err, c.tx, c.rx, c.back)
			}
		}
		if d := time.Since(began); d < 1200*time.Millisecond || d > 2500*time.Millisecond {
			t.Errorf("the wire took %v", d)
		}
		if _, _, _, err := cecSend(t, f, "5036", 0, 0); !errors.Is(err, unix.EINVAL) {
			t.Errorf("from another's address: %v", err)
		}
		w.SetRelay(0, false)
		hold(w, 200*time.Millisecond)
		if tx, _, _, _ := cecSend(t, f, "408f", 0x90, 1000); tx != 0x24 {
			t.Errorf("no mains: tx %02x", tx)
		}
		if err := bus.Fault("unplugged"); err != nil {
			t.Fatal(err)
		}
		if err := f.Wait(t.Context()); !errors.Is(err, unix.ENODEV) {
			t.Errorf("unloaded: %v", err)
		}
		if _, err := bus.Open(); !errors.Is(err, unix.ENOENT) {
			t.Errorf("opened: %v", err)
		}
	})
}

func TestCECBusHotPlug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := powered(t, world.Opts{})
		bus := NewCECBus(w, CECBusOpts{DropsHotPlug: true})
		f, err := bus.Open()
		if err != nil {
			t.Fatal(err)
		}
		cecClaim(t, f)
		if _, _, _, err := cecSend(t, f, "408f", 0x90, 1000); !errors.Is(err, unix.ENONET) {
			t.Errorf("asleep: %v", err)
		}
		if tx, _, _, err := cecSend(t, f, "f004", 0, 0); tx != 1 || err != nil {
			t.Errorf("wake: %02x, %v", tx, err)
		}
		_ = f.Wait(t.Context()) // looks at the cable
		time.Sleep(time.Second)
		if _, _, back, err := cecSend(t, f, "408f", 0x90, 1000); back != "049002" || err != nil {
			t.Errorf("awake: %s, %v", back, err)
		}
	})
}

func TestCECBusAsksWhoIsActive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := powered(t, world.Opts{})
		bus := NewCECBus(w, CECBusOpts{})
		f, err := bus.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Ioctl(0x40046109, binary.NativeEndian.AppendUint32(nil, 0x11)); err != nil {
			t.Fatal(err)
		}
		w.TVPower(true)
		hold(w, 4*time.Second)
		_ = f.Wait(t.Context())
		time.Sleep(time.Second)
		in := make([]byte, 56)
		if err := f.Ioctl(0xc0386106, in); err != nil || hex.EncodeToString(in[32:34]) != "0f85" {
			t.Errorf("% x, %v", in[32:48], err)
		}
	})
}
