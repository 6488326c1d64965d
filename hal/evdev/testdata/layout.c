/* Prints what linux/input.h of this machine says; TestHeader compares. */
#include <linux/input.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define SAY(what) printf("%s %llu\n", #what, (unsigned long long)(what))

int main(void)
{
	struct input_event e;
	const unsigned char *b = (const unsigned char *)&e;

	SAY(EVIOCGID);
	SAY(EVIOCGNAME(256));
	SAY(EVIOCGKEY(96));
	SAY(EVIOCGBIT(EV_KEY, 96));
	SAY(EVIOCGRAB);
	SAY(EVIOCSCLOCKID);
	SAY(sizeof(struct input_id));
	SAY(offsetof(struct input_id, vendor));
	SAY(offsetof(struct input_id, product));
	SAY((KEY_MAX + 8) / 8);
	SAY(EV_SYN);
	SAY(EV_KEY);
	SAY(SYN_REPORT);
	SAY(SYN_DROPPED);
	SAY(CLOCK_MONOTONIC);
	SAY(KEY_1);
	SAY(KEY_KP1);

	memset(&e, 0, sizeof e);
	e.input_event_sec = 86400;
	e.input_event_usec = 999999;
	e.type = EV_KEY;
	e.code = KEY_KPENTER;
	e.value = 1;
	printf("enter ");
	for (unsigned i = 0; i < sizeof e; i++)
		printf("%02x", b[i]);
	printf("\n");
	return 0;
}
