//go:build !race

package power_test

import "testing"

func alone(*testing.T) {}
