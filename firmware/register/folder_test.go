package register_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"

	"stationbox/firmware/register"
	"stationbox/firmware/text"
)

// hand is a key of the test.
type hand struct{ key ed25519.PrivateKey }

func (h hand) KeyID() string { return "0011223344556677" }
func (h hand) Statement(domain string, message []byte) []byte {
	return ed25519.Sign(h.key, append([]byte(domain+"\x00"), message...))
}

func aHand(seed byte) hand {
	s := make([]byte, ed25519.SeedSize)
	s[0] = seed
	return hand{ed25519.NewKeyFromSeed(s)}
}

func (h hand) check(key, domain string, message, sig []byte) (known, good bool) {
	return key == h.KeyID(), ed25519.Verify(h.key.Public().(ed25519.PublicKey), append([]byte(domain+"\x00"), message...), sig)
}

func TestLook(t *testing.T) {
	out := os.Getenv("LOOK")
	if out == "" {
		t.Skip()
	}
	s, o := october(t)
	for _, lang := range []string{"zh", "en"} {
		if _, err := register.Write(filepath.Join(out, lang), build(t, s, o), text.New(lang), aHand(1), false); err != nil {
			t.Fatal(err)
		}
	}
}
