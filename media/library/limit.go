package library

import (
	"context"
	"io"
	"math"
	"os"
)

const (
	// The limiter looks at samples; what lies between them is a little higher.
	limitDBFS = -2.0
	// mostLimiting is by how much peaks are cut at most, in dB. Clicks and bangs bear
	// it; speech that needs more is better left quiet.
	mostLimiting = 20.0
	limitPasses  = 6   // at most; each decodes the sound once
	leastSlope   = 0.2 // of the loudness over the gain; less is an accident
	limitNear    = 0.3 // LU
	limitMisses  = 0.5 // LU below all others that people are told of
)

// limit finds the gain of a film whose peaks do not let it be as loud as the others:
// the player cuts them. How loud that is cannot be computed, so that it is measured
// and put right, a few times. A film that it does not help stays as it is.
func (l *Library) limit(ctx context.Context, f *os.File, p Probe, loud Loudness) (Loudness, error) {
	if !loud.Limited || loud.GainDB >= mostGain {
		return loud, nil
	}
	most := math.Min(mostGain, PeakDBTP+mostLimiting-loud.PeakDB)
	best, try := loud, loud
	try.GainDB, try.LimitDB = tenth(math.Min(TargetLUFS-loud.LUFS, most)), limitDBFS
	gainBefore, before := loud.GainDB, loud.LUFS+loud.GainDB
	for range limitPasses {
		got, err := l.loudness(ctx, f, p, try.graph())
		if err != nil || !got.haveI || !got.havePeak {
			return best, err
		}
		try.Reached = tenth(got.integrated)
		short, over := TargetLUFS-got.integrated, got.peak-PeakDBTP
		if over > 0 {
			try.LimitDB = tenth(math.Max(boundLimit, try.LimitDB-over-0.1))
			continue
		}
		if math.Abs(short) < math.Abs(TargetLUFS-best.Level()) {
			try.Limited = short > limitMisses
			best = try
		}
		if math.Abs(short) <= limitNear || try.GainDB == tenth(most) && short > 0 {
			break
		}
		// A decibel of gain is less than one of loudness, where peaks are cut.
		slope := (got.integrated - before) / (try.GainDB - gainBefore)
		gainBefore, before = try.GainDB, got.integrated
		if !(slope > leastSlope && slope < 1) {
			slope = 1
		}
		try.GainDB = tenth(math.Min(try.GainDB+short/slope, most))
	}
	return best, nil
}

// loudness measures the sound of an open film behind a filter.
func (l *Library) loudness(ctx context.Context, f *os.File, p Probe, graph string) (loudness, error) {
	args := append([]string{"-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-threads", "2"}, guardArgs()...)
	args = append(args, "-i", fileArg)
	args = append(args, maps(Probe{Video: -1, Audio: p.Audio})...)
	args = append(args, "-filter:a", graph+",ebur128=peak=true:framelog=verbose", "-f", "null", "-")
	s := &scan{}
	log := &scanLog{scan: s, trace: traceLog{to: &s.tracer}}
	err := job{program: l.opts.FFmpeg, args: args, file: f, bound: scanBound(p), silent: true,
		out: io.Discard, err: &lines{most: mostLine, take: log.line}}.run(ctx)
	if _, err = toolFinding(ctx, err, scanBound(p)); err != nil {
		return loudness{}, err
	}
	return s.loud, nil
}
