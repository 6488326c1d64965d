// Package drm asks the kernel's display driver what no player can know: whether the
// output really scans pictures out (its vertical blanks are counted), and which
// connectors there are. It also forces a connector on, with an EDID of ours, for a
// display that is off when the box starts or tells nothing, or nonsense, of itself.
//
// The kernel's interfaces are include/uapi/drm/drm.h (DRM_IOCTL_WAIT_VBLANK), the
// folder /sys/class/drm and, for the EDID, debugfs (dri/N/CONNECTOR/edid_override).
// A vblank query returns at once. All of it belongs to root or the group video.
package drm

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/ioctl"
)

// pipes is how many outputs of a card are asked; no Pi has more.
const pipes = 6

// waitVblank is union drm_wait_vblank: the request, and in its place the reply.
type waitVblank struct {
	kind     uint32
	sequence uint32
	_, _     uintptr // of a request the signal, of a reply its time
}

const (
	relative  = 0x1 // _DRM_VBLANK_RELATIVE
	pipeShift = 1   // _DRM_VBLANK_HIGH_CRTC_SHIFT

	ioctlDropMaster = 'd'<<8 | 0x1f                                                       // DRM_IOCTL_DROP_MASTER
	ioctlWaitVblank = 3<<30 | uint(unsafe.Sizeof(waitVblank{}))<<16 | uint('d')<<8 | 0x3a // DRM_IOCTL_WAIT_VBLANK
)

// ioctlFunc is the way into the kernel; tests put a model of the kernel here.
type ioctlFunc func(fd int, request uint, arg unsafe.Pointer) error

// Card is a display card. It holds nothing open and may be shared.
type Card struct {
	path  string
	ioctl ioctlFunc
}

// New returns the card behind a device file such as "/dev/dri/card0". It touches
// nothing.
func New(path string) *Card { return &Card{path: path, ioctl: ioctl.Do[uint]} }

// Vblanks returns how many vertical blanks each output that is on has had; an output
// that is off is not there. The counts wrap at 2³². Ask only while another program
// draws on the card: the first to open it becomes its master, and although that is
// given up at once, a player that starts in the same moment would find it taken.
// Errors: hal.ErrGone without a card, hal.ErrRefused when the user may not or the
// driver counts none.
func (c *Card) Vblanks() (map[int]uint32, error) {
	fd, err := unix.Open(c.path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("card %s: %w", c.path, explain(err))
	}
	defer func() { _ = unix.Close(fd) }()
	_ = c.ioctl(fd, ioctlDropMaster, nil) // fails for who is none, which is right
	counts := map[int]uint32{}
	for pipe := range pipes {
		v := waitVblank{kind: relative | uint32(pipe)<<pipeShift}
		switch err := c.ioctl(fd, ioctlWaitVblank, unsafe.Pointer(&v)); {
		case err == nil:
			counts[pipe] = v.sequence
		case errors.Is(err, unix.EINVAL): // off, or no such output
		default:
			return nil, fmt.Errorf("card %s: vblanks of output %d: %w", c.path, pipe, explain(err))
		}
	}
	return counts, nil
}

// explain adds what hal calls an error of the kernel.
func explain(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", hal.ErrGone, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOTTY):
		return fmt.Errorf("%w: %w", hal.ErrRefused, err)
	}
	return err
}
