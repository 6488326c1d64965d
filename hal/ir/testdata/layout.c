/* Prints what linux/lirc.h of this machine says; TestHeader compares. */
#include <linux/lirc.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define SAY(what) printf("%s %llu\n", #what, (unsigned long long)(what))

int main(void)
{
	struct lirc_scancode s;
	const unsigned char *b = (const unsigned char *)&s;

	SAY(LIRC_GET_FEATURES);
	SAY(LIRC_SET_SEND_MODE);
	SAY(LIRC_SET_SEND_CARRIER);
	SAY(LIRC_CAN_SEND_PULSE);
	SAY(LIRC_MODE_PULSE);
	SAY(LIRC_MODE_SCANCODE);
	SAY(sizeof(struct lirc_scancode));
	SAY(RC_PROTO_RC5);
	SAY(RC_PROTO_RC5X_20);
	SAY(RC_PROTO_RC5_SZ);
	SAY(RC_PROTO_JVC);
	SAY(RC_PROTO_SONY12);
	SAY(RC_PROTO_SONY15);
	SAY(RC_PROTO_SONY20);
	SAY(RC_PROTO_NEC);
	SAY(RC_PROTO_NECX);
	SAY(RC_PROTO_NEC32);
	SAY(RC_PROTO_SANYO);
	SAY(RC_PROTO_RC6_0);
	SAY(RC_PROTO_RC6_6A_20);
	SAY(RC_PROTO_RC6_6A_24);
	SAY(RC_PROTO_RC6_6A_32);
	SAY(RC_PROTO_RC6_MCE);
	SAY(RC_PROTO_SHARP);

	memset(&s, 0, sizeof s);
	s.rc_proto = RC_PROTO_NEC;
	s.scancode = 0x408;
	printf("nec:0x408 ");
	for (unsigned i = 0; i < sizeof s; i++)
		printf("%02x", b[i]);
	printf("\n");
	return 0;
}
