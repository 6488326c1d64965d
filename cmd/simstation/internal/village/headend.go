package village

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"stationbox/hal/sim/scenario"
)

// headend sends the live lessons of the script to the station as a transport
// stream over UDP, as a satellite receiver with a network output does.
type headend struct {
	v       *Village
	port    int
	clip    string // a transport stream with a key picture each second
	program *process
}

// sendAhead is how long before a live lesson it is on the air.
const sendAhead = 20 * time.Second

// openHeadend makes what is sent; a script without a live lesson has none.
func (v *Village) openHeadend() error {
	i := slices.IndexFunc(v.o.Script.Lessons, func(l scenario.Lesson) bool { return l.Live })
	if i < 0 {
		return nil
	}
	l := v.o.Script.Lessons[i]
	port, err := freePort()
	if err != nil {
		return fmt.Errorf("head end: %w", err)
	}
	film := filepath.Join(v.cfg.Library.Dir, l.File)
	clip, err := filepath.EvalSymlinks(film)
	if err != nil {
		return fmt.Errorf("head end: %w", err)
	}
	h := &headend{v: v, port: port, clip: clip + ".ts"}
	if _, err := os.Stat(h.clip); err != nil {
		if err := h.encode(clip); err != nil {
			return fmt.Errorf("head end: %w", err)
		}
	}
	v.headend = h
	return os.Remove(film) // it comes from outside
}

func freePort() (int, error) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).Port, nil
}

// encode makes the stream, which is kept in the cache with the clip.
func (h *headend) encode(clip string) error {
	part := h.clip + ".part"
	out, err := exec.CommandContext(h.v.ctx, "ffmpeg", "-v", "error", "-y", "-i", clip, "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "0",
		"-c:a", "mp2", "-b:a", "128k", "-f", "mpegts", part).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, lastLine(string(out)))
	}
	return os.Rename(part, h.clip)
}

// address is where the station finds it.
func (h *headend) address() string { return "udp://127.0.0.1:" + strconv.Itoa(h.port) }

// run sends from before the first live lesson on.
func (h *headend) run(ctx context.Context) error {
	for _, l := range h.v.o.Script.Lessons {
		if !l.Live {
			continue
		}
		if err := h.v.sleepUntil(ctx, h.v.clock.real(l.At).Add(-sendAhead)); err != nil {
			return err
		}
		break
	}
	return h.send()
}

// send begins to send, from the begin of the clip.
func (h *headend) send() error {
	out, err := h.v.logFile("headend")
	if err != nil {
		return err
	}
	p := &process{argv: []string{"ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", h.clip, "-c", "copy", "-f", "mpegts", h.address() + "?pkt_size=1316"},
		out: out, log: h.v.log, told: func(what string) { h.v.diary.add(h.v.now(), "process", "headend: "+what, "warn") }, view: Process{Name: "headend"}}
	p.run()
	h.v.mu.Lock()
	h.program = p
	h.v.mu.Unlock()
	return nil
}

// stop ends sending; a nil headend sends nothing.
func (h *headend) stop() {
	if h == nil {
		return
	}
	h.v.mu.Lock()
	p := h.program
	h.program = nil
	h.v.mu.Unlock()
	p.stop(time.Second)
}

// Fault cuts the stream, or lets it come again.
func (h *headend) Fault(kind string) error {
	switch {
	case h == nil:
		return fmt.Errorf("there is no head end here: the script has no live lesson")
	case kind == "silent":
		h.stop()
		return nil
	case kind == "none":
		h.stop()
		return h.send()
	}
	return fmt.Errorf("a head end can be silent, not %s", kind)
}
