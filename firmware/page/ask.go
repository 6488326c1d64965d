package page

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"stationbox/firmware/command"
)

// replies keeps what the station has just said: thirty telephones that look at the
// same page ask it once a second and not thirty times.
type replies struct {
	now func() time.Time

	mu   sync.Mutex
	list map[string]said
}

type said struct {
	at    time.Time
	reply command.Reply
}

// mostReplies bounds what is kept.
const mostReplies = 16

func (r *replies) get(key string, age time.Duration) (command.Reply, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.list[key]
	return s.reply, ok && r.now().Sub(s.at) < age
}

func (r *replies) put(key string, reply command.Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list == nil || len(r.list) >= mostReplies {
		r.list = map[string]said{}
	}
	r.list[key] = said{r.now(), reply}
}

// refused is an answer of a command that says what was wrong.
type refused struct{ text string }

func (r refused) Error() string { return r.text }

// run runs a command and reads its data into v, if that is not nil. An error of the
// command is refused, in the language of who asks.
func (p *Page) run(ctx context.Context, bound time.Duration, lang string, v any, args ...string) error {
	reply, err := within(ctx, p, bound, func(ctx context.Context) (command.Reply, error) { return p.o.Ask(ctx, lang, args...), nil })
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return read(reply, v, args)
}

func read(reply command.Reply, v any, args []string) error {
	if reply.Code != command.CodeOK {
		return refused{strings.TrimSpace(reply.Text)}
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(reply.Data, v); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// ask is run for what may be some time old.
func (p *Page) ask(ctx context.Context, age time.Duration, lang string, v any, args ...string) error {
	key := lang + " " + strings.Join(args, " ")
	if reply, ok := p.replies.get(key, age); ok {
		return read(reply, v, args)
	}
	reply, err := within(ctx, p, callBound, func(ctx context.Context) (command.Reply, error) {
		if reply, ok := p.replies.get(key, age); ok { // while this one waited
			return reply, nil
		}
		reply := p.o.Ask(ctx, lang, args...)
		p.replies.put(key, reply)
		return reply, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return read(reply, v, args)
}
