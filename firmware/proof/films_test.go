package proof

import (
	"strings"
	"testing"
)

func FuzzFilms(f *testing.F) {
	f.Add([]byte(`[{"path":"/a","bytes":3,"mtime_ns":1,"inode":2,"device":3,"sha256":"` + strings.Repeat("0a", 32) + `"}]`))
	f.Add([]byte(`[{"path":"/a","bytes":3,"sha256":"00"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		films := parseFilms(b)
		if len(films) > mostFilms {
			t.Fatalf("%d films", len(films))
		}
		for _, film := range films {
			if len(film.SHA256) != hashSize || film.Path == "" || film.Bytes < 0 {
				t.Fatalf("%+v", film)
			}
		}
	})
}
