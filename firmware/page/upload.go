package page

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// Why an upload is not taken.
var (
	errForm      = errors.New("no form of this page")
	errLargeFile = errors.New("file too large")
	errLargeText = errors.New("text too large")
	errCard      = errors.New("card")
)

const (
	mostParts = 10       // more than the form has
	mostDrain = 64 << 20 // bytes of what is refused that are read all the same
)

// receive reads the form of a notice as it comes, the file onto the card and never
// into memory. What was read of the form is returned with the error.
func (p *Page) receive(v *visit, dir string) (noticeForm, error) {
	form := p.freshForm()
	clock := http.NewResponseController(v.w)
	_ = clock.SetReadDeadline(time.Now().Add(uploadBound)) // the deadlines of the server stand otherwise
	_ = clock.SetWriteDeadline(time.Now().Add(uploadBound + publishBound + time.Minute))
	whole := v.r.Body
	v.r.Body = http.MaxBytesReader(v.w, whole, mostUpload+mostForm)
	err := p.parts(v.r, dir, &form)
	if err != nil && !errors.Is(err, errForm) {
		// A browser that is still sending would not read why it was refused.
		_, _ = io.CopyN(io.Discard, whole, mostDrain)
	}
	return form, err
}

// parts reads the fields in the order in which they come.
func (p *Page) parts(r *http.Request, dir string, form *noticeForm) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return errForm
	}
	var long error
	for range mostParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return long
		}
		if err != nil {
			return err
		}
		err = p.part(part, dir, form)
		if errors.Is(err, errLargeText) { // the other fields come back to who has filled them in
			long, err = err, nil
		}
		if err != nil {
			return err
		}
	}
	return errForm
}

// part reads one field.
func (p *Page) part(part *multipart.Part, dir string, form *noticeForm) error {
	if part.FormName() == "file" {
		return p.file(part, dir, form)
	}
	fields := map[string]*string{"title": &form.Title, "kind": &form.Kind, "from": &form.From, "until": &form.Until, "text": &form.Text}
	to := fields[part.FormName()]
	if to == nil {
		return errForm
	}
	b, err := io.ReadAll(io.LimitReader(part, mostForm)) // more than is taken, so that a text that is too long comes back whole
	if err != nil {
		return err
	}
	*to = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(string(b), "\uFFFD"), "\r\n", "\n"))
	if len(*to) > mostText {
		return errLargeText
	}
	return nil
}

// file writes what is sent onto the card; a file field without one has no name.
func (p *Page) file(part *multipart.Part, dir string, form *noticeForm) error {
	if part.FileName() == "" {
		_, err := io.Copy(io.Discard, part)
		return err
	}
	if form.file != "" {
		return errForm
	}
	f, err := os.OpenFile(filepath.Join(dir, "file"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(errCard, err)
	}
	n, err := io.Copy(onCard{f}, io.LimitReader(part, mostUpload+1))
	if closed := f.Close(); closed != nil {
		err = errors.Join(errCard, err, closed)
	}
	switch {
	case err != nil:
		return err
	case n > mostUpload:
		return errLargeFile
	}
	form.file, form.name = f.Name(), part.FileName()
	if !utf8.ValidString(form.name) {
		form.name = ""
	}
	return nil
}

// onCard tells an error of the card from one of the network.
type onCard struct{ w io.Writer }

// Write writes.
func (c onCard) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	if err != nil {
		err = errors.Join(errCard, err)
	}
	return n, err
}

// uploadProblem says why something did not arrive.
func uploadProblem(v *visit, err error) (int, *problem) {
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, errLargeFile), errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, v.problem("file", "page.bad.file_size", "most", mostUpload>>20)
	case errors.Is(err, errLargeText):
		return http.StatusRequestEntityTooLarge, v.problem("text", "page.bad.text_size", "most", mostText>>10)
	case errors.Is(err, errCard):
		return http.StatusInsufficientStorage, v.problem("file", "page.bad.card")
	case errors.Is(err, errForm):
		return http.StatusBadRequest, v.problem("", "page.bad.form")
	}
	return http.StatusBadRequest, v.problem("file", "page.bad.broken_off")
}
