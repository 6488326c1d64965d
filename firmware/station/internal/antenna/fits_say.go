package antenna

import (
	"math"
	"time"

	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

// turnWords says which way to turn or tip a dish, seen from behind it; still is what is
// too little to be worth it.
func turnWords(c *text.Catalogue, key string, by, still dish.Degrees) string {
	switch {
	case math.Abs(float64(by)) <= float64(still):
		return c.Say("cmd.dish." + key + "_stay")
	case by > 0:
		return c.Say("cmd.dish."+key+"_plus", "deg", figure(float64(by), 2))
	}
	return c.Say("cmd.dish."+key+"_minus", "deg", figure(-float64(by), 2))
}

func (n boresightNote) text(c *text.Catalogue, head string) string {
	l := lineup{words: c, head: head}
	still := max(2*n.Sigma, 0.01)
	l.add("cmd.dish.off_right", signed(n.Cross)+"°", turnWords(c, "across", -n.Cross, still))
	l.add("cmd.dish.off_up", signed(n.Elevation)+"°", turnWords(c, "upright", -n.Elevation, still))
	l.add("cmd.dish.good_to", "±"+figure(float64(n.Sigma), 3)+"°", c.Say("cmd.dish.boresight_by", "days", n.Days, "used", n.Used))
	l.add("cmd.dish.loss_now", figure(float64(n.Loss), 2)+" dB", c.Say("cmd.dish.loss_means"))
	return l.String()
}

func (n peakNote) text(c *text.Catalogue) string {
	l := lineup{words: c, head: n.Scan}
	l.add("cmd.dish.peak_az", signed(n.Azimuth)+"°", turnWords(c, "turn", n.Azimuth, 0.005))
	l.add("cmd.dish.peak_el", signed(n.Elevation)+"°", turnWords(c, "tip", n.Elevation, 0.005))
	l.add("cmd.dish.good_to", "±"+figure(float64(n.Sigma), 3)+"°", c.Say("cmd.dish.peak_by", "used", n.Used))
	l.add("cmd.dish.peak_cnr", figure(float64(n.CNR), 1)+" dB", c.Say("cmd.dish.peak_means"))
	return l.String()
}

func (n compassNote) text(c *text.Catalogue, decl float64) string {
	l := lineup{words: c, head: n.Set + "  " + c.Say("cmd.dish.compass_by", "used", n.Used, "decl", figure(decl, 2))}
	l.add("cmd.dish.good_to", "±"+figure(math.Hypot(float64(n.Noise), float64(n.Error)), 1)+"°", c.Say("cmd.dish.compass_means", "error", figure(float64(n.Error), 2)))
	for _, h := range n.Headings {
		row := [3]string{h.Name, "-", c.Say("cmd.dish.fit.vertical")}
		if h.Heading != nil {
			row = [3]string{h.Name, figure(float64(*h.Heading), 1) + "°", ""}
		}
		l.rows = append(l.rows, row)
	}
	return l.String()
}

// evidence says all clues of a verdict, one after the other.
func evidence(c *text.Catalogue, v dish.Verdict) string {
	said := ""
	for i, clue := range v.Clues {
		if i == 0 {
			said = sayClue(c, clue)
			continue
		}
		said = c.Say("cmd.dish.and", "a", said, "b", sayClue(c, clue))
	}
	return said
}

func sayClue(c *text.Catalogue, clue dish.Clue) string {
	decimals := 1
	switch clue.Word {
	case "sun_foretold", "sun_unseen", "switching", "lasted", "at_once":
		decimals = 0
	}
	if clue.Word == "noise_too" || clue.Word == "no_noise" {
		clue.Value, decimals = 100*clue.Value, 0
	}
	return c.Say("cmd.dish.clue."+clue.Word, "v", figure(clue.Value, decimals))
}

func (n whyNote) text(c *text.Catalogue) string {
	l := lineup{words: c, head: n.ID + "  " + c.Say("cmd.dish.cause."+string(n.Cause))}
	if n.Onset >= 0 {
		since := time.Duration(n.Onset) * time.Second
		l.add("cmd.dish.since", since.String(), c.Say("cmd.dish.since_means"))
	}
	l.add("cmd.dish.confidence", figure(100*n.Confidence, 0)+" %", "")
	for _, clue := range n.Clues {
		l.add("cmd.dish.because", "", sayClue(c, clue))
	}
	l.add("cmd.dish.to_do", "", c.Say("cmd.dish.cause."+string(n.Cause)+".hint"))
	return l.String()
}
