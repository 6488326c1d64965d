package quiz_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/quiz"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func record(kind string, data any) firmware.Record {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return firmware.Record{Kind: kind, Wall: noon, Data: raw}
}

func question(vote bool) firmware.Question {
	return firmware.Question{ID: "q", Text: "什么时候浇水？", Options: []string{"早上", "中午", "晚上"}, Right: "A", Vote: vote, Until: noon.Add(time.Minute)}
}

// The newest answer of a number counts, once, whatever was answered before and wherever
// the program is started anew; of a vote no record says what anybody chose.
func TestNewestAnswerCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vote, key := rapid.Bool().Draw(t, "vote"), quiz.NewKey()
		records := []firmware.Record{record(firmware.KindQuestion, question(vote))}
		live := quiz.Feed(nil, records[0])
		want := map[int]int{}
		for range rapid.IntRange(0, 30).Draw(t, "answers") {
			n, option := rapid.IntRange(1, 8).Draw(t, "number"), rapid.IntRange(0, 2).Draw(t, "option")
			want[n] = option
			rec := record(firmware.KindAnswer, live.Answer(n, "甲", option, key))
			if vote && (strings.Contains(string(rec.Data), "choice") || len(rec.Data) != len(record(firmware.KindAnswer, live.Answer(n, "甲", 0, key)).Data)) {
				t.Fatalf("the record tells of the choice: %s", rec.Data)
			}
			records = append(records, rec)
			live = quiz.Feed(live, rec)
			if !live.Has(n) {
				t.Fatalf("%d has not answered", n)
			}
		}
		counts := make([]int, 3)
		for _, option := range want {
			counts[option]++
		}
		var again *quiz.Poll
		for _, rec := range records {
			again = quiz.Feed(again, rec)
		}
		for _, p := range []*quiz.Poll{live, again} {
			if o := p.Count(key); fmt.Sprint(o.Counts) != fmt.Sprint(counts) || o.Answered != len(want) || o.Void {
				t.Fatalf("counted %+v, want %v of %d", o, counts, len(want))
			}
		}
		if vote && len(want) > 0 {
			for _, k := range []*quiz.Key{nil, quiz.NewKey()} {
				if o := live.Count(k); !o.Void || fmt.Sprint(o.Counts) != "[0 0 0]" {
					t.Fatalf("without the key: %+v", o)
				}
			}
		}
		done := quiz.Feed(again, record(firmware.KindOutcome, again.Count(key)))
		if o, _ := done.Outcome(); done.Waits() || o.Answered != len(want) || done.Answered() != len(want) {
			t.Fatalf("outcome %+v", o)
		}
		if late := quiz.Feed(done, record(firmware.KindAnswer, firmware.Answer{Question: "q", Number: 99, Choice: "A"})); late.Answered() != len(want) {
			t.Fatal("an answer after the end counts")
		}
	})
}

// A sealed answer is good for its question and its number alone.
func TestSeal(t *testing.T) {
	key := quiz.NewKey()
	sealed := key.Seal("q", 12, 'B')
	if got, err := key.Open("q", 12, sealed); err != nil || got != 'B' {
		t.Fatal(got, err)
	}
	if string(sealed) == string(key.Seal("q", 12, 'B')) {
		t.Error("the same answer looks the same")
	}
	for name, open := range map[string]func() (byte, error){
		"another number":   func() (byte, error) { return key.Open("q", 13, sealed) },
		"another question": func() (byte, error) { return key.Open("p", 12, sealed) },
		"another key":      func() (byte, error) { return quiz.NewKey().Open("q", 12, sealed) },
		"cut":              func() (byte, error) { return key.Open("q", 12, sealed[:5]) },
		"nothing":          func() (byte, error) { return key.Open("q", 12, nil) },
		"changed":          func() (byte, error) { return key.Open("q", 12, append([]byte{sealed[0] ^ 1}, sealed[1:]...)) },
	} {
		if _, err := open(); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestPoll(t *testing.T) {
	var none *quiz.Poll
	if none.Open(noon) || none.Waits() || quiz.Feed(nil, record(firmware.KindAnswer, firmware.Answer{Question: "q", Number: 1})) != nil {
		t.Error("there is no question")
	}
	p := quiz.Feed(nil, record(firmware.KindQuestion, question(false)))
	if !p.Open(noon) || p.Open(p.Until) || !p.Waits() {
		t.Error("open until its time")
	}
	for _, bad := range []any{5, firmware.Question{ID: "x", Options: []string{"a"}}, firmware.Question{Options: []string{"a", "b"}}, firmware.Question{ID: "x", Options: make([]string, 5)}} {
		if quiz.Feed(p, record(firmware.KindQuestion, bad)) != p {
			t.Errorf("%v is a question", bad)
		}
	}
	for _, bad := range []any{"x", firmware.Answer{Question: "other", Number: 1}, firmware.Answer{Question: "q"}} {
		if quiz.Feed(p, record(firmware.KindAnswer, bad)); p.Answered() != 0 {
			t.Errorf("%v is an answer", bad)
		}
	}
	quiz.Feed(p, record(firmware.KindOutcome, firmware.Outcome{Question: firmware.Question{ID: "other"}}))
	if !p.Waits() {
		t.Error("ended by the outcome of another")
	}
}

// FuzzFeed: whatever stands in a record, it can be counted.
func FuzzFeed(f *testing.F) {
	f.Add([]byte(`{"id":"q","options":["a","b"]}`), []byte(`{"question":"q","number":1,"choice":"B"}`))
	f.Add([]byte(`{"id":"q","options":["a","b"],"vote":true}`), []byte(`{"question":"q","number":1,"sealed":"AAAA"}`))
	f.Add([]byte(`{"id":"q","options":["a","b"]}`), []byte(`{"question":"q","number":1,"choice":"AB"}`))
	f.Fuzz(func(t *testing.T, q, a []byte) {
		p := quiz.Feed(nil, firmware.Record{Kind: firmware.KindQuestion, Data: q})
		p = quiz.Feed(p, firmware.Record{Kind: firmware.KindAnswer, Data: a})
		if p == nil {
			return
		}
		o := p.Count(nil)
		sum := 0
		for _, n := range o.Counts {
			sum += n
		}
		if sum > o.Answered || !o.Void && sum != o.Answered {
			t.Errorf("%d of %d answers, void %v", sum, o.Answered, o.Void)
		}
	})
}
