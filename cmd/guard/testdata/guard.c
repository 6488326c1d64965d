/*
 * What the guard does from a frame to the pins, in C, as the measure for the one
 * in Go: reads frames from a serial line, checks their sum, runs the same
 * detector, pulses the drive while the mains is good and takes the relay off with
 * the instant alarm, through the same pin server, under SCHED_FIFO.
 *
 *   guard PORT PINSOCKET
 *
 * PORT is a serial device, or a socket that carries the same bytes.
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

enum { SIZE = 52, GAP_US = 9000, GOOD = 20, STARTS = 16, INSTANT_MV = 339660, INSTANT = 13912 };

static int pins, level, relay, frames; /* frames: good ones in a row, saturates */
static int64_t pulsed;

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

static void say(const char *lines, size_t n)
{
	char drain[4096];
	if (send(pins, lines, n, MSG_DONTWAIT) != (ssize_t)n)
		exit(1);
	while (recv(pins, drain, sizeof drain, MSG_DONTWAIT) > 0)
		;
}

/* take is one frame: the order to open, or a pulse, or nothing. */
static void take(struct detector *d, const int16_t *samples)
{
	feed(d, samples);
	uint64_t mv = rms(d);
	if (d->up || mv >= INSTANT_MV) {
		if (relay)
			say("out GPIO5 0\nout GPIO17 0\n", 25);
		frames = level = relay = 0;
		return;
	}
	if (mv >= 190000 && mv <= 250000 && frames < GOOD + STARTS)
		frames++;
	if (!relay && frames == GOOD + STARTS) {
		relay = 1;
		say("out GPIO5 1\n", 12);
	}
	if (frames < GOOD || now_us() - pulsed < GAP_US)
		return;
	level = !level;
	pulsed = now_us();
	say(level ? "out GPIO17 1\n" : "out GPIO17 0\n", 13);
}

static int dial(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(name.sun_path, path, sizeof name.sun_path - 1);
	return fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
	static struct detector d = {.scale = 800000ULL * 800000ULL, .instant = 2ULL * INSTANT * INSTANT, .freq.period = NOMINAL};
	struct sched_param priority = {.sched_priority = 50};
	uint8_t buf[4096];
	int n = 0, port;

	if (argc != 3)
		return 2;
	pins = dial(argv[2]);
	port = open(argv[1], O_RDONLY | O_NOCTTY);
	if (port < 0)
		port = dial(argv[1]);
	if (pins < 0 || port < 0)
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
			take(&d, samples);
		}
		memmove(buf, buf + at, (size_t)(n - at));
		n -= at;
	}
}
