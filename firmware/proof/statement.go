package proof

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
)

// statements stands before the bytes of what the key signs besides lessons. No signed
// lesson begins so.
const statements = "stationbox statement\x00"

// KeyID is the id of k.
func (k *Key) KeyID() string { return k.ID }

// Statement signs a message that is no lesson record, such as the list of a month's
// books. domain, without a zero byte, says what it is: a signature for one domain is
// none for another.
func (k *Key) Statement(domain string, message []byte) []byte {
	return ed25519.Sign(k.private, statement(domain, message))
}

// VerifyStatement says whether sig is what the key signed by Statement.
func VerifyStatement(pub ed25519.PublicKey, domain string, message, sig []byte) bool {
	return len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, statement(domain, message), sig)
}

func statement(domain string, message []byte) []byte {
	return append([]byte(statements+domain+"\x00"), message...)
}

// ReadKey reads the key in dir. Unlike OpenKey it makes none and touches nothing, so
// that it may be called while the station runs.
func ReadKey(dir string) (*Key, error) {
	b, err := readSmall(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	k, err := parseKey(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	return k, nil
}
