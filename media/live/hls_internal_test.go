package live

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPlaylists(t *testing.T) {
	p, err := parsePlaylist(strings.NewReader("\ufeff#EXTM3U\r\n#EXT-X-TARGETDURATION:6\r\n#EXT-X-MEDIA-SEQUENCE:41\r\n#EXTINF:6,\r\na.ts\r\n#EXTINF:6,\r\nb.ts\r\n"))
	if err != nil || p.end() != "43 b.ts" || p.target != 6*time.Second || p.over || p.variant != "" {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = parsePlaylist(strings.NewReader("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/list.m3u8\n"))
	if err != nil || p.variant != "low/list.m3u8" {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = parsePlaylist(strings.NewReader("#EXTM3U\n#EXT-X-ENDLIST\n"))
	if err != nil || !p.over {
		t.Errorf("%+v, %v", p, err)
	}
	for _, b := range []string{"", "<html>", strings.Repeat("x", 200<<10), "#EXTM3U\n" + strings.Repeat("x", 200<<10)} {
		if _, err := parsePlaylist(strings.NewReader(b)); !errors.Is(err, errPlaylist) {
			t.Errorf("%.10q: %v", b, err)
		}
	}
}

func FuzzPlaylist(f *testing.F) {
	f.Add([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:99999999999\n#EXT-X-MEDIA-SEQUENCE:-1\na\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-STREAM-INF\n\n#\nhttp://[::1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePlaylist(bytes.NewReader(b))
		if err == nil && (p.target < 0 || p.target > 20*time.Hour) {
			t.Errorf("%+v", p)
		}
	})
}
