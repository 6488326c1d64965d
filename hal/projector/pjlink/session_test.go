package pjlink

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzSession(f *testing.F) {
	for _, seed := range []string{
		"PJLINK 0\r%1POWR=1\r",
		"PJLINK 1 498e4a67\r%1POWR=ERR3\r",
		"pjlink 0\r\n\x00%2LKUP=11:22\r%1powr=ok\r\x00",
		"PJLINK ERRA\r",
		"PJLINK 0\r%1POWR=ERRA\r",
		"PJLINK 0\r%1PO",
		"\r\r\r",
		"PJLINK 1\rPJLINK 1 \r",
		"PJLINK 0\r" + strings.Repeat("%2ERST=000000\r", 400),
	} {
		f.Add([]byte(seed), "secret")
	}
	f.Add([]byte("PJLINK 1 498e4a67\r"), "")
	f.Fuzz(func(t *testing.T, said []byte, password string) {
		s := session{conn: bytes.NewReader(said)}
		prefix, err := s.greeting(password)
		if err != nil {
			return
		}
		if len(prefix) != 0 && len(prefix) != 32 {
			t.Fatalf("prefix %q", prefix)
		}
		param, err := s.answer(class1, "POWR")
		if s.total > maxSession+maxLine {
			t.Fatalf("%d bytes taken", s.total)
		}
		if err != nil {
			return
		}
		if strings.ContainsAny(param, "\r") || len(param) > 2*maxLine {
			t.Fatalf("parameter %q", param)
		}
		if !bytes.Contains(bytes.ToUpper(said), []byte("%1POWR")) {
			t.Fatalf("%q believed without an answer", param)
		}
	})
}
