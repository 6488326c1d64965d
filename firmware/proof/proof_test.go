package proof_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"stationbox/firmware/proof"
)

// key is always the same one, so that golden records stay.
func key(t testing.TB) *proof.Key {
	k, err := proof.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ring(k *proof.Key) proof.Keyring { return proof.Keyring{k.ID: k.Public} }

// party is a lesson as it usually goes.
func party() proof.Record {
	start := time.Date(2026, 11, 23, 19, 30, 0, 0, time.FixedZone("CST", 8*3600))
	return proof.Record{
		Station: "370100-014", Boot: "5b1c07f20a99e3d4", Seq: new(int64(81)), Lesson: "party-2026-11-23", Title: "党课：乡村振兴 <第一讲>",
		Scheduled: new(start), Started: new(start), Ended: new(start.Add(45*time.Minute + 123456789)),
		Clock: proof.Clock{Source: "rtc", BoundMS: new(int64(1800)), Era: 2}, File: "party.mp4", Bytes: new(int64(734003200)),
		SHA256: strings.Repeat("ab", 32), LengthMS: new(int64(2700_000)), PlayedMS: 2700_000, Shown: new(int64(67498)), Power: "meter",
		TV: &proof.Watts{88, 96, 131}, Projector: &proof.Watts{201, 262, 270}, Present: [3]*int64{new(int64(23)), new(int64(21)), nil},
		Pauses: 1, PausedS: 75, Cause: "lesson.cause.played",
		Seen: &proof.Seen{BlackS: new(int64(0)), FrozenS: new(int64(45)), Heard: "yes", Pics: "8b0fae2c917d4403"},
	}
}

// TestGolden holds the bytes still: a record of today must be readable for ever.
func TestGolden(t *testing.T) {
	got := proof.Sign(party(), key(t))
	want, err := os.ReadFile("testdata/party-2.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	r, err := proof.Verify(got, ring(key(t)).Find)
	if err != nil || r.Title != "党课：乡村振兴 <第一讲>" || *r.Present[0] != 23 || r.Present[2] != nil || r.Dropped != nil || r.Ended.Nanosecond() != 0 {
		t.Errorf("read back: %+v, %v", r, err)
	}
}

// TestVersion1 reads a record of a program that knew nothing of what was seen.
func TestVersion1(t *testing.T) {
	b, err := os.ReadFile("testdata/party.json")
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.TrimSuffix(b, []byte("\n"))
	r, err := proof.Verify(b, ring(key(t)).Find)
	if err != nil || r.V != 1 || r.Seen != nil || *r.Present[0] != 23 {
		t.Errorf("read back: %+v, %v", r, err)
	}
	for old, now := range map[string]string{`"v":1`: `"v":2`, `"cause"`: `"seen":null,"cause"`} {
		if _, err := proof.Verify(bytes.Replace(b, []byte(old), []byte(now), 1), ring(key(t)).Find); !errors.Is(err, proof.ErrForm) {
			t.Errorf("with %s: %v", now, err)
		}
	}
}

func TestVerify(t *testing.T) {
	k := key(t)
	good := proof.Sign(party(), k)
	other, err := proof.NewKey(bytes.NewReader(bytes.Repeat([]byte{9}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, good, "", " "); err != nil {
		t.Fatal(err)
	}
	change := func(old, new string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("no %s in the record", old)
		}
		return bytes.Replace(bytes.Clone(good), []byte(old), []byte(new), 1)
	}
	tests := []struct {
		name string
		b    []byte
		keys proof.Keyring
		want error
	}{
		{"as signed", good, ring(k), nil},
		{"one more person", change(`"present":[23,`, `"present":[24,`), ring(k), proof.ErrSignature},
		{"another title", change("乡村", "城市"), ring(k), proof.ErrSignature},
		{"another lesson", change("party-2026-11-23", "party-2026-11-30"), ring(k), proof.ErrSignature},
		{"a member twice", change(`"v":2,`, `"v":2,"v":2,`), ring(k), proof.ErrForm},
		{"a member in capitals", change(`"cause"`, `"Cause"`), ring(k), proof.ErrForm},
		{"a member too many", change(`"v":2,`, `"v":2,"w":1,`), ring(k), proof.ErrForm},
		{"the same instant in another zone", change("T19:30:00+08:00", "T11:30:00Z"), ring(k), proof.ErrSignature},
		{"a number another way", change(`"pauses":1,`, `"pauses":1e0,`), ring(k), proof.ErrForm},
		{"nothing seen", change(`"seen":{"black_s":0,"frozen_s":45,"silent_s":null,"heard":"yes","live_s":null,"spare_s":null,"pics":"8b0fae2c917d4403"},`, ``), ring(k), proof.ErrForm},
		{"less black", change(`"black_s":0`, `"black_s":null`), ring(k), proof.ErrSignature},
		{"a rune escaped", change("党", "\\u515a"), ring(k), proof.ErrForm},
		{"of a newer program", change(`"v":2`, `"v":3`), ring(k), proof.ErrForm},
		{"reformatted", pretty.Bytes(), ring(k), proof.ErrForm},
		{"a line end", append(bytes.Clone(good), '\n'), ring(k), proof.ErrForm},
		{"nothing", nil, ring(k), proof.ErrForm},
		{"cut", good[:len(good)-1], ring(k), proof.ErrForm},
		{"no keys", good, nil, proof.ErrKey},
		{"another key under its name", good, proof.Keyring{k.ID: other.Public}, proof.ErrKey},
		{"another key's signature", change(k.ID, other.ID), ring(other), proof.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := proof.Verify(tt.b, tt.keys.Find); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestEveryByteCounts turns every bit of a record.
func TestEveryByteCounts(t *testing.T) {
	k := key(t)
	good := proof.Sign(party(), k)
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := proof.Verify(bad, ring(k).Find); err == nil {
				t.Fatalf("byte %d, bit %d: not found: %s", i, bit, bad)
			}
		}
		if _, err := proof.Verify(append(bytes.Clone(good[:i]), good[i+1:]...), ring(k).Find); err == nil {
			t.Fatalf("byte %d left out: not found", i)
		}
	}
}

// draw makes any record at all.
func draw(t *rapid.T) proof.Record {
	str := func(name string) string {
		s := rapid.String().Draw(t, name)
		return strings.Repeat(s, rapid.SampledFrom([]int{1, 1, 40}).Draw(t, name+" times"))
	}
	num := func(name string) *int64 {
		if !rapid.Bool().Draw(t, name+" known") {
			return nil
		}
		return new(rapid.Int64().Draw(t, name))
	}
	moment := func(name string) *time.Time {
		if !rapid.Bool().Draw(t, name+" known") {
			return nil
		}
		zone := time.FixedZone("x", rapid.IntRange(-90000, 90000).Draw(t, name+" zone"))
		return new(time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, name), rapid.Int64Range(0, 999999999).Draw(t, name+" ns")).In(zone))
	}
	watts := func(name string) *proof.Watts {
		if n := num(name); n != nil {
			return &proof.Watts{*n, 5, *n}
		}
		return nil
	}
	return proof.Record{
		Station: str("station"), Boot: str("boot"), Seq: num("seq"), Lesson: str("lesson"), Title: str("title"), Scheduled: moment("scheduled"),
		Started: moment("started"), Ended: moment("ended"), Clock: proof.Clock{Source: str("source"), BoundMS: num("bound"), Era: rapid.Int64().Draw(t, "era")},
		Relative: rapid.Bool().Draw(t, "relative"), File: str("file"), Bytes: num("bytes"), SHA256: str("sha"), Changed: rapid.Bool().Draw(t, "changed"),
		LengthMS: num("length"), PlayedMS: rapid.Int64().Draw(t, "played"), Shown: num("shown"), Dropped: num("dropped"), Power: str("power"),
		TV: watts("tv"), Projector: watts("projector"), Present: [3]*int64{num("start"), num("middle"), num("end")},
		Pauses: rapid.Int64().Draw(t, "pauses"), PausedS: rapid.Int64().Draw(t, "paused"), Cause: str("cause"), Key: str("key"),
	}
}

// TestAnyRecord: whatever is signed fits, can be read, and survives the journal.
func TestAnyRecord(t *testing.T) {
	k := key(t)
	rapid.Check(t, func(t *rapid.T) {
		b := proof.Sign(draw(t), k)
		if len(b) > proof.Most || !utf8.Valid(b) || bytes.ContainsAny(b, "\n\t\x00\x7f") {
			t.Fatalf("%d bytes: %q", len(b), b)
		}
		r, err := proof.Verify(b, ring(k).Find)
		if err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		if again := proof.Sign(r, k); !bytes.Equal(again, b) {
			t.Fatalf("signed again:\n%s\n%s", b, again)
		}
		var kept struct{ Data json.RawMessage }
		line, err := json.Marshal(map[string]any{"data": json.RawMessage(b)})
		if err != nil || json.Unmarshal(line, &kept) != nil || !bytes.Equal(kept.Data, b) {
			t.Fatalf("the journal changes it: %v\n%s\n%s", err, b, kept.Data)
		}
		i := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
		b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
		if _, err := proof.Verify(b, ring(k).Find); err == nil {
			t.Fatalf("byte %d changed: not found: %s", i, b)
		}
	})
}

// TestLargest fills every member to the brim: that still fits, with room for a
// title.
func TestLargest(t *testing.T) {
	long, most := strings.Repeat("<", 2000), new(int64(math.MaxInt64))
	at := new(time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*3600)))
	r := proof.Record{Station: long, Boot: long, Seq: most, Lesson: long, Title: strings.Repeat("题", 500), Scheduled: at, Started: at, Ended: at,
		Clock: proof.Clock{Source: long, BoundMS: most, Era: math.MaxInt64}, File: long, Bytes: most, SHA256: long, LengthMS: most, PlayedMS: math.MaxInt64,
		Shown: most, Dropped: most, Power: long, TV: &proof.Watts{*most, *most, *most}, Projector: &proof.Watts{*most, *most, *most},
		Present: [3]*int64{most, most, most}, Pauses: *most, PausedS: *most, Cause: long,
		Seen: &proof.Seen{BlackS: most, FrozenS: most, SilentS: most, Heard: long, LiveS: most, SpareS: most, Pics: long}}
	b := proof.Sign(r, key(t))
	got, err := proof.Verify(b, ring(key(t)).Find)
	if err != nil || len(b) > proof.Most || len(b) < proof.Most-4 {
		t.Fatalf("%d bytes, %v: %s", len(b), err, b)
	}
	if n := utf8.RuneCountInString(got.Title); n < 4 {
		t.Errorf("only %d runes of the title are left: %q", n, got.Title)
	}
	if !strings.HasSuffix(got.Title, "…") {
		t.Errorf("the cut title is not marked: %q", got.Title)
	}
}

// TestOpenSSL lets a program that knows nothing of us check a record by the
// package comment alone.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is missing")
		}
		t.Skip("openssl is missing")
	}
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	k := key(t)
	// SubjectPublicKeyInfo of RFC 8410, written out by hand.
	spki := append([]byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}, k.Public...)
	body, sig, ok := strings.Cut(string(proof.Sign(party(), k)), `,"sig":"`)
	if !ok {
		t.Fatal("no signature")
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimSuffix(sig, `"}`))
	if err != nil {
		t.Fatal(err)
	}
	message := "stationbox lesson proof 1\x00" + body + "}"
	check := func(message string) error {
		out, err := exec.Command(openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", file("pub.der", spki),
			"-in", file("message", []byte(message)), "-sigfile", file("sig", raw)).CombinedOutput()
		t.Logf("%s", bytes.TrimSpace(out))
		return err
	}
	if err := check(message); err != nil {
		t.Errorf("openssl does not accept the record: %v", err)
	}
	if err := check(strings.Replace(message, "[23,", "[24,", 1)); err == nil {
		t.Error("openssl accepts a changed record")
	}
	pemFile := file("pub.pem", proof.PublicPEM(k.Public))
	if out, err := exec.Command(openssl, "pkey", "-pubin", "-in", pemFile, "-noout").CombinedOutput(); err != nil {
		t.Errorf("openssl does not read the public key: %v %s", err, out)
	}
}

func FuzzParse(f *testing.F) {
	k := key(f)
	f.Add(proof.Sign(party(), k))
	f.Add(proof.Sign(proof.Record{}, k))
	f.Add([]byte(`{"v":1,"sig":"` + strings.Repeat("A", 86) + `"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := proof.Parse(b)
		if err != nil {
			return
		}
		if len(b) > proof.Most {
			t.Fatal("a record is too long")
		}
		if _, err := proof.Verify(b, proof.Keyring{r.Key: ed25519.PublicKey(k.Public)}.Find); err == nil {
			if again := proof.Sign(r, k); !bytes.Equal(again, b) {
				t.Fatalf("verified, but not what would be signed:\n%s\n%s", b, again)
			}
		}
	})
}
