package config_test

import (
	"slices"
	"strings"
	"testing"

	"stationbox/firmware/config"
)

func TestPage(t *testing.T) {
	tests := []struct{ section, key, say string }{
		{`listen = ""`, "", ""},
		{`listen = "192.168.8.1:8080"`, "", ""},
		{`listen = "[fd00::1]:8080"`, "", ""},
		{`listen = "127.0.0.1:8080"` + "\n" + `names = ["station.local", "box"]`, "", ""},
		{`listen = ":8080"`, "page.listen", "open to every network"},
		{`listen = "0.0.0.0:8080"`, "page.listen", "open to every network"},
		{`listen = "[::]:8080"`, "page.listen", "open to every network"},
		{`listen = "8080"`, "page.listen", "want an address"},
		{`listen = "station.local:8080"`, "page.listen", "want an address"},
		{`listen = "192.168.8.1:0"`, "page.listen", "want an address"},
		{`listen = "192.168.8.1:http"`, "page.listen", "want an address"},
		{`names = ["Station.local"]`, "page.names[1]", "no host name"},
		{`names = ["a", "b/"]`, "page.names[2]", "no host name"},
		{`names = ["a","b","c","d","e","f","g","h","i"]`, "page.names", "not between 0 and 8"},
	}
	for _, tt := range tests {
		file := strings.Replace(reference(t), "[page]\n", "[page]\n"+tt.section+"\n", 1)
		_, problems := parse(t, file)
		problems = slices.DeleteFunc(problems, func(p config.Problem) bool { return !strings.HasPrefix(p.Key, "page.") })
		got, open := "", strings.Contains(tt.say, "open")
		if len(problems) > 0 {
			got = problems[0].Key
			if problems[0].Warning != open || !strings.Contains(problems[0].String(), tt.say) {
				t.Errorf("%s: %s", tt.section, problems[0])
			}
		}
		if got != tt.key || len(problems) > 1 {
			t.Errorf("%s: %v", tt.section, problems)
		}
	}
}
