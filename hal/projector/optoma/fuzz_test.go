package optoma

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzReply(f *testing.F) {
	for _, seed := range []string{"P", "F\r", "Ok1\r", "INFO1\rOk0\r", "POk1234\r", "INF", "\xc4\xb1\xff\r", "O\r", "INFO12\r", "Ok 000\n00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, n, err := scan(b, true)
		upper := bytes.ToUpper(b[:min(n, len(b))])
		if n > len(b) || n > 0 && (err != nil || !bytes.Contains(upper, []byte("OK")) || !bytes.Contains(upper, []byte(a.value))) {
			t.Fatalf("%+v, %d of %q, %v", a, n, b, err)
		}
		if n == 0 && a.value != "" || strings.ContainsAny(a.value, "\r\n") {
			t.Fatalf("%+v out of %q", a, b)
		}
		_, n, err = scan(b, false)
		if n > len(b) || n > 0 && (err != nil || b[n-1]&^0x20 != 'P') {
			t.Fatalf("accepted %d of %q, %v", n, b, err)
		}
	})
}
