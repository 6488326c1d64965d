package antenna

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// readAll gives every record as "line: cell|cell", and one that is none as "line: !key".
func readAll(t *testing.T, in string) (out []string) {
	t.Helper()
	r := newRecords(strings.NewReader(in))
	for {
		cells, err := r.next()
		var shape errRow
		switch {
		case err == io.EOF:
			return out
		case errors.As(err, &shape):
			out = append(out, fmt.Sprintf("%d: !%s", r.first, strings.TrimPrefix(shape.key, "cmd.dish.row_")))
		case err != nil:
			t.Fatal(err)
		default:
			out = append(out, fmt.Sprintf("%d: %s", r.first, strings.Join(cells, "|")))
		}
		if len(out) > 1+len(in) {
			t.Fatal("it never ends")
		}
	}
}

// A quote too many costs its own line; what is within quotes may have line ends.
func TestRecords(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"plain", "a,b\n1,2\n3,4", []string{"1: a|b", "2: 1|2", "3: 3|4"}},
		{"a mark, CRLF, empty lines", "\xef\xbb\xbfa,b\r\n\r\n1,2\r\n\n3,4\r\n", []string{"1: a|b", "3: 1|2", "5: 3|4"}},
		{"quotes", "a,b\n\"1,\"\"x\"\"\",2\n", []string{"1: a|b", "2: 1,\"x\"|2"}},
		{"a line end in quotes", "a,b\n\"1\n\n2\",3\n4,5\n", []string{"1: a|b", "2: 1\n\n2|3", "5: 4|5"}},
		{"a line end in the header", "\"a\nx\",b\n1,2\n", []string{"1: a\nx|b", "3: 1|2"}},
		{"a quote too many", "a,b\n\"1,2\n3,4\n5,6\n", []string{"1: a|b", "2: !quote", "3: 3|4", "4: 5|6"}},
		{"two of them", "a,b\n1,\"2\n3,4\n5,\"6\n7,8\n", []string{"1: a|b", "2: !quote", "3: 3|4", "4: !quote", "5: 7|8"}},
		{"one in a cell", "a,b\n1,5\" dish\n3,4\n", []string{"1: a|b", "2: !quote", "3: 3|4"}},
		{"a pair in a cell", "a,b\n1,5\" \"dish\n3,4\n", []string{"1: a|b", "2: !quote", "3: 3|4"}},
		{"it would close in a later row", "a,b\n1,\"2\n3,\"4\"\n5,6\n", []string{"1: a|b", "2: !quote", "3: 3|4", "4: 5|6"}},
		{"too few and too many cells", "a,b\n1\n1,2,3\n4,5\n", []string{"1: a|b", "2: !fields", "3: !fields", "4: 4|5"}},
		{"nothing", "", nil},
		{"far from its end", "a,b\n1,\"2\n" + strings.Repeat("3,4\n", 2*mostJoined) + "5,6\"\n",
			slices.Concat([]string{"1: a|b", "2: !quote"}, numbered(3, 2*mostJoined, "3|4"), []string{fmt.Sprintf("%d: !quote", 3+2*mostJoined)})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := readAll(t, tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func numbered(from, count int, record string) (out []string) {
	for i := range count {
		out = append(out, fmt.Sprintf("%d: %s", from+i, record))
	}
	return out
}

// What encoding/csv reads without a complaint is read just so, but for records of very many lines.
func FuzzRecords(f *testing.F) {
	for _, in := range []string{"a,b\n1,2\n", "a\n\"x\ny\"\n", "\"\"\n\n\"\n", "a,\"b\"\"\n\",c\r\n1,2,3", "\ra,b\n", "a\r\n\"b\r\nc\"\r\n", "\"a\"b\n", ",\"0\r\r\n\","} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := readAll(t, in)
		if strings.HasPrefix(in, "\xef\xbb\xbf") || strings.Count(in, "\n") > mostJoined || len(in) > mostRecord {
			return
		}
		c := csv.NewReader(strings.NewReader(in))
		list, err := c.ReadAll()
		if err != nil {
			return
		}
		var want []string
		for _, cells := range list {
			want = append(want, strings.Join(cells, "|"))
		}
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], ": ")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q:\ngot  %q\nwant %q", in, got, want)
		}
	})
}
