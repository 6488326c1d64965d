package explore_test

import (
	"os"
	"reflect"
	"testing"
	"time"

	"stationbox/firmware/power"
	"stationbox/firmware/power/explore"
)

// TestExplore searches every model and finds nothing wrong.
func TestExplore(t *testing.T) {
	for _, m := range explore.Models() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			r, err := explore.Run(m, 1)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d states, %d transitions, depth %d in %v", r.States, r.Transitions, r.Depth, time.Since(begun).Round(time.Millisecond))
			if len(r.Violations) > 0 {
				r.Print(os.Stdout)
				t.FailNow()
			}
			if r.States < 30_000 {
				t.Errorf("only %d states: is the model still whole?", r.States)
			}
		})
	}
}

// TestNoStateHoldsAClockOrAPointer is what makes I11 and the search itself
// possible.
func TestNoStateHoldsAClockOrAPointer(t *testing.T) {
	var look func(reflect.Type)
	look = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Struct:
			if typ == reflect.TypeFor[time.Time]() {
				t.Error("a time.Time")
			}
			for i := range typ.NumField() {
				look(typ.Field(i).Type)
			}
		case reflect.Array:
			look(typ.Elem())
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Func, reflect.Chan, reflect.String:
			t.Errorf("%v", typ)
		}
	}
	look(reflect.TypeFor[power.State]())
	look(reflect.TypeFor[power.Input]())
	look(reflect.TypeFor[power.Orders]())
}
