/*
 * What the guard does from a frame to a pulse, in C, as the measure for the one
 * in Go: reads frames from a serial line, checks their sum, runs the same
 * detector, and pulses the drive through the same pin server, under SCHED_FIFO.
 *
 *   guard PORT PINSOCKET
 */
#define DETECTOR_ONLY
#include "../../../firmware/power/testdata/detector.c"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SIZE = 52, GAP_US = 9000 };

static unsigned crc16(const uint8_t *b, int n)
{
	unsigned crc = 0xFFFF;
	while (n-- > 0) {
		crc ^= (unsigned)*b++ << 8;
		for (int i = 0; i < 8; i++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
	}
	return crc & 0xFFFF;
}

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	static struct detector d = {.scale = 800000ULL * 800000ULL, .instant = 2ULL * 13926 * 13926, .freq.period = NOMINAL};
	struct sched_param priority = {.sched_priority = 50};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	uint8_t buf[4096];
	char drain[4096];
	int n = 0, level = 0, port, pins;
	int64_t pulsed = 0;

	if (argc != 3)
		return 2;
	strncpy(name.sun_path, argv[2], sizeof name.sun_path - 1);
	pins = socket(AF_UNIX, SOCK_STREAM, 0);
	port = open(argv[1], O_RDONLY | O_NOCTTY);
	if (pins < 0 || port < 0 || connect(pins, (struct sockaddr *)&name, sizeof name) != 0)
		return 1;
	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0 || sched_setscheduler(0, SCHED_FIFO, &priority) != 0)
		fputs("no real-time priority\n", stderr);
	for (;;) {
		int got = (int)read(port, buf + n, sizeof buf - (size_t)n);
		if (got <= 0)
			return 1;
		n += got;
		int at = 0;
		while (n - at >= SIZE) {
			int16_t samples[FRAME];
			uint8_t *b = buf + at;
			if (b[0] != 0xA5 || b[1] != 0x5A || crc16(b + 2, SIZE - 4) != (unsigned)(b[50] | b[51] << 8)) {
				at++;
				continue;
			}
			at += SIZE;
			memcpy(samples, b + 10, sizeof samples);
			feed(&d, samples);
			uint64_t mv = rms(&d);
			if (d.up || mv < 154000 || mv > 264000 || now_us() - pulsed < GAP_US)
				continue;
			level = !level;
			pulsed = now_us();
			if (send(pins, level ? "out GPIO17 1\n" : "out GPIO17 0\n", 13, MSG_DONTWAIT) != 13)
				return 1;
			while (recv(pins, drain, sizeof drain, MSG_DONTWAIT) > 0)
				;
		}
		memmove(buf, buf + at, (size_t)(n - at));
		n -= at;
	}
}
