package live

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"
)

// open is an outlet with a stream that has run for ten seconds.
func open(t *testing.T) (*intake, *outlet, *mux) {
	t.Helper()
	now := time.Now()
	in := newIntake(0, func() time.Time { return now })
	m := newMux()
	for n := range 250 {
		now = now.Add(40 * time.Millisecond)
		in.take(m.tick(n))
	}
	o, err := openOutlet(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() { _ = o.run() })
	t.Cleanup(func() {
		o.close()
		all.Wait()
	})
	return in, o, m
}

// A player gets the last two seconds at once, from an entry point.
func TestAPlayerIsGivenACushion(t *testing.T) {
	in, o, m := open(t)
	address := o.next()
	a, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	in.take(m.tick(250))
	o.next() // ends the answer
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	d := newDemux(0)
	first := -1
	i := 0
	d.feed(b, func(_ []byte, f frame) {
		if f.fresh {
			if first < 0 && f.entry {
				first = i
			}
			i++
		}
	})
	if first != 0 || d.frames < 51 || d.frames > 100 || d.lost != 0 {
		t.Errorf("first entry at frame %d: %+v", first, d.counts)
	}
	for _, bad := range []string{address, o.base + "/", o.base + "/x/2.ts"} {
		a, err := http.Get(bad)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		if a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", bad, a.Status)
		}
	}
}

func TestASlowReaderIsLeftBehind(t *testing.T) {
	in, _, _ := open(t)
	slow, quick := in.join(), in.join()
	for range 2 * queueMost / 4096 {
		for r := range in.readers {
			r.give(make([]byte, 4096))
		}
		if _, late := quick.get(); late {
			t.Fatal("a quick reader is late")
		}
	}
	if b, late := slow.get(); !late || len(b) != 0 || slow.bytes > queueMost {
		t.Errorf("%d pieces, late %v", len(b), late)
	}
	in.leave(slow)
	in.leave(quick)
	if len(in.readers) != 0 {
		t.Errorf("%d readers", len(in.readers))
	}
}

// An hour of a stream, and as much noise as comes, do not make it grow.
func TestMemoryIsBounded(t *testing.T) {
	now := time.Now()
	in := newIntake(0, func() time.Time { return now })
	box := mixer{take: in.take}
	m, r := newMux(), rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 65507)
	var least runtime.MemStats
	runtime.ReadMemStats(&least)
	for n := range 5000 {
		now = now.Add(20 * time.Millisecond)
		for range 4 {
			box.datagram(now, netip.MustParseAddrPort("10.0.0.1:1"), bytes.Repeat(m.frame(m.audio, uint64(n), false), 7))
		}
		box.datagram(now, netip.MustParseAddrPort("10.0.0.1:1"), m.tick(n))
		for i := 0; i < len(noise); i += 1 + r.IntN(50) {
			noise[i] = byte(r.Uint32())
		}
		noise[0] = []byte{0x80, 0x47, 0}[n%3]
		box.datagram(now, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 1), noise[:r.IntN(len(noise))])
		if n == 100 {
			in.join() // and never reads
		}
	}
	runtime.GC()
	var most runtime.MemStats
	runtime.ReadMemStats(&most)
	if grown := int64(most.HeapAlloc) - int64(least.HeapAlloc); grown > keepMost+queueMost+4<<20 {
		t.Errorf("%d MB more", grown>>20)
	}
	if in.bytes > keepMost+mostDatagram || len(box.order.held) > mostHeld {
		t.Errorf("%d bytes, %d packets held", in.bytes, len(box.order.held))
	}
	runtime.KeepAlive(in)
}

// A stream of 800 Mbit/s keeps no more than its share.
func TestAFloodIsBounded(t *testing.T) {
	now := time.Now()
	in := newIntake(0, func() time.Time { return now })
	m := newMux()
	in.take(m.tick(0))
	flood := bytes.Repeat(m.frame(m.audio, 0, false), 300)
	for i := 0; i < len(flood); i += packetSize {
		flood[i+3] = flood[i+3]&0xf0 | byte(i/packetSize)&0xf
	}
	for range 1000 {
		in.take(flood)
	}
	if in.bytes > keepMost || in.bytes < keepMost/2 {
		t.Errorf("%d bytes kept", in.bytes)
	}
}

func BenchmarkIntake(b *testing.B) {
	in := newIntake(0, time.Now)
	m := newMux()
	var pieces [][]byte
	for n := range 250 {
		pieces = append(pieces, append(m.tick(n), bytes.Repeat(m.frame(m.audio, 0, false), 5)...))
	}
	b.ResetTimer()
	n := 0
	for b.Loop() {
		in.take(pieces[n%len(pieces)])
		b.SetBytes(int64(len(pieces[n%len(pieces)])))
		n++
	}
}
