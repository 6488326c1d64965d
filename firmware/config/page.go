package config

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
)

// Page is the local web page of the village's administrator.
type Page struct {
	// Listen is the address of the page, "192.168.8.1:8080"; "" for none (default). The
	// page is plain HTTP: it belongs into a network of the station's own.
	Listen string   `toml:"listen"`
	Names  []string `toml:"names"` // host names by which it may be called, beside addresses: ["station.local"]
}

const mostNames = 8

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)*$`)

// page checks where the page is. Its address is one of the machine, not a name: what a
// name means is said by others.
func (c *checker) page() {
	p := &c.cfg.Page
	if len(p.Names) == 0 {
		p.Names = nil // [] is as good as nothing
	}
	c.ints("page.names", len(p.Names), 0, mostNames)
	for i, name := range p.Names {
		if len(name) > 253 || !hostName.MatchString(name) {
			c.bad(row("page.names", i), say("config.page_name", "got", strconv.Quote(name)), say("config.page_name.hint"))
		}
	}
	if p.Listen == "" {
		return
	}
	host, port, err := net.SplitHostPort(p.Listen)
	n, portErr := strconv.Atoi(port)
	addr, addrErr := netip.ParseAddr(host)
	if err != nil || portErr != nil || n < 1 || n > 65535 || host != "" && addrErr != nil {
		c.bad("page.listen", say("config.page_listen", "got", strconv.Quote(p.Listen)), say("config.page_listen.hint"))
		return
	}
	if host == "" || addr.IsUnspecified() {
		c.remark("page.listen", say("config.page_open", "got", strconv.Quote(p.Listen)), say("config.page_open.hint"))
	}
}
