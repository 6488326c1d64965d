package page_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// hall is a listener whose guests come through pipes, so that their time is simulated.
type hall struct {
	guests chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHall() *hall { return &hall{guests: make(chan net.Conn), closed: make(chan struct{})} }

func (h *hall) Accept() (net.Conn, error) {
	select {
	case c := <-h.guests:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *hall) Close() error   { h.once.Do(func() { close(h.closed) }); return nil }
func (h *hall) Addr() net.Addr { return address("10.0.0.1:8080") }

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

// seen is a connection that comes from an address.
type seen struct {
	net.Conn
	from address
}

func (s seen) RemoteAddr() net.Addr { return s.from }

func (h *hall) come(from string) net.Conn {
	near, far := net.Pipe()
	h.guests <- seen{far, address(from)}
	return near
}

// shut says whether the page has closed a connection.
func shut(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe)
}

// Guests who open connections and say nothing, or never end what they say, get few of
// them, and not for long; others are served.
func TestSlowGuests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vl := open(t)
		h := newHall()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- vl.Serve(ctx, h) }()
		var slow []net.Conn
		for i := range 60 {
			c := h.come(fmt.Sprintf("10.0.%d.9:%d", i/20, 1000+i))
			if i%2 == 0 {
				go func() { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: 10.0.0.1\r\nX: ") }()
			}
			slow = append(slow, c)
		}
		synctest.Wait()
		kept := 0
		for _, c := range slow {
			if !shut(c) {
				kept++
			}
		}
		if kept != 36 {
			t.Errorf("%d connections of three addresses are kept, want 12 of each", kept)
		}
		if code := ask(t, h.come("10.0.9.9:1")); code != 200 {
			t.Errorf("another guest: %d", code)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		for i, c := range slow {
			if !shut(c) {
				t.Fatalf("connection %d is still open after 6 s", i)
			}
		}
		if code := ask(t, h.come("10.0.0.9:1")); code != 200 {
			t.Errorf("an address that was slow before: %d", code)
		}
		// A body that never ends.
		c := h.come("10.0.8.9:1")
		go func() {
			_, _ = io.WriteString(c, "POST /login HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\npin=")
			_, _ = io.Copy(io.Discard, c)
		}()
		time.Sleep(22 * time.Second)
		synctest.Wait()
		if _, err := c.Write([]byte("4")); err == nil {
			t.Error("a form that never ends is still read after 22 s")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// No more than 48 connections are open at a time, however many addresses there are.
func TestManyConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vl := open(t)
		h := newHall()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- vl.Serve(ctx, h) }()
		var all []net.Conn
		for i := range 100 {
			all = append(all, h.come(fmt.Sprintf("10.1.%d.9:1", i)))
		}
		synctest.Wait()
		kept := 0
		for _, c := range all {
			if !shut(c) {
				kept++
			}
			_ = c.Close()
		}
		if kept != 48 {
			t.Errorf("%d connections are kept", kept)
		}
		synctest.Wait()
		if code := ask(t, h.come("10.2.0.9:1")); code != 200 {
			t.Errorf("when they have gone: %d", code)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// The page ends in time though somebody does not let go of it.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vl := open(t)
		h := newHall()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- vl.Serve(ctx, h) }()
		c := h.come("10.0.0.9:1")
		go func() { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: ") }()
		synctest.Wait()
		began := time.Now()
		cancel()
		if err := <-ended; err != nil || time.Since(began) > 4*time.Second {
			t.Errorf("ended after %v: %v", time.Since(began), err)
		}
		_ = c.Close()
	})
	vl := open(t)
	h := newHall()
	_ = h.Close()
	if err := vl.Serve(t.Context(), h); err == nil {
		t.Error("a listener that fails is no error")
	}
}

// A header that is too large is refused.
func TestLargeHeader(t *testing.T) {
	vl := open(t)
	r, err := http.NewRequest("GET", vl.serve(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		r.Header.Set(fmt.Sprint("X-", i), fmt.Sprintf("%01000d", i))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", answer.StatusCode)
	}
}

// ask asks for the page of today and returns the status of the answer.
func ask(t *testing.T, c net.Conn) int {
	t.Helper()
	defer func() { _ = c.Close() }()
	go func() { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n") }()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if err != nil {
		t.Error(err)
	}
	return answer.StatusCode
}
