//go:build !race

package power_test

// race says that there is no race detector.
const race = false
