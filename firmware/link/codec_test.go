package link_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"stationbox/firmware"
	"stationbox/firmware/link"
)

func TestGoldenMessages(t *testing.T) {
	golden, err := os.ReadFile("testdata/messages.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(golden) {
		m, err := link.Decode(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		again, err := link.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, line) {
			t.Errorf("got  %swant %s", again, line)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		name, line string
		is         error  // nil: any error
		text       string // part of the error
	}{
		{"empty", ``, nil, "line"},
		{"no JSON", `tea`, nil, "line"},
		{"cut off", `{"v":1,"type":"want","want":{"seq":1`, nil, "line"},
		{"two on a line", `{"v":1,"type":"hello"}{"v":1,"type":"hello"}`, nil, "line"},
		{"version 2", `{"v":2,"type":"hello"}`, link.ErrVersion, "version 2"},
		{"no version", `{"type":"hello"}`, link.ErrVersion, "version 0"},
		{"unknown type", `{"v":1,"type":"tea"}`, link.ErrType, "tea"},
		{"unknown type with odd fields", `{"v":1,"type":"tea","want":7}`, link.ErrType, "tea"},
		{"want without want", `{"v":1,"type":"want"}`, nil, `no "want"`},
		{"status without status", `{"v":1,"type":"status","want":{}}`, nil, `no "status"`},
		{"event null", `{"v":1,"type":"event","event":null}`, nil, `no "event"`},
		{"unknown display state", `{"v":1,"type":"want","want":{"displays":{"tv":"asleep"}}}`, nil, "asleep"},
		{"negative seq", `{"v":1,"type":"want","want":{"seq":-1}}`, nil, "seq"},
		{"too long", `{"v":1,"type":"error","error":"` + strings.Repeat("x", link.MaxLine) + `"}`, link.ErrTooLong, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := link.Decode([]byte(tt.line))
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v; want %v with %q", err, tt.is, tt.text)
			}
		})
	}
}

func TestDecodeIgnoresUnknownFields(t *testing.T) {
	m, err := link.Decode([]byte(`{"v":1,"type":"want","tea":{},"want":{"seq":4,"milk":1}}` + "\n"))
	if err != nil || m.Want.Seq != 4 {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	if _, err := link.Encode(link.Message{Type: link.TypeWant}); err == nil {
		t.Error("want without want was encoded")
	}
	long := link.Message{Type: link.TypeStatus, Status: &firmware.GuardStatus{Cause: strings.Repeat("x", link.MaxLine)}}
	if _, err := link.Encode(long); !errors.Is(err, link.ErrTooLong) {
		t.Errorf("error %v; want too long", err)
	}
}

func FuzzDecode(f *testing.F) {
	golden, err := os.ReadFile("testdata/messages.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(golden) {
		f.Add(line)
	}
	f.Add([]byte(`{"v":1,"type":"want","want":{"loads":null,"displays":{"":"off"}}}`))
	f.Add([]byte(`{"V":1,"tYpe":"error","error":"\u0000\ud800"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := link.Decode(line)
		if err != nil {
			return
		}
		once, err := link.Encode(m)
		if err != nil {
			if errors.Is(err, link.ErrTooLong) {
				return // escapes may be longer than what they stand for
			}
			t.Fatalf("decoded but not encodable: %v", err)
		}
		if n := bytes.IndexByte(once, '\n'); n != len(once)-1 {
			t.Fatalf("newline at %d of %d", n, len(once))
		}
		m2, err := link.Decode(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		twice, err := link.Encode(m2)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s (%v)", once, twice, err)
		}
	})
}
