// Package scenarios carries the scripts that come with simstation. Anybody can
// add one: a text file here, or anywhere with -scenario FILE.
package scenarios

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.txt
var files embed.FS

// Names returns the names of the scripts, sorted.
func Names() []string {
	list, _ := fs.Glob(files, "*.txt") // the pattern is sound
	for i, name := range list {
		list[i] = strings.TrimSuffix(name, ".txt")
	}
	slices.Sort(list)
	return list
}

// Open opens the script called name, without its ending.
func Open(name string) (fs.File, error) { return files.Open(name + ".txt") }
