package compare

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"stationbox/media/player"
)

// shower shows films, one after the other, on a screen of its own.
type shower interface {
	// prepare does all that may be done before the time.
	prepare(ctx context.Context, files []string) error
	// ahead is how long before the time begin is to be called.
	ahead() time.Duration
	begin(ctx context.Context) error
	// end makes the screen dark again.
	end(ctx context.Context) error
	// version is what the program says of itself.
	version() string
}

// rival is a program that is compared with ours.
type rival struct {
	name     string // in the table
	argv     []string
	packages string // of Debian
	anybody  bool   // it refuses to run as root: then it runs as nobody
	playlist bool   // only in the second half: its start is that of another one
}

// rivals are started as a script of a village would start them: the film at the
// size of the screen, sound into nothing but in time, and nothing drawn over it.
func rivals() []rival {
	gst := []string{"gst-play-1.0", "--no-interactive", "--quiet", "--videosink=ximagesink", "--audiosink=fakesink sync=true"}
	const gstPackages = "gstreamer1.0-plugins-base-apps gstreamer1.0-plugins-good gstreamer1.0-libav gstreamer1.0-x"
	return []rival{
		{name: "mpv", packages: "mpv", argv: []string{"mpv", "--no-config", "--vo=x11", "--ao=null", "--fullscreen", "--no-osc", "--osd-level=0", "--no-terminal"}},
		{name: "cvlc", packages: "vlc-bin vlc-plugin-base vlc-plugin-video-output", anybody: true,
			argv: []string{"cvlc", "--quiet", "--vout=xcb_x11", "--aout=adummy", "--fullscreen", "--no-video-title-show", "--no-osd", "--no-spu", "--play-and-exit"}},
		{name: "gst-play-1.0", packages: gstPackages, argv: gst},
		// Its older engine, still the default in GStreamer 1.22, stops for ever at the end of the first film.
		{name: "gst-play-1.0 --gapless", packages: gstPackages, argv: append(gst[:len(gst):len(gst)], "--gapless", "--use-playbin3"), playlist: true},
	}
}

// missing says what to do about a rival that is not installed; "" when it is.
func (r rival) missing() string {
	if _, err := exec.LookPath(r.argv[0]); err != nil {
		return fmt.Sprintf("%s: not installed: apt-get install %s", r.name, r.packages)
	}
	return ""
}

// nobody is the user of a program that refuses to be root's.
const nobody = 65534

// spawned is a rival on its screen: a new process at the time.
type spawned struct {
	rival
	display string
	home    string // for its caches
	log     string
	files   []string
	running *program
}

// spawns returns a shower of a rival whose files are in dir.
func spawns(r rival, display, dir string) (*spawned, error) {
	s := &spawned{rival: r, display: display, home: filepath.Join(dir, "home"), log: filepath.Join(dir, "log")}
	if err := os.MkdirAll(s.home, 0o755); err != nil {
		return nil, err
	}
	if s.as() != nil {
		return s, os.Chown(s.home, nobody, nobody)
	}
	return s, nil
}

func (s *spawned) as() *syscall.Credential {
	if !s.anybody || os.Getuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: nobody, Gid: nobody}
}

func (s *spawned) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.argv[0], args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display, "HOME="+s.home, "XDG_CACHE_HOME="+s.home, "XDG_RUNTIME_DIR="+s.home)
	return cmd
}

func (s *spawned) prepare(_ context.Context, files []string) error {
	s.files = files
	return nil
}

func (s *spawned) ahead() time.Duration { return 0 }

func (s *spawned) begin(context.Context) (err error) {
	s.running, err = launch(s.command(append(s.argv[1:len(s.argv):len(s.argv)], s.files...)...), s.log, s.as())
	if err != nil {
		s.running = nil
	}
	return err
}

func (s *spawned) end(context.Context) error {
	p := s.running
	s.running = nil
	return p.end()
}

// versionBound is how long a program may take to tell its version.
const versionBound = 20 * time.Second

func (s *spawned) version() string {
	p, err := launch(s.command("--version"), s.log, s.as())
	if err != nil {
		return "unknown"
	}
	select {
	case <-p.ended:
	case <-time.After(versionBound):
	}
	text, err := os.ReadFile(s.log)
	if p.end() != nil || err != nil {
		return "unknown"
	}
	return versionIn(string(text))
}

// versionIn is the beginning of what a program says of itself, up to its number.
func versionIn(text string) string {
	words := strings.Fields(text)
	for i, word := range words[:min(len(words), 10)] {
		if word = strings.TrimPrefix(word, "v"); word != "" && word[0] >= '0' && word[0] <= '9' {
			return strings.Join(words[:i+1], " ")
		}
	}
	return "unknown"
}

// ours is the station's player: one mpv that waits, with the film on the screen
// before its time.
type ours struct {
	*player.Player
	quit  context.CancelFunc
	ended chan error
}

// readyBound is for a first mpv on a busy machine, and for each order to it.
const readyBound = 30 * time.Second

// runOurs starts it; its files are in dir.
func runOurs(ctx context.Context, display, dir string) (*ours, error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	o := &ours{ended: make(chan error, 1)}
	o.Player = player.New(player.Opts{Video: "x11", Audio: "null", Display: display, RunDir: dir,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	running, quit := context.WithCancel(context.WithoutCancel(ctx))
	o.quit = quit
	go func() {
		err := o.Run(running)
		o.ended <- errors.Join(err, log.Close())
	}()
	ctx, cancel := context.WithTimeout(ctx, readyBound)
	defer cancel()
	if err := o.Ready(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("our player: %w; see %s", err, dir), o.close())
	}
	return o, nil
}

func (o *ours) close() error {
	o.quit()
	return <-o.ended
}

func (o *ours) version() string { return o.State().Version }

func (o *ours) prepare(ctx context.Context, files []string) error {
	ctx, cancel := context.WithTimeout(ctx, readyBound)
	defer cancel()
	if err := o.Preload(ctx, files[0], 0); err != nil {
		return err
	}
	for _, file := range files[1:] {
		if err := o.Queue(player.Item{File: file}); err != nil {
			return err
		}
	}
	return nil
}

// ahead is one picture: the still one stands for its own time from Play on. The
// station does so, too.
func (o *ours) ahead() time.Duration { return o.State().FrameTime }

func (o *ours) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyBound)
	defer cancel()
	return o.Play(ctx)
}

func (o *ours) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyBound)
	defer cancel()
	return o.Stop(ctx)
}
