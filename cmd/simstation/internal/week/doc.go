// Package week lets days and weeks of a village pass in simulated time: the real
// station with its clock, schedule, journal and display drivers, over wires that
// live in the program, around the guard's real core and a world without its wave.
// Mains goes away in every phase of a lesson, programs and boxes die, hardware
// clocks are dead, clocks leap, displays lie and refuse. At the end a judge that
// has seen only the world, the player and the journal says whether a lesson was
// silently missed, a lamp struck hot, mains cut in a cool-down, a display left on.
//
// It is tests only: simulated time is testing/synctest's. What it leaves out is
// tested elsewhere: the wave and the guard's loop, mpv, the pins of the panel.
package week
