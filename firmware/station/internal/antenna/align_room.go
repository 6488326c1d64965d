package antenna

import (
	"stationbox/firmware/dish"
	"stationbox/media/sound"
)

// alignRoom is what an alignment sounds and shows in the room, as long as no lesson needs
// it. Its goroutine is that of the aligner.
type alignRoom struct {
	a    *Aligner
	s    *aligning
	tone *sound.Tone // nil: silent
	best dish.Bar
	busy bool
}

// tell gives an advice to loudspeaker and television; fresh says that its reading is a new
// one: without new readings the tone falls silent by itself.
func (r *alignRoom) tell(adv dish.Advice, fresh bool) {
	if busy := r.a.busy(); busy != r.busy {
		r.busy = busy
		if busy {
			r.leave()
			r.s.note("cmd.dish.align.lesson")
		} else {
			r.s.note("cmd.dish.align.lesson_over")
		}
	}
	if r.busy {
		return
	}
	r.sound(adv, fresh)
	if r.a.show != nil {
		r.a.show(meterOf(r.a.words, adv))
	}
}

func (r *alignRoom) sound(adv dish.Advice, fresh bool) {
	if r.s.quiet || r.a.voice == nil {
		return
	}
	if r.tone == nil {
		r.tone = sound.NewTone(sound.ToneOpts{})
		r.a.voice.SetTone(r.tone)
	}
	if r.best.Known && (!adv.Best.Known || adv.Best.CNR < r.best.CNR) {
		r.tone.Forget()
	}
	r.best = adv.Best
	switch {
	case adv.Stale:
		r.tone.Update(sound.SignalNone, 0) // at once, not after the tone's own watchdog
	case fresh:
		r.tone.Update(map[dish.Voice]sound.Signal{dish.VoiceSignal: sound.SignalRight, dish.VoiceWrong: sound.SignalWrong}[adv.Voice], float64(adv.Now.CNR))
	}
}

// leave ends tone and picture.
func (r *alignRoom) leave() {
	if r.tone != nil {
		r.a.voice.SetTone(nil)
		r.tone, r.best = nil, dish.Bar{}
	}
	if r.a.show != nil {
		r.a.show(nil)
	}
}
