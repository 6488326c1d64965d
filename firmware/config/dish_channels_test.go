package config_test

import (
	"strings"
	"testing"

	"stationbox/firmware/config"
)

const channelRows = `
[dish.tuner]
adapter = "/dev/dvb/adapter0"
frequency_mhz = 4000
symbol_rate = 27500
polarization = "h"

[[dish.channel]]
name = "教育电视"
service = 7

[[dish.channel]]
name = "farm"
frequency_mhz = 3840
symbol_rate = 26850
polarization = "v"
system = "dvb-s2"

[[schedule]]
id = "by-dish"
title = "卫星课"
dates = ["2026-12-20"]
at = "08:00"
kind = "live"
url = "dvb:farm"
duration = "45m"
`

// withChannels is the reference with a dish, its receiver and two more channels.
func withChannels(t *testing.T, rows string) string {
	file := withDish(t, dishRows)
	return strings.Replace(file, "[dish.tuner]\n", "", 1) + rows
}

func TestDishChannels(t *testing.T) {
	cfg, problems := parse(t, withChannels(t, channelRows))
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	own := config.DishChannel{Frequency: 4000, SymbolRate: 27500, Polarization: "h", System: "dvb-s"}
	with := func(name string, service int) config.DishChannel {
		c := own
		c.Name, c.Service = name, service
		return c
	}
	for channel, want := range map[string]config.DishChannel{
		"":     own,
		"1234": with("", 1234),
		"教育电视": with("教育电视", 7),
		"Farm": {Name: "farm", Frequency: 3840, SymbolRate: 26850, Polarization: "v", System: "dvb-s2"},
		"cetv": with("cetv", 0), // of the reference
	} {
		if got, ok := cfg.Dish.Received(channel); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", channel, got, ok, want)
		}
	}
	for _, channel := range []string{"0", "65536", "99999999999999999999", "weather", " ", "-1", "12a"} {
		if got, ok := cfg.Dish.Received(channel); ok {
			t.Errorf("%q: %+v", channel, got)
		}
	}
	if channel, ok := config.DishAddress("dvb:farm"); channel != "farm" || !ok {
		t.Errorf("%q, %v", channel, ok)
	}
	if _, ok := config.DishAddress("udp://239.1.2.3:5004"); ok {
		t.Error("a network stream comes by the dish")
	}
}

func TestDishChannelMistakes(t *testing.T) {
	url := `url = "dvb:farm"`
	refuses(t, channelRows, withChannels, []mistake{
		{"no such channel", url, `url = "dvb:frm"`, []string{"schedule[5].url", `no satellite channel "frm"`, `did you mean "dvb:farm"`}},
		{"a channel that is like none", url, `url = "dvb:新闻综合"`, []string{"schedule[5].url", "新闻综合", "farm"}},
		{"no service", url, `url = "dvb:70000"`, []string{"schedule[5].url", "70000 is not between 1 and 65535"}},
		{"slashes", url, `url = "dvb://farm"`, []string{"schedule[5].url", `"//farm"`, `"dvb:farm"`}},
		{"no receiver", "adapter = \"/dev/dvb/adapter0\"", "", []string{"schedule[5].url", "none is configured", "[dish.tuner]"}},
		{"a name twice", `"教育电视"`, `"FARM"`, []string{"dish.channel[3].name", `"farm"`}},
		{"digits", `"教育电视"`, `"1234"`, []string{"dish.channel[2].name", `"1234" cannot be digits alone`, "service id"}},
		{"no name", "name = \"教育电视\"\n", "", []string{"dish.channel[2].name", "is required"}},
		{"no rate", "symbol_rate = 26850\n", "", []string{"dish.channel[3].symbol_rate", "is required"}},
		{"symbols", "26850", "26850000", []string{"dish.channel[3].symbol_rate", "write 26850"}},
		{"no polarisation", "polarization = \"v\"\n", "", []string{"dish.channel[3].polarization", "is required"}},
		{"half a transponder", "frequency_mhz = 3840\n", "", []string{"dish.channel[3].frequency_mhz", "is required"}},
		{"another band", "3840", "12500", []string{"dish.channel[3].frequency_mhz", "7350 MHz"}},
		{"system", `"dvb-s2"`, `"dvb-s3"`, []string{"dish.channel[3].system", `did you mean "dvb-s`}},
		{"service", "service = 7", "service = 70000", []string{"dish.channel[2].service", "not between 0 and 65535"}},
	})
	rows := strings.Replace(channelRows, "[[dish.channel]]\nname = \"farm\"", "[dish.channel]\nname = \"farm\"", 1)
	_, problems := parse(t, withChannels(t, rows)) // it may be told by more than one
	if errs := config.Errors(problems); rows == channelRows || len(errs) == 0 || errs[0].Line == 0 || !strings.Contains(errs[0].String(), "dish.channel") {
		t.Errorf("not a list: %v", errs)
	}
}
