/* Prints whole structures in hexadecimal. TestHeader compares it with
 * structs.txt, which holds the output on three machines:
 *   cc -o /tmp/s structs.c && /tmp/s | sed 's/^/amd64 /' */
#include <linux/dvb/frontend.h>
#include <linux/dvb/dmx.h>
#include <stdio.h>
#include <string.h>

static void dump(const char *name, const void *p, unsigned n)
{
	const unsigned char *b = p;
	printf("%s ", name);
	for (unsigned i = 0; i < n; i++)
		printf("%02x", b[i]);
	printf("\n");
}

int main(void)
{
	struct dtv_property p[2];
	struct dmx_sct_filter_params f;
	struct dmx_pes_filter_params t;
	struct dvb_diseqc_master_cmd d;
	struct dvb_frontend_info i;

	memset(p, 0, sizeof p);
	p[0].cmd = DTV_DELIVERY_SYSTEM;
	p[0].u.data = SYS_DVBS2;
	p[1].cmd = DTV_FREQUENCY;
	p[1].u.data = 1150000;
	dump("set", p, sizeof p);

	memset(p, 0, sizeof p);
	p[0].cmd = DTV_STAT_SIGNAL_STRENGTH;
	p[0].u.st.len = 1;
	p[0].u.st.stat[0].scale = FE_SCALE_DECIBEL;
	p[0].u.st.stat[0].svalue = -55003;
	p[1].cmd = DTV_ENUM_DELSYS;
	p[1].u.buffer.data[0] = SYS_DVBS;
	p[1].u.buffer.data[1] = SYS_DVBS2;
	p[1].u.buffer.len = 2;
	dump("get", p, sizeof p);

	memset(&f, 0, sizeof f);
	f.pid = 0x14;
	f.filter.filter[0] = 0x70;
	f.filter.mask[0] = 0xFC;
	f.flags = DMX_IMMEDIATE_START;
	dump("filter", &f, sizeof f);

	memset(&t, 0, sizeof t);
	t.pid = 0x1ABC;
	t.input = DMX_IN_FRONTEND;
	t.output = DMX_OUT_TS_TAP;
	t.pes_type = DMX_PES_OTHER;
	t.flags = DMX_IMMEDIATE_START;
	dump("pes", &t, sizeof t);

	memset(&d, 0, sizeof d);
	memcpy(d.msg, "\xE0\x10\x38\xF3", 4);
	d.msg_len = 4;
	dump("diseqc", &d, sizeof d);

	memset(&i, 0, sizeof i);
	strcpy(i.name, "Montage");
	i.frequency_min = 950000;
	i.frequency_max = 2150000;
	i.symbol_rate_min = 1000000;
	i.symbol_rate_max = 45000000;
	dump("info", &i, sizeof i);
	return 0;
}
