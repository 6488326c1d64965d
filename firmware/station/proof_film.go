package station

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"

	"stationbox/firmware/lesson"
	"stationbox/firmware/proof"
)

// prepare ends a readiness check: it remembers what the film is now and has it
// read in the background, so that its hash is there before the lesson.
func (p *prover) prepare(file string) {
	film, err := proof.Look(file)
	if err != nil {
		return // the check says that it is not there
	}
	p.mu.Lock()
	if was, ok := p.checked[file]; !ok || !was.Same(film) {
		if len(p.checked) >= mostChecked {
			clear(p.checked)
		}
		p.checked[file], p.dirty = film, true
	}
	p.mu.Unlock()
	p.read(file)
	p.nudge()
}

// read asks Run to read a film.
func (p *prover) read(file string) {
	if f, err := p.hashes.Known(file); err != nil || f.SHA256 != "" {
		return
	}
	p.mu.Lock()
	waiting := len(p.hash) >= mostChecked
	for _, f := range p.hash {
		waiting = waiting || f == file
	}
	if !waiting {
		p.hash = append(p.hash, file)
	}
	p.mu.Unlock()
	p.nudge()
}

// film says for a readiness check what is known of a film; whether it can be
// played and how long it is are for the caller to add.
func (p *prover) film(file string) lesson.Film {
	now, err := p.hashes.Known(file)
	if err != nil || now.Bytes == 0 {
		return lesson.Film{}
	}
	f := lesson.Film{There: true}
	p.mu.Lock()
	failed, was := p.failed[file], p.checked[file]
	p.mu.Unlock()
	switch {
	case now.SHA256 != "":
		f.Complete, f.Readable = lesson.Yes, lesson.Yes
	case errors.Is(failed, proof.ErrChanging):
		f.Complete = lesson.No
	case failed != nil:
		f.Readable = lesson.No
	}
	if was.Path != "" {
		f.Same = lesson.Of(now.Same(was))
	}
	return f
}

// base is the film as it was at its check, or as it is when none was made.
func (p *prover) base(file string, now proof.Film) proof.Film {
	if f, ok := p.checked[file]; ok {
		return f
	}
	return now
}

// describe writes down which film it was.
func (p *prover) describe(r *proof.Record, file string) {
	if file == "" {
		return
	}
	r.File = filepath.Base(file)
	now, err := proof.Look(file)
	base := p.base(file, now)
	if base.Path == "" {
		return // never seen
	}
	r.Bytes, r.Changed = &base.Bytes, r.Changed || err == nil && !now.Same(base)
	if f, ok := p.hashes.Remembered(file); ok && f.Same(base) {
		r.SHA256 = f.SHA256
	}
}

// Run reads films and saves what was measured until ctx ends.
func (p *prover) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		}
		p.store()
		for file, ok := p.next(); ok && ctx.Err() == nil; file, ok = p.next() {
			_, err := p.hashes.Sum(ctx, file)
			if ctx.Err() != nil {
				return nil
			}
			p.done(file, err)
			p.store()
		}
	}
}

// next takes the next film to be read.
func (p *prover) next() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.hash) == 0 {
		return "", false
	}
	file := p.hash[0]
	p.hash = p.hash[1:]
	return file, true
}

// done remembers what became of reading a film.
func (p *prover) done(file string, err error) {
	p.mu.Lock()
	if len(p.failed) >= mostChecked {
		clear(p.failed)
	}
	delete(p.failed, file)
	if err != nil {
		p.failed[file] = err
	}
	p.mu.Unlock()
	p.fault(err, "fault.proof.film")
}

// store saves what was measured when it is time.
func (p *prover) store() {
	p.mu.Lock()
	dirty := p.dirty
	p.dirty = false
	b, err := json.Marshal(saved{p.now, p.checked})
	p.mu.Unlock()
	if !dirty {
		return
	}
	if err == nil {
		err = proof.Save(p.savedFile(), json.RawMessage(b))
	}
	p.fault(err, "fault.proof.save")
}
