package station

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"stationbox/firmware/config"
)

// alignment is how the dish stood when it was aligned, STATE/dish/aligned.json.
type alignment struct {
	At time.Time `json:"at"`
}

// readAlignment returns the record; an error when there is none.
func readAlignment(dir string) (a alignment, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "aligned.json"))
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(b, &a)
}

// alignedAt is when the dish was aligned; the zero time when nobody wrote it down.
func alignedAt(cfg *config.Config) time.Time {
	a, err := readAlignment(dishDir(cfg))
	if err != nil {
		return time.Time{}
	}
	return a.At
}
