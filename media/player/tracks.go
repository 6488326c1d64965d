package player

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// track is one stream of the loaded file.
type track struct {
	Type     string `json:"type"` // "video", "audio", "sub"
	Codec    string `json:"codec"`
	AlbumArt bool   `json:"albumart"`
}

type tracks []track

// tracks asks mpv what the loaded file is made of, shown or not.
func (s *session) tracks(ctx context.Context) (tracks, error) {
	data, err := s.c.call(ctx, callBound, []any{"get_property", "track-list"})
	if err != nil {
		return nil, err
	}
	var t tracks
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("mpv track-list: %w", err)
	}
	return t, nil
}

// video says whether there is a moving picture.
func (t tracks) video() bool {
	for _, tr := range t {
		if tr.Type == "video" && !tr.AlbumArt {
			return true
		}
	}
	return false
}

// check refuses what mpv opens but nobody wants to see: a text file shown as
// terminal art, subtitles alone, a position behind the end.
func (t tracks) check(w wish, duration time.Duration) error {
	playable := false
	for _, tr := range t {
		if tr.Codec == "ansi" {
			return fmt.Errorf("%w: it is a text file", ErrUnplayable)
		}
		playable = playable || tr.Type == "video" || tr.Type == "audio"
	}
	switch {
	case !playable:
		return fmt.Errorf("%w: neither picture nor sound in it", ErrUnplayable)
	case duration > 0 && w.at >= duration:
		return fmt.Errorf("%w: position %v is behind its end at %v", ErrUnplayable, w.at, duration)
	}
	return nil
}
