package library

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// settle lets lessons go that must for the budget, now that the film is one.
func (in *importing) settle(context.Context) error {
	r, err := in.l.Room()
	if err != nil {
		return err
	}
	r.Free += in.size // the copy is there
	out, bad := in.l.choose(r, in.size, in.a.Keep)
	if bad != nil {
		in.verdict.add(*bad)
		return nil
	}
	found, err := in.l.giveWay(out)
	in.verdict.add(found...)
	return err
}

// publish gives the lesson its name, writes the manifest and makes the folder a
// lesson in one step.
func (in *importing) publish(context.Context) error {
	id := in.choose()
	ext := "." + in.man.Probe.Container
	if was := strings.ToLower(filepath.Ext(in.path)); !fits(was, ext) {
		in.verdict.add(remark(Extension, "got", was, "want", ext))
	}
	if err := in.rename(id, ext); err != nil {
		return err
	}
	in.describe()
	b, err := in.man.encode()
	if err == nil {
		err = writeFile(filepath.Join(in.stage, ManifestName), b)
	}
	if err == nil {
		err = syncDir(in.stage)
	}
	if err != nil {
		return err
	}
	dir := filepath.Join(in.l.dir, id)
	if err := os.Rename(in.stage, dir); err != nil {
		return fmt.Errorf("lesson %s: %w", id, err)
	}
	in.stage = ""
	in.lesson = in.l.read(id)
	return syncDir(in.l.dir)
}

// choose finds a name that is safe and free.
func (in *importing) choose() string {
	base := filepath.Base(filepath.Clean(in.a.Path))
	if in.promised.Film == "" {
		base = strings.TrimSuffix(base, filepath.Ext(base))
	}
	want := cmp.Or(safeID(base), "lesson-"+in.man.SHA256[:8])
	id := want
	for n := 2; in.taken(id); n++ {
		id = numbered(want, n)
	}
	if id != base {
		in.verdict.add(remark(Renamed, "got", base, "id", id))
	}
	return id
}

func (in *importing) taken(id string) bool {
	_, err := os.Lstat(filepath.Join(in.l.dir, id))
	return err == nil
}

// rename gives film and subtitles the name of the lesson, by which the player
// finds what belongs together.
func (in *importing) rename(id, ext string) error {
	in.man.Film = id + ext
	if err := os.Rename(in.staged(), filepath.Join(in.stage, in.man.Film)); err != nil {
		return err
	}
	for i, s := range in.man.Subtitles {
		in.man.Subtitles[i].File = id + s.File
		if err := os.Rename(filepath.Join(in.stage, "film"+s.File), filepath.Join(in.stage, id+s.File)); err != nil {
			return err
		}
	}
	info, err := in.film.Stat()
	if err != nil {
		return err
	}
	in.man.Modified = info.ModTime()
	return nil
}

// describe fills in the words: those given now, those of the manifest, those of
// the film.
func (in *importing) describe() {
	a, p, m := in.a, in.promised, &in.man
	m.Title = cmp.Or(printable(a.Title, mostTitle), p.Title, titleOf(filepath.Base(in.path)), m.Film)
	m.Language = cmp.Or(a.Language, p.Language, m.Probe.Sound.Language)
	if !ValidLanguage(m.Language) {
		m.Language = ""
	}
	m.Source = cmp.Or(printable(a.Source, mostSource), p.Source)
	m.Licence = cmp.Or(printable(a.Licence, mostLicence), p.Licence)
	m.Age = min(max(a.Age, p.Age, 0), mostAge)
	m.Added, m.Board = in.l.now(), in.l.opts.Board.Name
}

// fits says whether a name with the ending was may hold what ext is for.
func fits(was, ext string) bool {
	also := map[string]string{".mp4": ".m4v .mov .3gp .f4v", ".mkv": ".webm .mka", ".ts": ".m2ts .mts .tp .trp", ".mpg": ".mpeg .vob .dat .m2p", ".wmv": ".asf", ".rm": ".rmvb", ".ogv": ".ogg .ogm"}
	return was == ext || was != "" && strings.Contains(also[ext]+" ", was+" ")
}
