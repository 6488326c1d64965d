// Package machine says how busy the machine is on which a simulator runs. What
// has to wait for a processor measures the machine as well as the programs under
// test, and its figures are to be read with this beside them.
package machine

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Waited returns for how long programs of this machine have waited for a
// processor so far, as the kernel counts it; 0 where it does not.
func Waited() time.Duration {
	b, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0
	}
	return total(string(b))
}

// total reads the time after the first "total=", which is that of "some".
func total(pressure string) time.Duration {
	_, text, _ := strings.Cut(pressure, "total=")
	var us int64
	if _, err := fmt.Sscan(text, &us); err != nil {
		return 0
	}
	return time.Duration(us) * time.Microsecond
}
