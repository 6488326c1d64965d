package page

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"time"
)

const (
	idleLimit     = 15 * time.Minute
	absoluteLimit = 8 * time.Hour
	mostSessions  = 16
	sessionCookie = "session"
)

// session is somebody who has given the PIN.
type session struct {
	begun, used time.Time
	pin         string // the stamp of the PIN that was given
}

// sessions are kept in memory only: a restart logs everybody out. Their ids are 256
// random bits; what is kept is a hash of them. There is none before the log-in, so
// that nobody can be given an id to log in with.
type sessions struct {
	now func() time.Time

	mu   sync.Mutex
	list map[[sha256.Size]byte]*session
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, list: map[[sha256.Size]byte]*session{}}
}

// begin returns the id of a new session; the one unused for longest gives way when
// there are too many.
func (s *sessions) begin(pin string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	id := base64.RawURLEncoding.EncodeToString(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) >= mostSessions {
		s.drop()
	}
	now := s.now()
	s.list[sha256.Sum256([]byte(id))] = &session{begun: now, used: now, pin: pin}
	return id
}

func (s *sessions) drop() {
	var oldest [sha256.Size]byte
	var found *session
	for key, one := range s.list {
		if found == nil || one.used.Before(found.used) {
			oldest, found = key, one
		}
	}
	delete(s.list, oldest)
}

// valid says whether id is of a session that has not ended. pin is the stamp of the
// PIN of now; touch says that somebody uses it, and that it is not the page that asks
// for news by itself.
func (s *sessions) valid(id, pin string, touch bool) bool {
	key := sha256.Sum256([]byte(id))
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.list[key]
	if one == nil {
		return false
	}
	now := s.now()
	if now.Sub(one.used) >= idleLimit || now.Sub(one.begun) >= absoluteLimit || one.pin != pin || pin == "" {
		delete(s.list, key)
		return false
	}
	if touch {
		one.used = now
	}
	return true
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.list, sha256.Sum256([]byte(id)))
}

// idOf is the session that a request names, "" for none.
func idOf(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil || len(c.Value) > 64 {
		return ""
	}
	return c.Value
}

// give sets the cookie of a session; an empty id takes it away. It has no Secure:
// the page is plain HTTP.
func give(w http.ResponseWriter, id string) {
	c := &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: int(absoluteLimit.Seconds())}
	if id == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
