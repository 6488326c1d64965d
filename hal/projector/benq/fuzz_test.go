package benq

import (
	"strings"
	"testing"
)

func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		">*pow=?#\r\n*POW=ON#\r\n>", "*pow=on#\r\n*pow=on#\r\n", "*Block item#", "*LTIM= 1383\r", ">*modelname=?#w700\r",
		"\r*pow=on#\r", "\xff#", "=#", ">>>>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, q := range [][2]string{{"pow", "?"}, {"pow", "on"}, {"modelname", "?"}} {
			v, n, err := scan(b, q[0], q[1])
			if n > len(b) || n > 0 && (err != nil || v == "") {
				t.Fatalf("%q: %q, %d of %d bytes, %v", q, v, n, len(b), err)
			}
			if n == 0 && v != "" {
				t.Fatalf("%q: %q before its end", q, v)
			}
			if n > 0 && q[1] == "on" && (v != "ON" || !strings.Contains(strings.ToUpper(string(b)), "POW")) {
				t.Fatalf("%q accepted %q", b, v)
			}
			if n > 0 && strings.ContainsAny(v, "\r\n#>") {
				t.Fatalf("%q", v)
			}
		}
	})
}
