package device

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/hal/sim/world"
)

// peerScript lets the npm package pjlink, a client written by others, make calls
// one after the other and print what came of each.
const peerScript = `
const pjlink = require('pjlink');
const [port, password, ...calls] = process.argv.slice(1);
const p = new pjlink({host: '127.0.0.1', port: Number(port), password, timeout: 10000});
(function next() {
	if (calls.length === 0) { p.disconnect(); process.exit(0); }
	const [method, ...args] = calls.shift().split(' ');
	p[method](...args, (err, ...got) => {
		console.log(method + ': ' + (err ? err.message : JSON.stringify(got)));
		setImmediate(next);
	});
})();
`

// peer returns the folder of global npm packages that holds pjlink 0.2.8.
func peer(t *testing.T) string {
	t.Helper()
	missing := t.Skip
	if os.Getenv("CI") != "" {
		missing = t.Fatal
	}
	if _, err := exec.LookPath("node"); err != nil {
		missing("no node: install it, and the npm package pjlink@0.2.8 globally")
	}
	for _, dir := range []string{"../../../.cache/npm/node_modules", "/usr/local/lib/node_modules", "/usr/lib/node_modules", "/usr/share/nodejs"} {
		text, err := os.ReadFile(filepath.Join(dir, "pjlink", "package.json"))
		if err == nil && strings.Contains(string(text), `"0.2.8"`) {
			dir, err = filepath.Abs(dir)
			if err != nil {
				t.Fatal(err)
			}
			return dir
		}
	}
	missing("no npm package pjlink@0.2.8: deploy/setup.sh test installs it")
	return ""
}

// A client that others wrote understands the emulated projector.
func TestPeerUnderstandsTheProjector(t *testing.T) {
	modules := peer(t)
	w := powered(t, world.Opts{Projector: world.ProjectorOpts{WarmUp: time.Second, CoolDown: 2 * time.Second, LampHours: 1234}})
	p, tcp := projectorOn(t, w, ProjectorOpts{Password: "JBMIAProjectorLink", Name: "Hall", Lamps: 2})
	ask := func(password string, calls ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		port := strconv.Itoa(int(tcp.Addr().Port()))
		cmd := exec.CommandContext(ctx, "node", append([]string{"--no-deprecation", "-e", peerScript, port, password}, calls...)...)
		cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	check := func(what, got string, want ...string) {
		t.Helper()
		if w := strings.Join(want, "\n"); got != w {
			t.Errorf("%s:\n%s\nwant\n%s", what, got, w)
		}
	}
	const good = "JBMIAProjectorLink"
	check("wrong password", ask("wrong", "getPowerState"), "getPowerState: Authorization failed")
	check("standby", ask(good, "getPowerState", "getInput", "powerOn", "getPowerState", "powerOff"),
		"getPowerState: [0]", "getInput: Unavailable time", "powerOn: []", "getPowerState: [3]", "powerOff: Unavailable time")
	hold(w, 1100*time.Millisecond)
	check("on", ask(good, "getPowerState", "setInput 32", "getInput", "getLamps", "getErrors", "getInputs", "getName", "getClass", "setInput 99"),
		"getPowerState: [1]", "setInput: []", `getInput: [{"source":3,"channel":2,"code":"32","name":"DIGITAL - 2"}]`,
		`getLamps: [[{"hours":1234,"on":true},{"hours":1234,"on":true}]]`, "getErrors: [null]",
		`getInputs: [[{"source":1,"channel":1,"code":"11","name":"RGB - 1"},{"source":2,"channel":1,"code":"21","name":"VIDEO - 1"},`+
			`{"source":3,"channel":1,"code":"31","name":"DIGITAL - 1"},{"source":3,"channel":2,"code":"32","name":"DIGITAL - 2"}]]`,
		`getName: ["Hall"]`, `getClass: ["1"]`, "setInput: Out of parameter")
	if err := p.Fault("filter"); err != nil {
		t.Fatal(err)
	}
	check("cooling", ask(good, "getErrors", "powerOff", "getPowerState", "powerOn"),
		`getErrors: [{"fan":false,"lamp":false,"temperature":false,"cover":false,"filter":"error","other":false}]`, "powerOff: []", "getPowerState: [2]", "powerOn: Unavailable time")
}
