package antenna

import (
	"math"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
)

// locked reads the column lock.
func (r *sheetRow) locked() bool { return r.word("lock", "0", "1") == "1" }

// cnr reads a C/N, which only a locked receiver has.
func (r *sheetRow) cnr(locked bool) dish.DB {
	if !locked {
		return 0
	}
	return dish.DB(r.num("cnr_db", -30, 60))
}

// boresightNote is `dish boresight` as -json prints it.
type boresightNote struct {
	ID        string       `json:"id"`
	Cross     dish.Degrees `json:"cross_el_deg"`
	Elevation dish.Degrees `json:"el_deg"`
	Sigma     dish.Degrees `json:"sigma_deg"`
	Loss      dish.DB      `json:"loss_db"`
	Noise     dish.DB      `json:"noise_db"`
	Depth     dish.DB      `json:"sun_depth_db"`
	Days      int          `json:"days"`
	Used      int          `json:"readings"`
}

func (q question) boresight() study[dish.Sight] {
	return study[dish.Sight]{
		diarist: diarist[dish.Sight]{id: "id", needs: []string{"utc", "lock", "cnr_db"}, most: dish.MostSights, read: func(r *sheetRow) dish.Sight {
			s := dish.Sight{At: r.time("utc"), Locked: r.locked()}
			s.CNR = r.cnr(s.Locked)
			return s
		}},
		table: func(l *diary[dish.Sight]) sheet {
			return sheet{needs: []string{"id", "lat_deg", "lon_deg", "height_m", "sat_lon_deg", "beam3db_deg"},
				adds: []string{"cross_el_deg", "el_deg", "sigma_deg"}, work: func(r *sheetRow) ([][]string, error) {
					p, o, beam := r.place(), r.orbit(), dish.Degrees(r.num("beam3db_deg", 0.1, 20))
					rows := l.take(r, "id")
					if r.err != nil {
						return nil, nil // told by who called
					}
					b, err := dish.FindBoresight(p, o, beam, rows)
					return [][]string{{figure(float64(b.CrossElevation), 4), figure(float64(b.Elevation), 4), figure(float64(b.Sigma), 4)}}, err
				}}
		},
		one: q.boresightOf,
	}
}

func (q question) boresightOf(id string, log []dish.Sight) (command.Result, error) {
	p, err := q.place()
	if err != nil {
		return command.Result{}, err
	}
	sat, err := q.target()
	if err != nil {
		return command.Result{}, err
	}
	width, err := q.width(0.1, 20)
	if err != nil {
		return command.Result{}, err
	}
	b, err := dish.FindBoresight(p, orbitOf(sat), width, log)
	if err != nil {
		return command.Result{}, err
	}
	n := boresightNote{ID: id, Cross: b.CrossElevation, Elevation: b.Elevation, Sigma: b.Sigma, Noise: b.Noise, Depth: b.Depth, Days: b.Days, Used: b.Used,
		Loss: dish.PointingLoss(dish.Degrees(math.Hypot(float64(b.CrossElevation), float64(b.Elevation))), width)}
	return command.Result{Text: n.text(q.env.Text, id+"  "+wherePlace(q.env.Text, p)+"  →  "+whereSatellite(q.env.Text, sat)), Data: n}, nil
}

// width is that of the beam: as it was said, or of the dish.
func (q question) width(low, high float64) (dish.Degrees, error) {
	if q.survey.Options["beam"] != "" {
		w, err := q.number("beam", 0, low, high)
		return dish.Degrees(w), err
	}
	b, known, err := q.beam()
	switch {
	case err != nil:
		return 0, err
	case !known:
		return 0, q.env.Misused("cmd.dish.no_beam")
	}
	return b.Width, nil
}

// peakNote is `dish peak` as -json prints it.
type peakNote struct {
	Scan      string       `json:"scan"`
	Azimuth   dish.Degrees `json:"peak_daz_deg"`
	Elevation dish.Degrees `json:"peak_del_deg"`
	CNR       dish.DB      `json:"peak_cnr_db"`
	Sigma     dish.Degrees `json:"sigma_deg"`
	Used      int          `json:"readings"`
}

func (q question) peak() study[dish.Probe] {
	return study[dish.Probe]{
		diarist: diarist[dish.Probe]{id: "scan", needs: []string{"i", "daz_deg", "del_deg", "lock", "cnr_db"}, most: dish.MostProbes, read: func(r *sheetRow) dish.Probe {
			p := dish.Probe{Azimuth: dish.Degrees(r.num("daz_deg", -180, 180)), Elevation: dish.Degrees(r.num("del_deg", -90, 90)), Locked: r.locked()}
			p.CNR = r.cnr(p.Locked)
			return p
		}},
		table: func(l *diary[dish.Probe]) sheet {
			return sheet{needs: []string{"scan", "theta3db_deg", "sat_el_deg"}, adds: []string{"peak_daz_deg", "peak_del_deg", "peak_cnr_db"},
				work: func(r *sheetRow) ([][]string, error) {
					width, el := dish.Degrees(r.num("theta3db_deg", 0.05, 30)), dish.Degrees(r.num("sat_el_deg", -5, 89))
					rows := l.take(r, "scan")
					if r.err != nil {
						return nil, nil
					}
					s, err := dish.Peak(width, el, rows)
					return [][]string{{figure(float64(s.Azimuth), 4), figure(float64(s.Elevation), 4), figure(float64(s.CNR), 2)}}, err
				}}
		},
		one: q.peakOf,
	}
}

func (q question) peakOf(id string, log []dish.Probe) (command.Result, error) {
	width, err := q.width(0.05, 30)
	if err != nil {
		return command.Result{}, err
	}
	el, err := q.height()
	if err != nil {
		return command.Result{}, err
	}
	s, err := dish.Peak(width, el, log)
	if err != nil {
		return command.Result{}, err
	}
	n := peakNote{id, s.Azimuth, s.Elevation, s.CNR, s.Sigma, s.Used}
	return command.Result{Text: n.text(q.env.Text), Data: n}, nil
}

// height is the satellite's elevation: as it was said, or by place and satellite.
func (q question) height() (dish.Degrees, error) {
	if q.survey.Options["el"] != "" {
		el, err := q.number("el", 0, -5, 89)
		return dish.Degrees(el), err
	}
	p, err := q.place()
	if err != nil {
		return 0, err
	}
	sat, err := q.target()
	if err != nil {
		return 0, err
	}
	return dish.Look(p, orbitOf(sat)).Elevation, nil
}

// position is a line of a compass's log.
type position struct {
	name   string
	verify bool
	dish.Pose
}

// compassNote is `dish compass` as -json prints it.
type compassNote struct {
	Set      string        `json:"set"`
	Noise    dish.Degrees  `json:"noise_deg"`
	Error    dish.Degrees  `json:"calibration_deg"`
	Used     int           `json:"poses"`
	Headings []headingNote `json:"headings"`
	Lost     []string      `json:"without_heading,omitempty"` // poses that are upright
}

type headingNote struct {
	Name    string        `json:"i"`
	Heading *dish.Degrees `json:"heading_true_deg"` // nil: none
}

func (q question) compass() study[position] {
	return study[position]{
		diarist: diarist[position]{id: "set", needs: []string{"kind", "i", "mx_uT", "my_uT", "mz_uT", "ax_g", "ay_g", "az_g"}, most: 2 * dish.MostPoses, read: readPosition},
		table: func(l *diary[position]) sheet {
			return sheet{needs: []string{"set", "decl_deg", "F_uT", "dip_deg"}, only: true, adds: []string{"set", "i", "heading_true_deg"},
				work: func(r *sheetRow) ([][]string, error) {
					decl := dish.Degrees(r.num("decl_deg", -180, 180))
					y := dish.Yardstick{Total: dish.Nanotesla(1000 * r.num("F_uT", 15, 80)), Dip: dish.Degrees(r.num("dip_deg", -88, 88))}
					rows := l.take(r, "set")
					if r.err != nil {
						return nil, nil
					}
					n, err := headings(r.text("set"), rows, y, decl)
					for _, name := range n.Lost {
						r.remark(true, "cmd.dish.no_heading", "i", name)
					}
					return n.rows(), err
				}}
		},
		one: q.compassOf,
	}
}

func readPosition(r *sheetRow) position {
	p := position{name: r.id("i"), verify: r.word("kind", "cal", "verify") == "verify"}
	for i, axis := range []string{"x", "y", "z"} {
		p.Magnetic[i] = r.num("m"+axis+"_uT", -2000, 2000)
		p.Up[i] = r.num("a"+axis+"_g", -4, 4)
	}
	return p
}

// headings calibrates by the poses of one kind and tells those of the other. One that is
// upright has none, which takes nothing from the others.
func headings(set string, log []position, y dish.Yardstick, decl dish.Degrees) (compassNote, error) {
	n := compassNote{Set: set, Headings: []headingNote{}}
	var poses []dish.Pose
	for _, p := range log {
		if !p.verify {
			poses = append(poses, p.Pose)
		}
	}
	c, err := dish.CalibrateCompass(y, poses)
	if err != nil {
		return n, err
	}
	n.Noise, n.Error, n.Used = c.Noise, c.Error, c.Used
	for _, p := range log {
		if !p.verify {
			continue
		}
		note := headingNote{Name: p.name}
		if h, err := c.Heading(p.Pose, decl); err == nil {
			note.Heading = &h
		} else {
			n.Lost = append(n.Lost, p.name)
		}
		n.Headings = append(n.Headings, note)
	}
	if len(n.Headings) == 0 {
		return n, errRow{"cmd.dish.no_verify", nil}
	}
	return n, nil
}

func (n compassNote) rows() (out [][]string) {
	for _, h := range n.Headings {
		cell := ""
		if h.Heading != nil {
			cell = figure(float64(*h.Heading), 3)
		}
		out = append(out, []string{n.Set, h.Name, cell})
	}
	return out
}

// compassOf takes the field by place and time when it is not said.
func (q question) compassOf(id string, log []position) (command.Result, error) {
	f := dish.Field{}
	if o := q.survey.Options; o["decl"] == "" || o["total"] == "" || o["dip"] == "" {
		p, err := q.place()
		if err != nil {
			return command.Result{}, err
		}
		if f, err = dish.WMM2025().At(p, dish.DecimalYear(q.at)); err != nil {
			return command.Result{}, err
		}
	}
	decl, errD := q.number("decl", float64(f.Declination), -180, 180)
	total, errT := q.number("total", float64(f.Total)/1000, 15, 80)
	dip, errI := q.number("dip", float64(f.Inclination), -88, 88)
	for _, err := range []error{errD, errT, errI} {
		if err != nil {
			return command.Result{}, err
		}
	}
	n, err := headings(id, log, dish.Yardstick{Total: dish.Nanotesla(1000 * total), Dip: dish.Degrees(dip)}, dish.Degrees(decl))
	if err != nil {
		return command.Result{}, err
	}
	return command.Result{Text: n.text(q.env.Text, decl), Data: n}, nil
}

// whyNote is `dish why` as -json prints it.
type whyNote struct {
	ID         string      `json:"id"`
	Cause      dish.Cause  `json:"cause"`
	Onset      float64     `json:"onset_s"` // -1: nothing happened
	Confidence float64     `json:"confidence"`
	Evidence   string      `json:"evidence"`
	Clues      []dish.Clue `json:"clues"`
}

func (q question) why() study[dish.Sample] {
	return study[dish.Sample]{
		diarist: diarist[dish.Sample]{id: "id", needs: []string{"t_s", "lock", "cnr_db", "level_dbm"}, most: dish.MostSamples, read: readSample},
		table: func(l *diary[dish.Sample]) sheet {
			return sheet{needs: []string{"id", "band", "dish_m", "clear_cnr_db", "lock_threshold_db", "predicted_sun_outage_s"},
				adds: []string{"cause", "onset_s", "confidence", "evidence"}, work: func(r *sheetRow) ([][]string, error) {
					link := linkRow(r)
					rows := l.take(r, "id")
					if r.err != nil {
						return nil, nil
					}
					v, err := dish.Why(link, rows)
					return [][]string{{string(v.Cause), figure(v.Onset.Seconds(), 0), figure(v.Confidence, 2), evidence(q.env.Text, v)}}, err
				}}
		},
		one: q.whyOf,
	}
}

func readSample(r *sheetRow) dish.Sample {
	s := dish.Sample{At: time.Duration(r.num("t_s", -1e8, 1e8) * float64(time.Second)), Locked: r.locked()}
	s.CNR = r.cnr(s.Locked)
	s.Other = math.NaN()
	if s.Locked {
		s.Other = r.maybe("cnr2_db", s.Other, -30, 60)
	}
	s.Level = r.maybe("level_dbm", math.NaN(), -1e12, 1e12) // drivers say anything; dish.Why knows
	s.Temperature = r.maybe("temp_c", math.NaN(), -90, 90)
	return s
}

func linkRow(r *sheetRow) dish.Link {
	l := dish.Link{CBand: r.word("band", "C", "Ku") == "C", Clear: dish.DB(r.num("clear_cnr_db", 1, 40)), Threshold: dish.DB(r.num("lock_threshold_db", -5, 39))}
	r.num("dish_m", 0.1, 100)
	if r.text("predicted_sun_outage_s") != "" {
		l.Sun, l.SunKnown = time.Duration(r.num("predicted_sun_outage_s", -1e8, 1e8)*float64(time.Second)), true
	}
	return l
}

func (q question) whyOf(id string, log []dish.Sample) (command.Result, error) {
	band, o := q.survey.Options["band"], q.survey.Options
	switch {
	case band != "C" && band != "Ku":
		return command.Result{}, q.env.Misused("cmd.dish.which_band", "got", band)
	case o["clear"] == "" || o["threshold"] == "":
		return command.Result{}, q.env.Misused("cmd.dish.which_clear")
	}
	clearSky, errC := q.number("clear", 0, 1, 40)
	threshold, errT := q.number("threshold", 0, -5, 39)
	sun, errS := q.number("sun", 0, -1e8, 1e8)
	for _, err := range []error{errC, errT, errS} {
		if err != nil {
			return command.Result{}, err
		}
	}
	v, err := dish.Why(dish.Link{CBand: band == "C", Clear: dish.DB(clearSky), Threshold: dish.DB(threshold),
		Sun: time.Duration(sun * float64(time.Second)), SunKnown: o["sun"] != ""}, log)
	if err != nil {
		return command.Result{}, err
	}
	n := whyNote{id, v.Cause, v.Onset.Seconds(), math.Round(100*v.Confidence) / 100, evidence(q.env.Text, v), v.Clues}
	return command.Result{Text: n.text(q.env.Text), Data: n}, nil
}
