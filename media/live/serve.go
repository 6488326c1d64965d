package live

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	writeBound = 5 * time.Second // for a player to take some bytes
	joinWait   = 3 * time.Second // of a player for the tables of the programme
	mostHeads  = 8 << 10         // bytes of a request
)

// outlet serves the stream to the player on a loopback port. A player gets what
// is being received at its own pace; it can neither hold nor hurt the reception.
type outlet struct {
	in     *intake
	l      net.Listener
	base   string // of addresses
	secret string // other programs on the box cannot guess the address
	server *http.Server

	busy sync.WaitGroup // requests

	mu   sync.Mutex
	turn int           // of the address that is valid
	over chan struct{} // closed when the next turn begins
}

// openOutlet begins to serve; close ends it.
func openOutlet(ctx context.Context, in *intake) (*outlet, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("outlet to the player: %w", err)
	}
	o := &outlet{in: in, l: l, base: "http://" + l.Addr().String(), secret: rand.Text(), over: make(chan struct{})}
	o.server = &http.Server{Handler: o, ReadTimeout: writeBound, MaxHeaderBytes: mostHeads}
	return o, nil
}

func (o *outlet) run() error {
	if err := o.server.Serve(o.l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("outlet to the player: %w", err)
	}
	return nil
}

func (o *outlet) close() {
	o.next()
	_ = o.server.Close()
	o.busy.Wait()
}

// next returns a new address and ends whoever reads the one before.
func (o *outlet) next() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.over)
	o.over = make(chan struct{})
	o.turn++
	return o.base + o.path()
}

func (o *outlet) path() string { return fmt.Sprintf("/%s/%d.ts", o.secret, o.turn) }

// ServeHTTP sends the stream until the player or the turn ends.
func (o *outlet) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	o.busy.Add(1)
	defer o.busy.Done()
	o.mu.Lock()
	over, valid := o.over, q.URL.Path == o.path()
	o.mu.Unlock()
	if !valid || q.Method != http.MethodGet {
		http.NotFound(w, q)
		return
	}
	r := o.await(q.Context(), over)
	if r == nil {
		http.Error(w, "no programme", http.StatusServiceUnavailable)
		return
	}
	defer o.in.leave(r)
	w.Header().Set("Content-Type", "video/mp2t")
	w.Header().Set("Connection", "close")
	pour(q.Context(), w, over, r)
}

// pour writes what the reader gets until somebody has had enough.
func pour(ctx context.Context, w http.ResponseWriter, over <-chan struct{}, r *reader) {
	control := http.NewResponseController(w)
	for {
		select {
		case <-ctx.Done():
			return
		case <-over:
			return
		case <-r.wake:
		}
		waiting, late := r.get()
		if late || control.SetWriteDeadline(time.Now().Add(writeBound)) != nil {
			return
		}
		for _, b := range waiting {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
		if control.Flush() != nil {
			return
		}
	}
}

// await joins as soon as the programme is known.
func (o *outlet) await(ctx context.Context, over <-chan struct{}) *reader {
	ctx, cancel := context.WithTimeout(ctx, joinWait)
	defer cancel()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		if r := o.in.join(); r != nil {
			return r
		}
		select {
		case <-tick.C:
		case <-over:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}
