/* Prints what linux/cec.h of this machine says: numbers first, then whole
 * structures in hexadecimal. TestHeader compares; layout.txt is its output on
 * amd64:   cc -o /tmp/layout layout.c && /tmp/layout > layout.txt */
#include <linux/cec.h>
#include <linux/cec-funcs.h>
#include <sys/ioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SAY(what) printf("%s %llu\n", #what, (unsigned long long)(what))

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
	struct cec_msg m;
	struct cec_log_addrs l;
	struct cec_event e;

	SAY(CEC_ADAP_G_PHYS_ADDR);
	SAY(CEC_ADAP_G_LOG_ADDRS);
	SAY(CEC_ADAP_S_LOG_ADDRS);
	SAY(CEC_TRANSMIT);
	SAY(CEC_RECEIVE);
	SAY(CEC_DQEVENT);
	SAY(CEC_S_MODE);
	SAY(sizeof(struct cec_msg));
	SAY(sizeof(struct cec_log_addrs));
	SAY(sizeof(struct cec_event));
	SAY(CEC_MODE_INITIATOR);
	SAY(CEC_MODE_FOLLOWER);
	SAY(CEC_TX_STATUS_OK);
	SAY(CEC_TX_STATUS_NACK);
	SAY(CEC_TX_STATUS_ABORTED);
	SAY(CEC_TX_STATUS_TIMEOUT);
	SAY(CEC_RX_STATUS_OK);
	SAY(CEC_RX_STATUS_TIMEOUT);
	SAY(CEC_RX_STATUS_FEATURE_ABORT);
	SAY(CEC_RX_STATUS_ABORTED);
	SAY(CEC_EVENT_STATE_CHANGE);
	SAY(CEC_EVENT_LOST_MSGS);
	SAY(CEC_LOG_ADDR_INVALID);
	SAY(CEC_MAX_MSG_SIZE);

	/* The question for the power state, as our address 4 asks it. */
	cec_msg_init(&m, 4, 0);
	cec_msg_give_device_power_status(&m, 1);
	m.timeout = 1000;
	dump("ask-power", &m, sizeof m);

	/* Standby, with a wait for a refusal. */
	cec_msg_init(&m, 4, 0);
	cec_msg_standby(&m);
	m.timeout = 400;
	dump("standby", &m, sizeof m);

	/* Active source to everybody. */
	cec_msg_init(&m, 4, 15);
	cec_msg_active_source(&m, 0x1000);
	dump("active-source", &m, sizeof m);

	/* The answer: to standby. */
	cec_msg_init(&m, 0, 4);
	cec_msg_report_power_status(&m, CEC_OP_POWER_STATUS_TO_STANDBY);
	m.sequence = 7, m.reply = CEC_MSG_REPORT_POWER_STATUS;
	m.tx_status = CEC_TX_STATUS_OK, m.rx_status = CEC_RX_STATUS_OK;
	m.tx_nack_cnt = 2;
	dump("answer", &m, sizeof m);

	memset(&l, 0, sizeof l);
	l.vendor_id = CEC_VENDOR_ID_NONE;
	dump("give-back", &l, sizeof l);
	l.num_log_addrs = 1;
	l.cec_version = CEC_OP_CEC_VERSION_1_4;
	strcpy(l.osd_name, "Stationbox");
	l.primary_device_type[0] = CEC_OP_PRIM_DEVTYPE_PLAYBACK;
	l.log_addr_type[0] = CEC_LOG_ADDR_TYPE_PLAYBACK;
	l.all_device_types[0] = CEC_OP_ALL_DEVTYPE_PLAYBACK;
	dump("claim", &l, sizeof l);
	l.log_addr[0] = 4;
	l.log_addr_mask = CEC_LOG_ADDR_MASK_PLAYBACK & (1 << 4);
	dump("claimed", &l, sizeof l);

	memset(&e, 0, sizeof e);
	e.event = CEC_EVENT_STATE_CHANGE;
	e.state_change.phys_addr = 0x2100;
	e.state_change.log_addr_mask = 1 << 4;
	dump("change", &e, sizeof e);
	memset(&e, 0, sizeof e);
	e.event = CEC_EVENT_LOST_MSGS;
	e.lost_msgs.lost_msgs = 5;
	dump("lost", &e, sizeof e);
	return 0;
}
