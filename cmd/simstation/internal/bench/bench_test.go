package bench

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
)

type stub struct {
	mu    sync.Mutex
	lines []string
}

func (s *stub) Snapshot() any { return map[string]int{"seed": 7} }

func (s *stub) Do(line string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
	if line == "prss 1" {
		return errors.New(`unknown action "prss"`)
	}
	return nil
}

func (s *stub) Frame(w io.Writer, display string) error {
	if display != "tv" {
		return errors.New("no such display")
	}
	_, err := w.Write([]byte{0xff, 0xd8})
	return err
}

func serve(t *testing.T) (*Server, *stub) {
	t.Helper()
	v := &stub{}
	s, err := Serve("127.0.0.1:0", v, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, v
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(b)
}

func TestPagesAndPictures(t *testing.T) {
	s, _ := serve(t)
	tests := []struct {
		path string
		code int
		kind string
	}{
		{"", 200, "text/html; charset=utf-8"},
		{"api/state", 200, "application/json"},
		{"frame/tv.jpg", 200, "image/jpeg"},
		{"frame/fridge.jpg", 404, "text/plain; charset=utf-8"},
		{"frame/tv.png", 404, "text/plain; charset=utf-8"},
		{"nothing", 404, "text/plain; charset=utf-8"},
	}
	for _, tt := range tests {
		r, _ := get(t, s.URL()+tt.path)
		if r.StatusCode != tt.code || r.Header.Get("Content-Type") != tt.kind {
			t.Errorf("%s: %d %s", tt.path, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
}

func TestDo(t *testing.T) {
	s, v := serve(t)
	tests := []struct {
		body, kind string
		code       int
		answer     string
	}{
		{`{"line":"press 12"}`, "application/json", 200, `{"ok":true}`},
		{`{"line":"prss 1"}`, "application/json; charset=utf-8", 422, `unknown action`},
		{`{"line":`, "application/json", 400, `request`},
		{`{"line":"` + strings.Repeat("x", 9000) + `"}`, "application/json", 400, `request`},
		{`{"line":"kill guard"}`, "text/plain", 415, `send JSON`},
	}
	for _, tt := range tests {
		r, err := http.Post(s.URL()+"api/do", tt.kind, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != tt.code || !strings.Contains(string(b), tt.answer) {
			t.Errorf("%.40s: %d %s", tt.body, r.StatusCode, b)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if got := strings.Join(v.lines, "|"); got != "press 12|prss 1" {
		t.Errorf("lines done: %s", got)
	}
}

func TestEventsStreamStates(t *testing.T) {
	s, _ := serve(t)
	r, err := http.Get(s.URL() + "api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	for seen := 0; seen < 3; {
		if !lines.Scan() {
			t.Fatal("the stream ended", lines.Err())
		}
		if lines.Text() == "" {
			continue
		}
		if lines.Text() != `data: {"seed":7}` {
			t.Fatalf("line %q", lines.Text())
		}
		seen++
	}
}

func TestBusyPortSaysWhatToDo(t *testing.T) {
	s, _ := serve(t)
	addr := strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/")
	_, err := Serve(addr, &stub{}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "-listen") {
		t.Errorf("error %v", err)
	}
}
