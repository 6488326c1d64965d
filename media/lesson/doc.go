// Package lesson holds two scripts that make media for trying a station, so
// that none are checked in: make-lesson.sh makes lesson videos whose frames
// carry their number for a camera to read, make-prompts.sh the spoken prompts.
// The package has no code of its own; its test looks at what the scripts make.
package lesson
