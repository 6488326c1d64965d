package village

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// pagePIN is that of the administrator's page of a simulated village, which is no secret.
const pagePIN = "271893"

// openPage gives the station a page for its administrator, at a port that the kernel
// gave a moment ago.
func (v *Village) openPage() error {
	if !v.o.Page {
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("administrator's page: %w", err)
	}
	v.cfg.Page.Listen = l.Addr().String()
	return l.Close()
}

// setPIN lets the station's own command set the PIN.
func (v *Village) setPIN(ctx context.Context) error {
	if !v.o.Page {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(v.o.Bin, "station"), "-config", v.configPath(), "page", "pin")
	cmd.Stdin = strings.NewReader(strings.Repeat(pagePIN+"\n", 2)) // and once more
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("administrator's page: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Page is the address of the administrator's page and its PIN, "" without one.
func (v *Village) Page() (url, pin string) {
	if !v.o.Page {
		return "", ""
	}
	return "http://" + v.cfg.Page.Listen + "/", pagePIN
}
