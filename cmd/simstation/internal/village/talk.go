package village

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
)

// answer is what station says to one command over its socket.
type answer struct {
	V    int             `json:"v"`
	Code int             `json:"code"`
	Text string          `json:"text"`
	Data json.RawMessage `json:"data"`
}

// maxAnswer bounds one answer.
const maxAnswer = 16 << 20

// ask sends one command to station and waits for the answer, at most that long.
func ask(socket, lang string, patience time.Duration, args ...string) (answer, error) {
	conn, err := net.DialTimeout("unix", socket, patience)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	request := map[string]any{"v": 1, "args": args, "lang": lang, "by": "bench"}
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return answer{}, err
	}
	sc := bufio.NewScanner(conn)
	sc.Buffer(make([]byte, 0, 64<<10), maxAnswer)
	if !sc.Scan() {
		return answer{}, fmt.Errorf("station: no answer: %w", sc.Err())
	}
	var a answer
	if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
		return answer{}, fmt.Errorf("station: %w", err)
	}
	return a, nil
}

// Ask sends a command to the station as a shell would, and waits for its answer
// for as long as patience lasts. An answer that says no is an error.
func (v *Village) Ask(patience time.Duration, args ...string) error {
	a, err := ask(v.socket(), v.words.Lang(), patience, args...)
	if err == nil && a.Code != 0 {
		err = fmt.Errorf("station: %s: exit code %d: %s", strings.Join(args, " "), a.Code, lastLine(a.Text))
	}
	return err
}

func (v *Village) socket() string { return filepath.Join(v.dir, "run", "station.sock") }

// stale is how long the last answer of station counts.
const stale = 1500 * time.Millisecond

// stationPoll keeps what station answered last.
type stationPoll struct {
	mu      sync.Mutex
	status  json.RawMessage
	at      time.Time
	records []firmware.Record
	killAt  time.Time // station was killed and has not answered since
	killPID int
	back    []float64 // milliseconds from kill to first answer
}

// killed notes that the station process of that number was killed.
func (p *stationPoll) killed(now time.Time, pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killAt, p.killPID = now, pid
}

// heard notes a status of the process that runs now.
func (p *stationPoll) heard(status json.RawMessage, now time.Time, pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.at = status, now
	if !p.killAt.IsZero() && pid != p.killPID && pid != 0 {
		p.back = append(p.back, float64(now.Sub(p.killAt))/float64(time.Millisecond))
		p.killAt = time.Time{}
	}
}

// latest returns the newest status, nil when there is no fresh one.
func (p *stationPoll) latest(now time.Time) json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() || now.Sub(p.at) > stale {
		return nil
	}
	return p.status
}

// journal returns the newest records known.
func (p *stationPoll) journal() []firmware.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.records
}

func (p *stationPoll) backTimes() []float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]float64{}, p.back...)
}

func (v *Village) refreshStatus() {
	if v.station == nil {
		return
	}
	pid := v.station.state().PID
	a, err := ask(v.socket(), v.words.Lang(), time.Second, "status", "-json")
	if err != nil || len(a.Data) == 0 {
		return
	}
	v.answers.heard(a.Data, v.now(), pid)
}

// journalKept is how many of the newest records are asked for: more than any
// scenario makes.
const journalKept = "5000"

// refreshJournal reads the journal through the command that people have, so
// that a record counts only when it can be read again.
func (v *Village) refreshJournal() {
	if v.station == nil {
		return
	}
	a, err := ask(v.socket(), v.words.Lang(), 3*time.Second, "journal", "-json", "-last", journalKept)
	if err != nil || a.Code != 0 {
		return
	}
	records, err := readRecords(a.Data)
	if err != nil {
		v.log.Error("journal", "err", err)
		return
	}
	v.answers.mu.Lock()
	known := v.answers.records
	v.answers.records = records
	v.answers.mu.Unlock()
	v.tellRecords(known, records)
}

// readRecords takes a bare list, or one under "records".
func readRecords(data json.RawMessage) ([]firmware.Record, error) {
	var records []firmware.Record
	if json.Unmarshal(data, &records) == nil {
		return records, nil
	}
	var wrapped struct {
		Records []firmware.Record `json:"records"`
	}
	if err := json.Unmarshal(data, &wrapped); err != nil {
		return nil, fmt.Errorf("records of the journal: %w", err)
	}
	return wrapped.Records, nil
}
