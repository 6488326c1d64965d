//go:build race

package power_test

// race says that the race detector slows everything down tenfold.
const race = true
