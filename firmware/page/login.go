package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"stationbox/firmware"
)

// loginView is the log-in. What was typed is not shown again: it is a secret.
type loginView struct {
	Problem *problem
	Next    string
}

func (p *Page) loginForm(v *visit) {
	view := loginView{Next: local(v.r.URL.Query().Get("next"))}
	if p.pins.stamp() == "" {
		view.Problem = v.problem("", "page.bad.no_pin")
	}
	p.show(v, http.StatusOK, "login", view)
}

// login compares a PIN, one at a time and where it gives way to the lesson.
func (p *Page) login(v *visit) {
	view := loginView{Next: local(v.r.PostFormValue("next"))}
	refuse := func(status int, key string, args ...any) {
		view.Problem = v.problem("pin", key, args...)
		p.show(v, status, "login", view)
	}
	pin := Digits(v.r.PostFormValue("pin"))
	if p.pins.stamp() == "" {
		refuse(http.StatusConflict, "page.bad.no_pin")
		return
	}
	if len(pin) < leastPIN || len(pin) > mostPIN {
		refuse(http.StatusUnprocessableEntity, "page.bad.pin_length") // not a try: it is no PIN
		return
	}
	source := sourceOf(v.r.RemoteAddr)
	wait, ok := p.throttle.begin(source)
	if !ok {
		v.w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		refuse(http.StatusTooManyRequests, "page.bad.wait", "wait", span(v.words, wait))
		return
	}
	stamp, right, err := p.prove(v.r.Context(), pin)
	switch {
	case err != nil:
		p.throttle.undo(source)
		p.o.Log.Warn("page", "err", err)
		refuse(http.StatusServiceUnavailable, "page.bad.busy")
	case !right:
		_ = p.record(v, firmware.Access{What: whatRefused}) // refused all the same
		if wait := p.throttle.next(source); wait > 0 {
			refuse(http.StatusForbidden, "page.bad.pin_wait", "wait", span(v.words, wait))
			return
		}
		refuse(http.StatusForbidden, "page.bad.pin")
	default:
		p.throttle.right(source)
		p.sessions.end(idOf(v.r))
		v.role = administrator
		_ = p.record(v, firmware.Access{What: whatLogin}) // names are not shown without a record, the state of the station is
		give(v.w, p.sessions.begin(stamp))
		http.Redirect(v.w, v.r, view.Next, http.StatusSeeOther)
	}
}

// prove compares a PIN with that of the station.
func (p *Page) prove(ctx context.Context, pin string) (stamp string, right bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callBound)
	defer cancel()
	select {
	case p.proving <- struct{}{}:
		defer func() { <-p.proving }()
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
	p.o.Gentle(func() { stamp, right, err = p.pins.check(pin) })
	return stamp, right, err
}

func (p *Page) logout(v *visit) {
	_ = p.record(v, firmware.Access{What: whatLogout}) // the session ends all the same
	p.sessions.end(idOf(v.r))
	give(v.w, "")
	http.Redirect(v.w, v.r, "/", http.StatusSeeOther)
}

// alive is asked while somebody types, so that the session does not end meanwhile.
func (p *Page) alive(v *visit) { v.w.WriteHeader(http.StatusNoContent) }

// language changes the language and leads back.
func (p *Page) language(v *visit) {
	if lang := v.r.PostFormValue("lang"); catalogues[lang] != nil {
		http.SetCookie(v.w, &http.Cookie{Name: languageCookie, Value: lang, Path: "/", HttpOnly: true,
			SameSite: http.SameSiteStrictMode, MaxAge: int((365 * 24 * time.Hour).Seconds())})
	}
	http.Redirect(v.w, v.r, local(v.r.PostFormValue("next")), http.StatusSeeOther)
}

// localPath is an address of this page: no other host can be written with it.
var localPath = regexp.MustCompile(`^/([A-Za-z0-9][A-Za-z0-9./_-]*)?$`)

// local is next when it is an address of this page, the first page otherwise.
func local(next string) string {
	if len(next) > 200 || !localPath.MatchString(next) {
		return "/"
	}
	return next
}

// record writes an access down before it happens; nothing is shown that is not on
// record. One writes at a time: presses have the card to themselves otherwise.
func (p *Page) record(v *visit, a firmware.Access) error {
	a.Who, a.From = "viewer", v.from
	if v.role == administrator {
		a.Who = "administrator"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), callBound) // who goes away is on record too
	defer cancel()
	select {
	case p.writing <- struct{}{}:
		defer func() { <-p.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := within(ctx, p, callBound, func(ctx context.Context) (struct{}, error) { return struct{}{}, p.o.Record(ctx, a) })
	if err != nil {
		p.o.Log.Warn("page", "err", err)
		return fmt.Errorf("access: %w", err)
	}
	p.looks.add(Look{p.o.Now(), a})
	return nil
}

// recorded writes an access to names down, or answers that it could not.
func (p *Page) recorded(v *visit, a firmware.Access) bool {
	if err := p.record(v, a); err != nil {
		if !errors.Is(v.r.Context().Err(), context.Canceled) {
			p.failed(v, http.StatusServiceUnavailable, "page.bad.record")
		}
		return false
	}
	return true
}
