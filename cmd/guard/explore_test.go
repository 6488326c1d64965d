package main

import (
	"strings"
	"testing"
)

func TestExploreCommand(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"list", []string{"explore", "-list"}, 0, "I13"},
		{"help", []string{"explore", "-h"}, 0, "-all"},
		{"a word", []string{"explore", "this"}, exitUsage, "this"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if code := run(t.Context(), tt.args, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.says) {
				t.Errorf("exit code %d, said %s; want %d with %q", code, out.String(), tt.code, tt.says)
			}
		})
	}
}
