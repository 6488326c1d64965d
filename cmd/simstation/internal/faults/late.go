package faults

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"

	"stationbox/cmd/simstation/internal/machine"
)

// prick asks the village's pin server for a level again and again, as the guard
// does, and notes how late it answers while nothing is wrong with it.
func (v *rig) prick(ctx context.Context) {
	for ctx.Err() == nil {
		if conn, err := net.Dial("unix", v.wire("pins")); err == nil {
			v.prickOn(ctx, conn)
			_ = conn.Close()
		}
		rest(ctx, 50*time.Millisecond)
	}
}

func (v *rig) prickOn(ctx context.Context, conn net.Conn) {
	in := bufio.NewReader(conn)
	ask := func(text string) error {
		if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(conn, text); err != nil {
			return err
		}
		_, err := in.ReadString('\n')
		return err
	}
	if ask("hello 1 canary") != nil || ask("in "+spareWire+" off none 0") != nil {
		return
	}
	for ctx.Err() == nil {
		begun := v.now()
		if ask("get "+spareWire) != nil {
			return
		}
		if now := v.now(); !v.pinsBad.Load() {
			v.late.Note(now, now.Sub(begun))
		}
		rest(ctx, 2*machine.Beat)
	}
}
