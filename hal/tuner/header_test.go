package tuner

import (
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"periph.io/x/conn/v3/physic"
)

// abis are the machines of the golden files and their pointers.
var abis = []struct {
	name string
	word word
}{{"amd64", 8}, {"arm64", 8}, {"armhf", 4}}

// golden returns what the headers say on a machine: expression of C, value.
func golden(t testing.TB, abi string) map[string]uint64 {
	t.Helper()
	f, err := os.Open("testdata/abi.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]uint64{}
	for _, row := range rows[1:] {
		for i, a := range abis {
			if a.name != abi {
				continue
			}
			if said[row[0]], err = strconv.ParseUint(row[i+1], 0, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	return said
}

// structures returns whole structures of a machine by name.
func structures(t testing.TB, abi string) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/structs.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); f[0] == abi {
			if all[f[1]], err = hex.DecodeString(f[2]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func littleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the golden files are little endian")
	}
}

// TestHeader compiles two programs against the kernel's headers of this machine:
// they must say what the golden files say.
func TestHeader(t *testing.T) {
	littleEndian(t)
	abi := map[string]string{"amd64": "amd64", "arm64": "arm64", "arm": "armhf"}[runtime.GOARCH]
	if _, err := os.Stat("/usr/include/linux/dvb/frontend.h"); err != nil {
		missing(t, "no kernel header: "+err.Error()+" (Debian: linux-libc-dev)")
	}
	cc, err := exec.LookPath("cc")
	if err != nil || abi == "" {
		missing(t, "no C compiler for this machine (Debian: gcc)")
	}
	target, err := exec.CommandContext(t.Context(), cc, "-dumpmachine").Output()
	if cpu := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "armhf": "arm"}[abi]; err != nil || !strings.HasPrefix(string(target), cpu+"-") {
		t.Skipf("the compiler is for %s: this test runs under an emulator", target)
	}
	var c strings.Builder
	c.WriteString("#include <linux/dvb/frontend.h>\n#include <linux/dvb/dmx.h>\n#include <linux/dvb/version.h>\n" +
		"#include <sys/ioctl.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void)\n{\n")
	want := golden(t, abi)
	for item := range want {
		fmt.Fprintf(&c, "\tprintf(\"%s\\t%%llu\\n\", (unsigned long long)(%s));\n", item, item)
	}
	c.WriteString("\treturn 0;\n}\n")
	source := filepath.Join(t.TempDir(), "numbers.c")
	if err := os.WriteFile(source, []byte(c.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(compiled(t, cc, source)) {
		item, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if got, err := strconv.ParseUint(value, 10, 64); err != nil || uint32(got) != uint32(want[item]) {
			t.Errorf("%s is %s, golden file has %d", item, value, want[item])
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d of %d items", n, len(want))
	}
	for line := range strings.Lines(compiled(t, cc, "testdata/structs.c")) {
		f := strings.Fields(line)
		if want := hex.EncodeToString(structures(t, abi)[f[0]]); f[1] != want {
			t.Errorf("%s\n got %s\nwant %s", f[0], f[1], want)
		}
	}
}

// compiled returns what the program in source prints.
func compiled(t *testing.T, cc, source string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "program")
	if out, err := exec.CommandContext(t.Context(), cc, "-o", bin, source).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), bin).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestNumbersOfThreeMachines(t *testing.T) {
	for _, a := range abis {
		said := golden(t, a.name)
		for item, ours := range map[string]uint64{
			"FE_GET_INFO":                                getInfo,
			"FE_DISEQC_RESET_OVERLOAD":                   resetOverload,
			"FE_DISEQC_SEND_MASTER_CMD":                  sendDiSEqC,
			"FE_DISEQC_SEND_BURST":                       sendBurst,
			"FE_SET_TONE":                                setTone,
			"FE_SET_VOLTAGE":                             setVoltage,
			"FE_READ_STATUS":                             readStatus,
			"FE_SET_PROPERTY":                            uint64(a.word.setProperties()),
			"FE_GET_PROPERTY":                            uint64(a.word.getProperties()),
			"DMX_SET_FILTER":                             setFilter,
			"DMX_SET_BUFFER_SIZE":                        setBuffer,
			"DMX_SET_PES_FILTER":                         setPESFilter,
			"sizeof(struct dmx_pes_filter_params)":       sizePES,
			"sizeof(struct dtv_property)":                uint64(a.word.sizeProperty()),
			"sizeof(struct dtv_properties)":              uint64(a.word.sizeProperties()),
			"sizeof(struct dvb_frontend_info)":           sizeInfo,
			"sizeof(struct dvb_diseqc_master_cmd)":       sizeDiSEqC,
			"sizeof(struct dmx_sct_filter_params)":       sizeFilter,
			"sizeof(struct dtv_stats)":                   sizeStat,
			"offsetof(struct dtv_property,u)":            offUnion,
			"offsetof(struct dtv_property,u.buffer.len)": offLength,
			"DTV_TUNE":                                   propTune,
			"DTV_CLEAR":                                  propClear,
			"DTV_FREQUENCY":                              propFrequency,
			"DTV_MODULATION":                             propModulation,
			"DTV_INVERSION":                              propInversion,
			"DTV_SYMBOL_RATE":                            propRate,
			"DTV_INNER_FEC":                              propFEC,
			"DTV_PILOT":                                  propPilot,
			"DTV_ROLLOFF":                                propRolloff,
			"DTV_DELIVERY_SYSTEM":                        propSystem,
			"DTV_API_VERSION":                            propVersion,
			"DTV_STREAM_ID":                              propStream,
			"DTV_ENUM_DELSYS":                            propSystems,
			"DTV_STAT_SIGNAL_STRENGTH":                   propLevel,
			"DTV_STAT_CNR":                               propCNR,
			"DTV_STAT_PRE_ERROR_BIT_COUNT":               propPreErrors,
			"DTV_STAT_PRE_TOTAL_BIT_COUNT":               propPreBits,
			"DTV_STAT_POST_ERROR_BIT_COUNT":              propPostErrors,
			"DTV_STAT_POST_TOTAL_BIT_COUNT":              propPostBits,
			"DTV_STAT_ERROR_BLOCK_COUNT":                 propBadBlocks,
			"DTV_STAT_TOTAL_BLOCK_COUNT":                 propBlocks,
			"FE_HAS_SIGNAL":                              uint64(Signal),
			"FE_HAS_CARRIER":                             uint64(Carrier),
			"FE_HAS_VITERBI":                             uint64(Viterbi),
			"FE_HAS_SYNC":                                uint64(Sync),
			"FE_HAS_LOCK":                                uint64(Full),
			"FE_TIMEDOUT":                                uint64(TimedOut),
			"FE_REINIT":                                  uint64(Restarted),
			"FE_SCALE_NOT_AVAILABLE":                     scaleNone,
			"FE_SCALE_DECIBEL":                           scaleDB,
			"FE_SCALE_RELATIVE":                          scaleRelative,
			"FE_SCALE_COUNTER":                           scaleCounter,
			"SYS_DVBS":                                   sysDVBS,
			"SYS_DVBS2":                                  sysDVBS2,
			"SEC_VOLTAGE_13":                             voltage13,
			"SEC_VOLTAGE_18":                             voltage18,
			"SEC_VOLTAGE_OFF":                            voltageOff,
			"SEC_TONE_ON":                                toneOn,
			"SEC_TONE_OFF":                               toneOff,
			"FEC_AUTO":                                   fecAuto,
			"PILOT_AUTO":                                 pilotAuto,
			"ROLLOFF_AUTO":                               rolloffAuto,
			"MAX_DTV_STATS":                              maxStats,
		} {
			if want, ok := said[item]; !ok || want != ours {
				t.Errorf("%s: %s is %#x (known: %v), driver has %#x", a.name, item, want, ok, ours)
			}
		}
	}
}

// TestPointerStructure is about the machine that runs it.
func TestPointerStructure(t *testing.T) {
	for _, a := range abis {
		if a.word != machine {
			continue
		}
		said := golden(t, a.name)
		size, at := unsafe.Sizeof(dtvProperties{}), unsafe.Offsetof(dtvProperties{}.props)
		if uint64(size) != said["sizeof(struct dtv_properties)"] || uint64(at) != said["offsetof(struct dtv_properties,props)"] {
			t.Errorf("%d bytes, pointer at %d", size, at)
		}
	}
}

func TestStructuresOfThreeMachines(t *testing.T) {
	littleEndian(t)
	for _, a := range abis {
		s := structures(t, a.name)
		for name, got := range map[string][]byte{
			"set":    a.word.encode([]property{{propSystem, sysDVBS2}, {propFrequency, 1_150_000}}),
			"filter": encodeFilter(Filter{PID: 0x14, Table: 0x70, Loose: looseTime}),
			"diseqc": encodeDiSEqC([]byte{0xE0, 0x10, 0x38, 0xF3}),
			"pes":    encodePES(0x1ABC),
		} {
			if got, want := hex.EncodeToString(got), hex.EncodeToString(s[name]); got != want || want == "" {
				t.Errorf("%s: %s\n got %s\nwant %s", a.name, name, got, want)
			}
		}
		if got := a.word.stat(s["get"], 0); got != (stat{scaleDB, -55003}) {
			t.Errorf("%s: statistic %+v", a.name, got)
		}
		if got := hex.EncodeToString(a.word.list(s["get"], 1)); got != "0506" {
			t.Errorf("%s: list %s", a.name, got)
		}
		if got := a.word.data(s["set"], 1); got != 1_150_000 {
			t.Errorf("%s: data %d", a.name, got)
		}
		want := Info{Name: "Montage", Lowest: 950 * physic.MegaHertz, Highest: 2150 * physic.MegaHertz, SlowestRate: 1e6, FastestRate: 45e6}
		if got := decodeInfo(s["info"]); got != want {
			t.Errorf("%s: %+v", a.name, got)
		}
	}
}

// FuzzStatistics: whatever a driver writes, decibels are such as a receiver can
// measure.
func FuzzStatistics(f *testing.F) {
	for _, a := range abis {
		f.Add(byte(Full), structures(f, a.name)["get"])
	}
	f.Fuzz(func(t *testing.T, lock byte, b []byte) {
		for _, w := range []word{4, 8} {
			props := make([]byte, 8*w.sizeProperty())
			copy(props, b)
			s := w.status(Lock(lock), props)
			if db, ok := s.Level.DB(); ok && (db < -120 || db >= 0) {
				t.Errorf("level %v", db)
			}
			if db, ok := s.CNR.DB(); ok && (db < -10 || db > 40 || Lock(lock)&(Carrier|Full) == 0) {
				t.Errorf("C/N %v at %v", db, Lock(lock))
			}
			for _, v := range []Value{s.Level, s.CNR} {
				if v.Share < 0 || v.Share > 1 || v.Scale != InDecibels && v.Decibels != 0 {
					t.Errorf("%+v", v)
				}
			}
			if s.Raw.Errors > s.Raw.Total || s.Bits.Errors > s.Bits.Total {
				t.Errorf("%+v", s)
			}
			if len(w.list(props, 0)) > 32 {
				t.Error("a list longer than its place")
			}
		}
	})
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		name string
		in   stat
		want Value
		text string
	}{
		{"measured by vidtv", stat{scaleDB, -55003}, Value{Scale: InDecibels, Decibels: -55.003}, "-55.0dB"},
		{"vidtv without a lock", stat{scaleDB, -2_554_544_930}, Value{Scale: Implausible}, "implausible"},
		{"not filled in", stat{scaleDB, 0}, Value{Scale: Implausible}, "implausible"},
		{"not now", stat{scaleNone, 77}, Value{}, "unknown"},
		{"share", stat{scaleRelative, 0x7FFF}, Value{Scale: Relative, Share: 0x7FFF / 65535.0}, "50%"},
		{"share of more than all", stat{scaleRelative, 0x10000}, Value{Scale: Implausible}, "implausible"},
		{"a counter as level", stat{scaleCounter, 5}, Value{Scale: Implausible}, "implausible"},
		{"an unknown scale", stat{9, 5}, Value{Scale: Implausible}, "implausible"},
	} {
		if got := value(c.in, leastLevel, mostLevel); got != c.want || got.String() != c.text {
			t.Errorf("%s: %+v %q, want %+v %q", c.name, got, got, c.want, c.text)
		}
	}
}

func TestCounts(t *testing.T) {
	for _, c := range []struct {
		name       string
		wrong, all stat
		want       Count
	}{
		{"some", stat{scaleCounter, 3}, stat{scaleCounter, 1000}, Count{true, 3, 1000}},
		{"none yet", stat{scaleCounter, 0}, stat{scaleCounter, 0}, Count{Known: true}},
		{"more than all", stat{scaleCounter, 4}, stat{scaleCounter, 3}, Count{}},
		{"negative", stat{scaleCounter, -1}, stat{scaleCounter, 3}, Count{}},
		{"one is missing", stat{scaleCounter, 1}, stat{scaleNone, 3}, Count{}},
	} {
		if got := count(c.wrong, c.all); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
