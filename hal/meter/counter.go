package meter

import "time"

// longestPause is the time after which the pulses since the last call may have
// gone once around: at the end of the range they do so in 23 s.
const longestPause = 10 * time.Second

// counter adds up the pulses of a chip that counts to 65535 and begins anew at
// 0 when it loses its supply.
type counter struct {
	k      uint32
	last   uint16
	at     time.Time // zero: not begun, and longer ago than any pause
	joules float64
}

// count takes in the pulses of f and returns the energy so far. Pulses that
// could not have been used since the last call, even at the end of the range,
// are those of a chip that began anew: they are not counted.
func (c *counter) count(f frame, l limits, now time.Time) WattHours {
	// The manual calls the count void while its low byte is 0.
	if f.pulses&0xFF == 0 {
		return c.total()
	}
	pulse := float64(f.k[2]) * 1e-6 * l.volts * l.amps
	used := float64(f.pulses-c.last) * pulse
	pause := now.Sub(c.at)
	most := l.watts()*pause.Seconds() + pulse
	if f.k[2] == c.k && pause <= longestPause && used <= most {
		c.joules += used
	}
	c.k, c.last, c.at = f.k[2], f.pulses, now
	return c.total()
}

func (c *counter) total() WattHours { return WattHours(c.joules / 3600) }
