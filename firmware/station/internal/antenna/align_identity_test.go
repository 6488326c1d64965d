package antenna

import (
	"testing"
	"time"

	"stationbox/firmware/dish"
)

// What tables said that were asked for in an earlier lock does not count.
func TestIdentityOfAnEarlierLock(t *testing.T) {
	var i identity
	at := time.Unix(1, 0)
	_, _, first := i.now()
	i.heard(true)
	i.tell(first, dish.IdentityRight, at)
	if who, asked, _ := i.now(); who != dish.IdentityRight || !asked.Equal(at) {
		t.Errorf("%v at %v", who, asked)
	}
	i.heard(false)
	if who, asked, _ := i.now(); who != dish.IdentityUnknown || !asked.IsZero() {
		t.Errorf("without a lock %v at %v", who, asked)
	}
	i.tell(first, dish.IdentityRight, at)
	if who, _, lock := i.now(); who != dish.IdentityUnknown || lock == first {
		t.Errorf("of an earlier lock: %v", who)
	}
}
