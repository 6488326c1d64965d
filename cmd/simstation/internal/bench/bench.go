// Package bench is the web page at which a person stands before the simulated
// village: it sees what the displays show, presses the villagers' keys, turns
// the mains and breaks things. It only passes on: what happens is decided by
// the village behind it. It is for a desk, not for a network: it asks for no
// password, listens where it is told, and answers no other site's page.
package bench

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

//go:embed assets
var assets embed.FS

// Village is what the page shows and turns.
type Village interface {
	// Snapshot returns what is so now, as it goes into JSON.
	Snapshot() any
	// Do performs one line of the scenario language.
	Do(line string) error
	// Frame writes what a display shows now as JPEG.
	Frame(w io.Writer, display string) error
}

// Server serves the page of one village.
type Server struct {
	village Village
	log     *slog.Logger
	listen  net.Listener
	http    *http.Server
	ctx     context.Context // ends the streams
	cancel  context.CancelFunc
	served  chan error
}

// Times of the server.
const (
	statesEvery = 200 * time.Millisecond
	bound       = 5 * time.Second // of one answer
	maxBody     = 8 << 10
)

// Serve begins to serve the page at addr ("127.0.0.1:0" for a free port). The
// caller must Close it.
func Serve(addr string, village Village, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("bench page: %w: choose another address with -listen, for instance 127.0.0.1:0", err)
	}
	s := &Server{village: village, log: log, listen: l, served: make(chan error, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: bound, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() { s.served <- s.http.Serve(l) }()
	return s, nil
}

// URL is where the page is.
func (s *Server) URL() string { return "http://" + s.listen.Addr().String() + "/" }

// Close ends all streams and waits for the server to end.
func (s *Server) Close() error {
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/state", s.state)
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("POST /api/do", s.do)
	mux.HandleFunc("GET /frame/{picture}", s.frame)
	if root, err := fs.Sub(assets, "assets"); err == nil {
		mux.Handle("GET /", noStore(http.FileServerFS(root)))
	}
	return mux
}

// noStore keeps browsers from showing the page of an older program.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, http.StatusOK, s.village.Snapshot())
}

// events streams the state five times a second (server-sent events).
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	tick := time.NewTicker(statesEvery)
	defer tick.Stop()
	for {
		data, err := json.Marshal(s.village.Snapshot())
		if err != nil {
			s.log.Error("state", "err", err)
			return
		}
		if err := out.SetWriteDeadline(time.Now().Add(bound)); err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// do performs {"line":"mains 268V for 400ms"} now. A page of another site cannot
// send this without the browser asking first, because of the content type.
func (s *Server) do(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		s.refuse(w, http.StatusUnsupportedMediaType, errors.New(`send JSON: {"line":"press 12"}`))
		return
	}
	var ask struct {
		Line string `json:"line"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&ask); err != nil {
		s.refuse(w, http.StatusBadRequest, fmt.Errorf("request: %w", err))
		return
	}
	if err := s.village.Do(ask.Line); err != nil {
		s.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	s.answer(w, http.StatusOK, map[string]bool{"ok": true})
}

// frame is what a display shows now: /frame/tv.jpg or /frame/projector.jpg.
func (s *Server) frame(w http.ResponseWriter, r *http.Request) {
	display, ok := strings.CutSuffix(r.PathValue("picture"), ".jpg")
	var picture bytes.Buffer
	if !ok || s.village.Frame(&picture, display) != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "no-store")
	s.send(w, http.StatusOK, picture.Bytes())
}

func (s *Server) refuse(w http.ResponseWriter, code int, err error) {
	s.answer(w, code, map[string]string{"error": err.Error()})
}

func (s *Server) answer(w http.ResponseWriter, code int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		s.log.Error("answer", "err", err)
		http.Error(w, "no answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	s.send(w, code, data)
}

// send writes a bounded answer; a browser that went away is not our trouble.
func (s *Server) send(w http.ResponseWriter, code int, data []byte) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bound)); err != nil {
		s.log.Debug("answer", "err", err)
	}
	w.WriteHeader(code)
	if _, err := w.Write(data); err != nil {
		s.log.Debug("answer", "err", err)
	}
}
