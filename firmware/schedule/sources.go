package schedule

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Sources names the files that belong to a calendar beside its rows.
type Sources struct {
	Holidays string // "china" is the shipped list, "" none, else the path of a CSV file
	Calendar string // path of a calendar file (.ics), "" for none
	Library  string // folder of the files that the calendar file names
}

// Open returns the calendar of rows and files. A file that cannot be read and
// what is not understood in it are among the findings, and the calendar does
// without it: a lesson that is right is never lost to one that is wrong.
func Open(rows []Entry, zone *time.Location, src Sources) (*Schedule, []Finding) {
	s := New(rows, zone)
	holidays, found := openHolidays(src.Holidays)
	s.holidays = holidays
	if src.Calendar == "" {
		return s, found
	}
	data, err := readBounded(src.Calendar)
	if err != nil {
		return s, append(found, unreadable(src.Calendar, err))
	}
	events, bad, err := Import(data, s.zone)
	if err != nil {
		return s, append(found, unreadable(src.Calendar, err))
	}
	for _, f := range bad {
		f.File = src.Calendar
		found = append(found, f)
	}
	var fresh []Entry
	for _, e := range events {
		if _, there := s.Entry(e.ID); there {
			found = append(found, Finding{Entry: e.ID, File: src.Calendar, Key: "schedule.ics.id_taken"})
			continue
		}
		if e.File != "" {
			e.File = filepath.Join(src.Library, e.File)
		}
		fresh = append(fresh, e)
	}
	return s.With(fresh...), found
}

func openHolidays(name string) (*Holidays, []Finding) {
	switch name {
	case "":
		return nil, nil
	case "china":
		return China(), nil
	}
	data, err := readBounded(name)
	if err != nil {
		return nil, []Finding{unreadable(name, err)}
	}
	return ParseHolidays(name, data)
}

func unreadable(file string, err error) Finding {
	return Finding{File: file, Key: "schedule.file", Args: []any{"why", err}}
}

// maxFile bounds the files that are read.
const maxFile = 1 << 20

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("more than %d bytes", maxFile)
	}
	return data, err
}
