/* The guard's core, the drive of its contactor, and everything that can happen
 * to the program between them: it dies, it hangs with its pin at any level, it
 * wakes again with old samples, it starts again, samples are missing.
 *
 * One round is about 50 ms: the world changes, the guard has its turn unless it
 * is dead or hangs, the drive moves the contact.
 *
 * The drive is retriggerable: a pulse holds the coil for HOLD rounds, a level
 * holds nothing. With LATCHED defined there is no such drive: the contact follows
 * the level of the pin, as with a plain relay board. Then "safe" must be broken,
 * or this model proves nothing; by a hang alone (NOCRASH) and by a crash alone
 * (NOHANG) too.
 */
#define HOLD   6   /* rounds of the drive after the last pulse: 300 ms */
#define DECIDE 2   /* rounds of over-voltage until the order */
#define STALE  2   /* rounds without a sample until blind */
#define GOOD   3   /* rounds of good mains before closing */
#define MINOFF 4   /* rounds open before closing */
#define LIMIT  (DECIDE + STALE + HOLD)

mtype = { world, guard, drive };
mtype = { alive, hung, dead };

mtype turn = world;
mtype state = dead;
bool over;      /* the mains is too high */
bool fresh;     /* a sample came in this round */
bool pulse;     /* the pin changed in this round */
bool level;     /* and this is where it stands */
bool contact;   /* the contactor is closed */
bool bad;       /* over-voltage longer than LIMIT on a closed contact */
bool glitch;    /* the contact closed though the guard did not order it */
bool calm;      /* nothing ill happens in this round */
byte age;       /* rounds of unbroken over-voltage */
byte unseen;    /* rounds since the guard saw a sample */
byte hold;      /* rounds for which the coil is still held */

/* The core. */
bool ordered;
byte charge, good, wait;

inline start() {
	ordered = false; charge = 0; good = 0; wait = MINOFF; unseen = 0; level = false
}

inline open() {
	ordered = false; charge = 0; good = 0; wait = MINOFF; level = false
}

inline core() {
	if :: wait > 0 -> wait-- :: else fi;
	if
	:: unseen > STALE ->
		good = 0;
		if :: ordered -> open() :: else fi;
		if :: fresh -> unseen = 0 :: else fi
	:: else ->
		if
		:: !fresh -> skip
		:: fresh && over ->
			good = 0;
			charge = charge + 1 + unseen; /* lost samples stand for what came after them */
			unseen = 0;
			if :: ordered && charge >= DECIDE -> open() :: else fi
		:: fresh && !over ->
			charge = 0; unseen = 0;
			if :: good < GOOD -> good++ :: else fi;
			if :: !ordered && good == GOOD && wait == 0 && !contact -> ordered = true :: else fi
		fi
	fi;
	if :: charge > DECIDE -> charge = DECIDE :: else fi;
	if :: ordered && fresh -> pulse = true; level = true :: else fi
}

active proctype World() {
	do
	:: turn == world -> d_step { pulse = false; calm = false }
		if
		:: atomic { calm = true; over = false; fresh = true }
		:: atomic { over = false; fresh = true }
		:: atomic { over = true; fresh = true }
		:: fresh = false
		:: atomic { over = true; fresh = false }
		fi;
		d_step {
			if :: over && age <= LIMIT -> age++ :: !over -> age = 0 :: else fi;
			if :: unseen <= STALE -> unseen++ :: else fi;
			turn = guard
		}
	od
}

active proctype Guard() {
	do
	:: turn == guard ->
		if
		:: state == alive -> core()
#ifndef NOCRASH
		:: state == alive && !calm -> state = dead
#endif
#ifndef NOHANG
		:: state == alive && !calm -> state = hung; if :: level = true :: level = false fi
#endif
		:: state == hung && !calm -> skip
		:: state == hung -> state = alive; core()
		:: state == dead && !calm -> skip
		:: state == dead -> state = alive; start()
		fi;
		turn = drive
	od
}

active proctype Drive() {
	bool before;
	do
	:: turn == drive -> d_step {
		before = contact;
#ifdef LATCHED
		contact = level;
#else
		if
		:: pulse -> hold = HOLD
		:: !pulse && hold > 0 -> hold--
		:: else
		fi;
		contact = (hold > 0);
#endif
		glitch = !before && contact && !(state == alive && ordered);
		bad = contact && age > LIMIT;
		turn = world
	}
	od
}

ltl safe { [] (!bad && !glitch) }
ltl live { (<>[] (calm || turn == world)) -> (<> (contact)) }
