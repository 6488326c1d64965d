package attendance_test

import (
	"fmt"
	"strings"
	"testing"

	"stationbox/firmware/attendance"
	"stationbox/firmware/text"
)

func list(t testing.TB, file string) *attendance.List {
	t.Helper()
	l, err := attendance.ReadList([]byte(file), "")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// planned writes a plan as "+12 ~7 -9 =3 ?8" with the keys of its warnings.
func planned(p *attendance.Plan) string {
	var s []string
	for _, m := range p.Added {
		s = append(s, fmt.Sprint("+", m.Number))
	}
	for _, c := range p.Changed {
		s = append(s, fmt.Sprint("~", c.Before.Number))
	}
	for _, m := range p.Left {
		s = append(s, fmt.Sprint("-", m.Number))
	}
	if p.Same > 0 {
		s = append(s, fmt.Sprint("=", p.Same))
	}
	for _, m := range p.Absent {
		s = append(s, fmt.Sprint("?", m.Number))
	}
	for _, w := range p.Warnings {
		s = append(s, strings.TrimPrefix(w.Key, "roster.warn."))
	}
	return strings.Join(s, " ")
}

func TestPlan(t *testing.T) {
	const old = "编号,姓名,支部,户号,卡号\n7,李建国,一支部,3,700\n9,赵六,一支部,,900\n12,王秀英,一支部,3,1200\n"
	tests := []struct {
		name, file string
		replace    bool
		plan, next string
	}{
		{"the same", old, false, "=3", "7 李建国 一支部 户3 卡700|9 赵六 一支部 户3 卡900|12"},
		{"added and absent", "编号,姓名\n13,新人\n", false, "+13 ?7 ?9 ?12", ""},
		{"replaced", "编号,姓名\n13,新人\n7,李建国\n", true, "+13 -9 -12 =1", "7 李建国 一支部 户3 卡700|13 新人"},
		{"no column says nothing", "编号,姓名,支部\n7,李建国,二支部\n", false, "~7 ?9 ?12", "7 李建国 二支部 户3 卡700|9"},
		{"an empty cell empties", "编号,姓名,卡号\n7,李建国,\n", false, "~7 ?9 ?12", "7 李建国 一支部 户3|9"},
		{"the card stays with its person", "编号,姓名\n7,新人\n", false, "~7 ?9 ?12 other_name", "7 新人|9"},
		{"moved to another number", "编号,姓名\n8,李建国\n9,赵六\n12,王秀英\n", true, "+8 -7 =2 moved", ""},
		{"still there under the old number", "编号,姓名\n8,李建国\n", false, "+8 ?7 ?9 ?12", ""},
		{"two of a name in a branch", "编号,姓名,支部\n8,李建国,一支部\n", false, "+8 ?7 ?9 ?12 same_name", ""},
		{"renumbered", "序号,姓名\n7,赵六\n9,王秀英\n12,李建国\n", false, "~7 ~9 ~12 other_name moved other_name moved other_name moved", "7 赵六|9 王秀英|12 李建国"},
		{"cards change hands", "编号,姓名,卡号\n7,李建国,900\n9,赵六,700\n", false, "~7 ~9 ?12", "7 李建国 一支部 户3 卡900|9 赵六 一支部 户3 卡700|12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _, err := attendance.ParseRoster([]byte(strings.Replace(old, "9,赵六,一支部,,", "9,赵六,一支部,3,", 1)))
			if err != nil {
				t.Fatal(err)
			}
			if tt.file == old {
				tt.file = strings.Replace(old, "9,赵六,一支部,,", "9,赵六,一支部,3,", 1)
			}
			before := shown(r.Members())
			p := r.Plan(list(t, tt.file), tt.replace)
			if got := planned(p); got != tt.plan {
				t.Errorf("plan %q, want %q", got, tt.plan)
			}
			if p.Next == nil || !strings.HasPrefix(shown(p.Next.Members()), tt.next) {
				t.Errorf("next %v, want %s", p.Next, tt.next)
			}
			if p.Empty() != (tt.name == "the same") || shown(r.Members()) != before {
				t.Error("empty, or the roster was touched")
			}
			for _, w := range p.Warnings {
				if s := w.In(text.New("zh")); strings.ContainsAny(s, "{}") || strings.Contains(s, "roster.") {
					t.Errorf("warning %q", s)
				}
			}
		})
	}
}

// TestPlanWithMistakes: nothing is to be done when a single row is bad, and a card of
// somebody who is not in the file is a mistake when he stays.
func TestPlanWithMistakes(t *testing.T) {
	r, _, err := attendance.ParseRoster([]byte("编号,姓名,卡号\n7,李建国,700\n12,王秀英,1200\n"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, file string
		replace    bool
		bad        string
	}{
		{"a bad row", "编号,姓名\n7,李建国\nx,谁\n", false, "3:编号:roster.not_number"},
		{"card of one who stays", "编号,姓名,卡号\n8,钱一,1200\n", false, "2:roster.col.card:roster.card_of"},
		{"card of one who leaves", "编号,姓名,卡号\n8,钱一,1200\n", true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := r.Plan(list(t, tt.file), tt.replace)
			if wrong(p.Bad) != tt.bad || (p.Next == nil) != (tt.bad != "") {
				t.Errorf("bad %q, next %v", wrong(p.Bad), p.Next)
			}
		})
	}
	var none *attendance.Roster
	if p := none.Plan(list(t, "1,A\n"), true); planned(p) != "+1" {
		t.Errorf("of nothing: %s", planned(p))
	}
}
