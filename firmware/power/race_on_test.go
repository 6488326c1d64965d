//go:build race

package power_test

import "testing"

// alone skips a test of one goroutine that computes for long: the race detector finds
// nothing in it and makes it ten times as slow. It runs without it.
func alone(t *testing.T) {
	t.Helper()
	t.Skip("one goroutine: runs without the race detector")
}
