package antenna

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/console"
	"stationbox/firmware/text"
	"stationbox/hal/line"
)

// technician is the far end of the station's console, a terminal that keeps what it got.
type technician struct {
	conn net.Conn
	mu   sync.Mutex
	got  strings.Builder
}

func (c *technician) read() {
	buf := make([]byte, 4096)
	for {
		n, err := c.conn.Read(buf)
		c.mu.Lock()
		c.got.Write(buf[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *technician) seen() string { c.mu.Lock(); defer c.mu.Unlock(); return c.got.String() }

func (c *technician) types(t *testing.T, s string) {
	t.Helper()
	if _, err := io.WriteString(c.conn, s); err != nil {
		t.Fatal(err)
	}
}

// sees waits until the terminal has got a text, and returns all that it got.
func (c *technician) sees(t *testing.T, part string) string {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if s := c.seen(); strings.Contains(s, part) {
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("%q does not come:\n%s", part, c.seen())
		}
	}
}

// console connects a technician to the aligner.
func (r *alignRig) console(t *testing.T, lang string, baud int) (c *technician, close func()) {
	near, far := net.Pipe()
	c = &technician{conn: far}
	opened := false
	port := line.New(func() (io.ReadWriteCloser, error) {
		if opened {
			return nil, os.ErrNotExist
		}
		opened = true
		return near, nil
	}, line.Opts{Name: "console"})
	table := command.New(command.Align())
	env := func() *command.Env { return &command.Env{Text: text.New(lang), By: "console", Align: r.a.Converse} }
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = console.New(port, table, env, console.Opts{Name: "Wangjia", Baud: baud}).Run(ctx) })
	wg.Go(c.read)
	c.sees(t, "> ")
	return c, func() { cancel(); _ = far.Close(); wg.Wait(); _ = port.Close() }
}

// The dialogue of the console: orders are lines with numbers, Enter is "done", q ends.
func TestAlignConsole(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		c, end := r.console(t, "en", 115200)
		defer end()
		r.turn(0.7, 0.5)
		c.types(t, "dish align\r")
		c.sees(t, "[1] Stop. Let go and hold still\r\n")
		shown := c.sees(t, "[2] ")
		for _, want := range []string{"now  [", "best [", "Enter: done", " dB", "Draw a mark across the clamp"} {
			if !strings.Contains(shown, want) {
				t.Errorf("%q is not in\n%s", want, shown)
			}
		}
		c.types(t, "\r")
		c.sees(t, "[3] Stop. Let go and hold still\r\n")
		c.types(t, "Q\r")
		last := c.sees(t, "nothing was kept\r\n")
		if at := strings.Index(last, "nothing was kept"); !strings.HasSuffix(last[:at], "\x1b[J"+"Aligning was stopped, ") {
			t.Errorf("the bars stand below the last word: %q", last[max(0, at-80):])
		}
		c.sees(t, "nothing was kept\r\n> ")
		if !r.a.current().over() {
			t.Error("it goes on")
		}
	})
}

// Ctrl-C and a pulled plug end what was begun there, and leave alone what was not.
func TestAlignConsoleGoes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		other bool // somebody else began it
		leave func(c *technician, t *testing.T)
	}{
		{"Ctrl-C", false, func(c *technician, t *testing.T) { c.types(t, "\x03") }},
		{"hang-up", false, func(c *technician, _ *testing.T) { _ = c.conn.Close() }},
		{"Ctrl-C of one who looks on", true, func(c *technician, t *testing.T) { c.types(t, "\x03") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onAlignRig(t, func(t *testing.T, r *alignRig) {
				c, end := r.console(t, "zh", 9600)
				defer end()
				if tt.other {
					r.begin("page", true)
				}
				c.types(t, "dish align -quiet\r")
				c.sees(t, "[1] 停，松手别动\r\n")
				time.Sleep(time.Second)
				tt.leave(c, t)
				time.Sleep(20 * time.Second)
				if said := c.seen(); tt.name != "hang-up" && !strings.HasSuffix(said, "\x1b[J已停止\r\n> ") {
					t.Errorf("after Ctrl-C: %q", said[max(0, len(said)-80):])
				}
				if s := r.a.current(); s.over() == tt.other {
					t.Errorf("over is %v", s.over())
				}
				r.a.current().finish("cmd.dish.align.stopped")
				time.Sleep(time.Second)
			})
		})
	}
}

// No line gets more than it carries, and what it gets is never old: at 2400 baud the bars
// change less often.
func TestAlignConsoleIsSlow(t *testing.T) {
	for _, baud := range []int{2400, 9600, 115200} {
		onAlignRig(t, func(t *testing.T, r *alignRig) {
			c, end := r.console(t, "zh", baud)
			defer end()
			r.turn(0.4, 0.3)
			c.types(t, "dish align -quiet\r")
			c.sees(t, "[1] ")
			time.Sleep(2 * time.Second)
			before := len(c.seen())
			for i := range 100 {
				r.dish.Rain(float64(i % 7))
				time.Sleep(100 * time.Millisecond)
			}
			bits := (len(c.seen()) - before) * 10 / 10 // in ten seconds
			if bits > baud {
				t.Errorf("%d bits a second on a line of %d", bits, baud)
			}
			if bits < 1000 {
				t.Errorf("only %d bits a second on a line of %d", bits, baud)
			}
			c.types(t, "q\r")
			c.sees(t, "没有记录")
		})
	}
}

// A pipe gets the permanent lines only, with -json an object a line.
func TestAlignIntoAPipe(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		onAlignRig(t, func(t *testing.T, r *alignRig) {
			lines := make(chan string, 4)
			var out strings.Builder
			env := &command.Env{Text: text.New("en"), By: "shell", Align: r.a.Converse,
				Talk: &command.Talk{Lines: lines, Write: func(s string) error { out.WriteString(s); return nil }}}
			args := []string{"dish", "align", "-quiet"}
			if asJSON {
				args = append(args, "-json")
			}
			go func() {
				time.Sleep(time.Minute)
				lines <- "q"
			}()
			res, err := command.New(command.Align()).Run(t.Context(), env, args)
			if err != nil || res.Text != "" || res.Code != command.CodeFailed {
				t.Errorf("%+v, %v", res, err)
			}
			if strings.Contains(out.String(), "\x1b") {
				t.Errorf("cursor movements: %q", out.String())
			}
			got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if len(got) < 3 || !asJSON && !strings.HasPrefix(got[1], "[1] ") {
				t.Errorf("%q", got)
			}
			if !asJSON {
				return
			}
			for i, l := range got {
				var n alignNote
				if err := json.Unmarshal([]byte(l), &n); err != nil || n.Say == "" || n.Ended != (i == len(got)-1) {
					t.Errorf("%s: %v", l, err)
				}
			}
		})
	}
}

// What the live lines write makes a terminal show what they say.
func TestLiveLines(t *testing.T) {
	term := &vt{}
	var live liveLines
	feed := func(s string) { term.feed(strings.ReplaceAll(s, "\n", "\r\n")) }
	feed(live.draw([]string{"now  [###...] 12.0 dB", "best [####..] 13.0 dB", "Enter"}))
	feed(live.draw([]string{"now  [####..] 12.9 dB  off 0.05°±0.02", "best [####..] 13.0 dB", "Enter"}))
	feed(live.say("[1] 站在天线背后"))
	feed(live.draw([]string{"现在 [#.....] 9.0 dB  偏 0.15°±0.02", "最好 [####..] 13.0 dB", "按回车"}))
	feed(live.draw([]string{"现在 [#.....] 9.0 dB  偏 0.1°±0.2", "最好 [####..] 13.1 dB", "按回车"}))
	feed(live.say("[2] x"))
	want := "[1] 站在天线背后|[2] x|现在 [#.....] 9.0 dB  偏 0.1°±0.2|最好 [####..] 13.1 dB|按回车"
	if got := term.String(); got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
	if s := live.draw([]string{"现在 [#.....] 9.0 dB  偏 0.1°±0.2", "最好 [####..] 13.1 dB", "按回车"}); s != "" {
		t.Errorf("nothing has changed: %q", s)
	}
	feed(live.clear() + "end\n")
	if got := term.String(); got != "[1] 站在天线背后|[2] x|end" {
		t.Errorf("%s", got)
	}
}

// vt is a terminal of few words: what liveLines use. A Han sign takes two columns, the
// second of which holds 0.
type vt struct {
	rows     [][]rune
	row, col int
}

func (v *vt) feed(s string) {
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], "\x1b[") {
			n, j := 0, i+2
			for ; s[j] >= '0' && s[j] <= '9'; j++ {
				n = 10*n + int(s[j]-'0')
			}
			v.command(s[j], max(n, 1))
			i = j + 1
			continue
		}
		r := []rune(s[i:])[0]
		i += len(string(r))
		v.put(r)
	}
}

func (v *vt) command(what byte, n int) {
	switch what {
	case 'A':
		v.row = max(0, v.row-n)
	case 'B':
		v.row = min(v.row+n, len(v.rows)-1)
	case 'C':
		v.col += n
	case 'K':
		v.rows[v.row] = v.rows[v.row][:min(v.col, len(v.rows[v.row]))]
	case 'J':
		v.command('K', 1)
		v.rows = v.rows[:v.row+1]
	}
}

func (v *vt) put(r rune) {
	for v.row >= len(v.rows) {
		v.rows = append(v.rows, nil)
	}
	switch r {
	case '\r':
		v.col = 0
		return
	case '\n':
		v.row++
		for v.row >= len(v.rows) {
			v.rows = append(v.rows, nil)
		}
		return
	}
	cells := []rune{r}
	if text.RuneWidth(r) == 2 {
		cells = append(cells, 0)
	}
	for _, c := range cells {
		for v.col >= len(v.rows[v.row]) {
			v.rows[v.row] = append(v.rows[v.row], ' ')
		}
		v.rows[v.row][v.col] = c
		v.col++
	}
}

func (v *vt) String() string {
	var out []string
	for _, row := range v.rows {
		out = append(out, strings.TrimRight(strings.ReplaceAll(string(row), "\x00", ""), " "))
	}
	return strings.TrimRight(strings.Join(out, "|"), "|")
}
