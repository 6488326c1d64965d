package escvp21

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzReply(f *testing.F) {
	for _, seed := range []string{"PWR=01\r:", "ERR\r:", ":", "::PWR=03\r:", "IMEVENT=0001 03\r:PWR=01\r:", "\x00pwr=\r\n:", "=\r:", "PWR=01\r"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, n, err := scan(b, "PWR")
		if n > len(b) || n > 0 && err != nil {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
		if n > 0 && (b[n-1] != ':' || !bytes.Contains(bytes.ToUpper(b[:n]), []byte("PWR")) || strings.ContainsAny(v, "\r:")) {
			t.Fatalf("%q out of %q", v, b[:n])
		}
		if _, n, _ := scan(b, ""); n > len(b) || n > 0 && b[n-1] != ':' {
			t.Fatalf("prompt of %q at %d", b, n)
		}
	})
}

// pipe is a projector that has said everything already.
type pipe struct {
	bytes.Buffer
	said *bytes.Reader
}

func (p *pipe) Read(b []byte) (int, error) { return p.said.Read(b) }

func FuzzSession(f *testing.F) {
	f.Add([]byte("ESC/VP.net\x10\x03\x00\x00\x20\x00PWR=01\r:"), "")
	f.Add([]byte("ESC/VP.net\x10\x03\x00\x00\x41\x01xxxxxxxxxxxxxxxxxx"), "secret")
	f.Add([]byte("ESC/VP.net\x10\x03\x00\x00\x20\xff"), "")
	f.Fuzz(func(t *testing.T, said []byte, password string) {
		if len(password) > 16 {
			return
		}
		p := &pipe{said: bytes.NewReader(said)}
		err := connect(p, password)
		if n := p.Len(); n != frameLen && n != frameLen+headerLen {
			t.Fatalf("sent %d bytes", n)
		}
		if err != nil {
			return
		}
		if said[14] != 0x20 {
			t.Fatalf("% x is no session", said)
		}
		b, err := collect(p, func(b []byte) (int, error) { _, n, err := scan(b, "PWR"); return n, err })
		if err == nil && (len(b) == 0 || len(b) > maxReply) {
			t.Fatalf("answer of %d bytes", len(b))
		}
	})
}
