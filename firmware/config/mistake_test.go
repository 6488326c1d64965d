package config_test

import (
	"strings"
	"testing"

	"stationbox/firmware/config"
)

// mistake is a change of good rows that makes one problem.
type mistake struct {
	name, old, new string
	want           []string // parts of the problem
}

// refuses wants each mistake in rows, which with puts into a file, told in one problem
// with its line.
func refuses(t *testing.T, rows string, with func(t *testing.T, rows string) string, list []mistake) {
	t.Helper()
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			bad := strings.Replace(rows, m.old, m.new, 1)
			if bad == rows {
				t.Fatalf("%q is not in the rows", m.old)
			}
			_, problems := parse(t, with(t, bad))
			errs := config.Errors(problems)
			if len(errs) != 1 || errs[0].Line == 0 {
				t.Fatalf("want one problem with its line, got %v", errs)
			}
			for _, part := range m.want {
				if !strings.Contains(errs[0].String(), part) {
					t.Errorf("%q does not say %q", errs[0], part)
				}
			}
		})
	}
}
