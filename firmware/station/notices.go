package station

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/command"
	"stationbox/firmware/lesson"
	"stationbox/media/notice"
	picture "stationbox/media/screen"
)

const (
	// noticeEvery is how long a page stands: four lines are read twice.
	noticeEvery = 15 * time.Second
	// boardTurns is for how many pages' time the board stands between two rounds.
	boardTurns = 2
)

// published is the page of a notice whose turn it is, while nothing else is to be
// said. At night, and while nobody knows the day, nothing is published.
func (s *showing) published(now time.Time, ord lesson.Orders) (sight, bool) {
	idle := ord.Phase == lesson.Idle || ord.Phase == lesson.Done || ord.Phase == ""
	if s.wall == nil || !idle || s.night(now) || s.clock.Plan().Mode != clock.ByClock {
		return sight{}, false
	}
	pages := s.wall.Pages(now.Format(time.DateOnly))
	turn := int(now.Unix()/int64(noticeEvery/time.Second))%(len(pages)+boardTurns) - boardTurns
	if turn < 0 || len(pages) == 0 {
		return sight{}, false
	}
	p := pages[turn]
	b := &picture.Board{Kind: picture.Published, Place: s.words.Say("notice.kind." + p.Notice.Kind), Clock: s.clockText(now)}
	if p.File == "" {
		b.Headline, b.Rows = p.Notice.Title, strings.Split(p.Text, "\n")
	}
	return sight{board: b, sheet: p.File, at: now.Truncate(time.Minute)}, true
}

// noticePicture reads the picture of a page.
func noticePicture(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return pictureOf(f)
}

// noticeArgs reads "-title T -kind K -from D -until D PATH".
func noticeArgs(args []string, now time.Time) (a notice.Arrival, ok bool) {
	a = notice.Arrival{From: now.Format(time.DateOnly), Now: now}
	options := map[string]*string{"-title": &a.Title, "-kind": &a.Kind, "-from": &a.From, "-until": &a.Until}
	for len(args) > 1 {
		to, known := options[args[0]]
		if !known {
			return a, false
		}
		*to, args = args[1], args[2:]
	}
	if len(args) != 1 || a.Kind != "" && a.Kind != notice.General && a.Kind != notice.Accounts {
		return a, false
	}
	a.Path = args[0]
	return a, !strings.HasPrefix(a.Path, "-")
}

// runNoticeAdd is the command "notice add": a file, or all files of a folder, such as
// that of a stick.
func (st *Station) runNoticeAdd(ctx context.Context, env *command.Env, args []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	a, ok := noticeArgs(args, st.now())
	if !ok {
		return command.Result{}, env.Misused("cmd.notice.which")
	}
	files, err := filesAt(a.Path)
	if err != nil {
		return command.Result{}, env.Failed("cmd.notice.file", "file", a.Path, "why", err)
	}
	st.scribe.put(firmware.KindCommand, "", map[string]any{"args": append([]string{"notice", "add"}, args...), "by": env.By})
	var b strings.Builder
	var r command.Result
	added := []notice.Notice{}
	for _, file := range files {
		a.Path = file
		n, err := st.wall.Add(ctx, a)
		if err != nil {
			r.Code = command.CodeFailed
			fmt.Fprintln(&b, env.Text.Say("cmd.notice.refused", "file", filepath.Base(file), "why", noticeWhy(env, err)))
			continue
		}
		added = append(added, n)
		fmt.Fprintln(&b, noticeLine(env, n))
	}
	st.showing.nudge()
	r.Text, r.Data = b.String(), added
	return r, nil
}

// filesAt are a file, or the files of a folder in their order.
func filesAt(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range list {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") && len(files) < notice.Most {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, notice.ErrForm
	}
	return files, nil
}

// noticeWhy says why a file was not taken, in the language of who asks.
func noticeWhy(env *command.Env, err error) string {
	for is, key := range map[error]string{notice.ErrFull: "full", notice.ErrForm: "form", notice.ErrLarge: "large", notice.ErrDates: "dates", notice.ErrTool: "tool"} {
		if errors.Is(err, is) {
			return env.Text.Say("notice.why." + key)
		}
	}
	return err.Error()
}

func noticeLine(env *command.Env, n notice.Notice) string {
	return env.Text.Say("cmd.notice.line", "id", n.ID, "kind", env.Text.Say("notice.kind."+n.Kind), "title", n.Title, "from", n.From, "until", n.Until, "pages", len(n.Pages()))
}

// runNoticeList is the command "notice list".
func (st *Station) runNoticeList(_ context.Context, env *command.Env, args []string) (command.Result, error) {
	switch {
	case len(args) > 0:
		return command.Result{}, env.Misused("cmd.too_many", "got", args[0])
	case st == nil:
		return command.Result{}, env.Failed("cmd.not_running")
	}
	list, today := st.wall.List(), st.now().Format(time.DateOnly)
	var b strings.Builder
	for _, n := range list {
		line := noticeLine(env, n)
		if today < n.From || today > n.Until {
			line += "  " + env.Text.Say("cmd.notice.not_now")
		}
		fmt.Fprintln(&b, line)
	}
	if len(list) == 0 {
		b.WriteString(env.Text.Say("cmd.notice.none"))
	}
	return command.Result{Text: b.String(), Data: list}, nil
}

// runNoticeRemove is the command "notice remove NUMBER".
func (st *Station) runNoticeRemove(_ context.Context, env *command.Env, args []string) (command.Result, error) {
	if len(args) != 1 {
		return command.Result{}, env.Misused("cmd.notice.number")
	}
	id, err := strconv.Atoi(args[0])
	switch {
	case err != nil:
		return command.Result{}, env.Misused("cmd.notice.number")
	case st == nil:
		return command.Result{}, env.Failed("cmd.not_running")
	}
	if err := st.wall.Remove(id); errors.Is(err, notice.ErrNone) {
		return command.Result{}, env.Failed("cmd.notice.no_such", "id", id)
	} else if err != nil {
		return command.Result{}, env.Failed("cmd.notice.file", "file", args[0], "why", err)
	}
	st.scribe.put(firmware.KindCommand, "", map[string]any{"args": []string{"notice", "remove", args[0]}, "by": env.By})
	st.showing.nudge()
	return command.Result{Text: env.Text.Say("cmd.notice.removed", "id", id)}, nil
}
