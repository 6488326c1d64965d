package faults

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The wall clock of one process alone cannot be set: time namespaces shift only
// CLOCK_MONOTONIC, and a static Go program takes its time from the vDSO. But the
// vDSO's code is a private mapping of each process, into which a debugger may
// write. In its place goes a clock_gettime that asks the kernel and adds an
// offset to CLOCK_REALTIME (clock 0); every other clock stays true.
var otherClock = []byte{
	0xb8, 0xe4, 0, 0, 0, // mov eax, 228 (clock_gettime)
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi
	0x75, 0x0a, // jnz ret
	0x48, 0x8b, 0x0d, 0x06, 0, 0, 0, // mov rcx, [rip+6] (the offset)
	0x48, 0x01, 0x0e, // add [rsi], rcx
	0xc3,       // ret
	0x90, 0x90, // to 24 bytes; the offset in seconds follows
}

// errNoClock means that the wall clock of a process cannot be shifted here.
var errNoClock = errors.New("the wall clock of one process cannot be shifted on this machine")

// shiftClock sets the wall clock of process pid to be off by d, in whole
// seconds. The first time the process stands still for a moment; the longest
// such moment is returned.
func shiftClock(pid int, d time.Duration) (still time.Duration, err error) {
	at, size, err := findClock(pid)
	if err != nil {
		return 0, err
	}
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errNoClock, err)
	}
	defer mem.Close()
	code := make([]byte, len(otherClock))
	if _, err := mem.ReadAt(code, at); err != nil {
		return 0, fmt.Errorf("%w: %w", errNoClock, err)
	}
	offset := binary.LittleEndian.AppendUint64(nil, uint64(int64(d/time.Second)))
	if bytes.Equal(code, otherClock) {
		_, err = mem.WriteAt(offset, at+int64(len(otherClock)))
		return 0, err
	}
	return stopped(pid, at, at+size, func() error {
		_, err := mem.WriteAt(append(bytes.Clone(otherClock), offset...), at)
		return err
	})
}

// findClock returns where the vDSO of a process has its clock_gettime.
func findClock(pid int) (at, size int64, err error) {
	if runtime.GOARCH != "amd64" {
		return 0, 0, errNoClock
	}
	base, end, err := mapping(pid, "[vdso]")
	if err != nil {
		return 0, 0, err
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return 0, 0, err
	}
	defer mem.Close()
	image := make([]byte, end-base)
	if _, err := mem.ReadAt(image, base); err != nil {
		return 0, 0, err
	}
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, 0, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, 0, err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" && s.Size >= uint64(len(otherClock)+8) {
			return base + int64(s.Value), int64(s.Size), nil
		}
	}
	return 0, 0, errNoClock
}

// mapping returns where something is in the memory of a process.
func mapping(pid int, name string) (from, to int64, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[5] != name {
			continue
		}
		if _, err := fmt.Sscanf(f[0], "%x-%x", &from, &to); err != nil {
			return 0, 0, err
		}
		return from, to, nil
	}
	return 0, 0, errNoClock
}

// stopped does f while the process stands still and none of its threads is
// within from..to. It returns how long the process stood still at most.
func stopped(pid int, from, to int64, f func() error) (still time.Duration, err error) {
	for range 20 {
		begun := time.Now()
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return still, err
		}
		clear := standsOutside(pid, from, to)
		if clear {
			err = f()
		}
		e := syscall.Kill(pid, syscall.SIGCONT)
		still = max(still, time.Since(begun))
		if e != nil || clear {
			return still, errors.Join(err, e)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return still, fmt.Errorf("%w: it never stands still", errNoClock)
}

// standsOutside waits for all threads of pid to be stopped and reports whether
// their program counters are outside from..to.
func standsOutside(pid int, from, to int64) bool {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	if err != nil || len(tasks) == 0 {
		return false
	}
	for _, task := range tasks {
		pc, ok := counter(task)
		if !ok || pc >= from && pc < to {
			return false
		}
	}
	return true
}

// counter returns the program counter of a stopped thread.
func counter(task string) (int64, bool) {
	for range 50 {
		line, err := os.ReadFile(task)
		f := strings.Fields(string(line))
		if err != nil || len(f) == 0 {
			return 0, false
		}
		if f[0] != "running" {
			pc, err := strconv.ParseInt(f[len(f)-1], 0, 64)
			return pc, err == nil
		}
		time.Sleep(100 * time.Microsecond)
	}
	return 0, false
}
