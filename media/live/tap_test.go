package live_test

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tap is a relay of datagrams that lets through what it is told.
type tap struct {
	mode atomic.Value // "", "nothing", "no picture"
	last atomic.Int64 // unix nanoseconds of the last frame that went through whole
}

func newTap(t testing.TB, from, to int) *tap {
	t.Helper()
	in, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: from})
	if err != nil {
		t.Fatal(err)
	}
	out, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", to))
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{}
	p.mode.Store("")
	var done sync.WaitGroup
	done.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, err := in.Read(b)
			if err != nil {
				return
			}
			p.pass(out, b[:n])
		}
	})
	t.Cleanup(func() {
		_ = in.Close()
		done.Wait()
		_ = out.Close()
	})
	return p
}

func (p *tap) pass(out net.Conn, b []byte) {
	switch p.mode.Load() {
	case "":
		p.last.Store(time.Now().UnixNano())
	case "nothing":
		return
	case "no picture":
		var rest []byte
		for ; len(b) >= 188; b = b[188:] {
			if !ofPicture(b) {
				rest = append(rest, b[:188]...)
			}
		}
		b = rest
	}
	_, _ = out.Write(b) // nobody listens for a moment at the begin
}

// ofPicture says whether a packet is of ffmpeg's first stream.
func ofPicture(b []byte) bool { return int(b[1]&0x1f)<<8|int(b[2]) == 0x100 }
