package page

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"time"

	"stationbox/firmware"
)

const (
	mostRegisters = 200
	mostDocument  = 64 << 20 // bytes
	sendBound     = 2 * time.Minute
	makeBound     = 30 * time.Second
)

type registersView struct{ List []Register }

func (p *Page) registers(v *visit) {
	if p.o.Registers == nil {
		p.unknown(v)
		return
	}
	list, err := within(v.r.Context(), p, makeBound, func(ctx context.Context) ([]Register, error) {
		return p.o.Registers.List(ctx, v.words.Lang())
	})
	if err != nil {
		p.broken(v, err)
		return
	}
	p.show(v, http.StatusOK, "registers", registersView{list[:min(len(list), mostRegisters)]})
}

// register sends a document, which is on record before.
func (p *Page) register(v *visit) {
	id := v.r.PathValue("id")
	if p.o.Registers == nil || !good(id) {
		p.unknown(v)
		return
	}
	doc, err := within(v.r.Context(), p, makeBound, func(ctx context.Context) (Document, error) {
		return p.o.Registers.Open(ctx, v.words.Lang(), id)
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.failed(v, http.StatusNotFound, "page.bad.register")
		return
	case err != nil:
		p.broken(v, err)
		return
	}
	defer func() { _ = doc.Content.Close() }() // it was only read
	if !p.recorded(v, firmware.Access{What: whatRegister, About: id}) {
		return
	}
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(sendBound)) // the deadline of the server stands otherwise
	v.w.Header().Set("Content-Type", doc.Type)
	v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": doc.Name}))
	_, _ = io.Copy(v.w, io.LimitReader(doc.Content, mostDocument)) // who has gone misses nothing
}

// accessView is who looked at what.
type accessView struct{ List []lookView }

type lookView struct{ When, What, From, About string }

func (p *Page) access(v *visit) {
	var view accessView
	for _, l := range p.looks.newest(mostShown) {
		view.List = append(view.List, lookView{p.moment(v.words, l.At), v.words.Say("page.what." + l.What), l.From, l.About})
	}
	p.show(v, http.StatusOK, "access", view)
}

// mostShown accesses are on the page; `station page log` has all of the journal.
const mostShown = 200
