/*
 * The detector of the guard in scalar C, the measure for the one in Go: the
 * same running sums, quadrature envelope with hold, low-pass, zero crossings and
 * one-cycle rms once a frame of 20 samples. Prints "ns/sample rms-in-mV".
 *
 *   detector ROUNDS
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FRAME = 20, FRAMES = 64, HISTORY = 512, MASK = HISTORY - 1, FINE = 256, HOLD = 24, FAST = 18, BOXCAR = 16, ARM = 800 * BOXCAR };
enum { NOMINAL = 160 * FINE, SHORTEST = 8000 * FINE / 58, LONGEST = 8000 * FINE / 44, UNHEARD = 1600 };

struct tracker {
	int64_t period, last, prev, recent[3];
	int good, silence, armed, crossed;
};

struct detector {
	uint64_t scale, instant, n;
	int16_t raw[HISTORY];
	uint64_t squares[HISTORY];
	int64_t sums[HISTORY];
	int held, far, halves, up;
	uint64_t peak;
	struct tracker freq;
};

static int64_t median(int64_t a, int64_t b, int64_t c)
{
	int64_t low = a < b ? a : b, high = a < b ? b : a;
	return c < low ? low : c > high ? high : c;
}

static void cross(struct tracker *t, int64_t at)
{
	int64_t length = at - t->last;
	int believed = t->crossed && length >= SHORTEST && length <= LONGEST;
	t->last = at;
	t->crossed = 1;
	if (!believed)
		return;
	t->recent[2] = t->recent[1];
	t->recent[1] = t->recent[0];
	t->recent[0] = length;
	t->silence = 0;
	if (t->good < 3) {
		t->good++;
		return;
	}
	t->period += (median(t->recent[0], t->recent[1], t->recent[2]) - t->period) / 4;
}

static void track(struct tracker *t, uint64_t n, int64_t v)
{
	if (v < -ARM)
		t->armed = 1;
	if (t->armed && v >= 0 && t->prev < 0) {
		t->armed = 0;
		cross(t, (int64_t)n * FINE - v * FINE / (v - t->prev));
	}
	t->prev = v;
}

static void envelope(struct detector *d, int64_t a, int64_t b)
{
	uint64_t e = (uint64_t)(a * a + b * b);
	if (e > d->peak)
		d->peak = e;
	if (d->instant == 0 || e < d->instant) {
		d->held = d->far = 0;
		return;
	}
	d->held++;
	d->far++;
	if (e < d->instant + d->instant / 8)
		d->far = 0;
	if (d->held >= HOLD || d->far >= FAST)
		d->up = 1;
}

static void half(struct detector *d)
{
	uint64_t n = (uint64_t)(d->freq.period + FINE) / (2 * FINE);
	if (d->instant == 0 || d->n < n || 2 * (d->squares[d->n & MASK] - d->squares[(d->n - n) & MASK]) < d->instant * n) {
		d->halves = 0;
		return;
	}
	if (++d->halves > 1)
		d->up = 1;
}

static void feed(struct detector *d, const int16_t *samples)
{
	uint64_t quarter = (uint64_t)(d->freq.period + 2 * FINE) / (4 * FINE);
	d->up = 0;
	d->peak = 0;
	for (int i = 0; i < FRAME; i++) {
		int64_t v = samples[i];
		uint64_t before = d->n & MASK, now = ++d->n & MASK;
		d->raw[now] = (int16_t)v;
		d->squares[now] = d->squares[before] + (uint64_t)(v * v);
		d->sums[now] = d->sums[before] + v;
		if (d->n > quarter)
			envelope(d, v, d->raw[(d->n - quarter) & MASK]);
		if (d->n > BOXCAR)
			track(&d->freq, d->n, d->sums[now] - d->sums[(d->n - BOXCAR) & MASK]);
	}
	half(d);
	d->freq.silence += FRAME;
	if (d->freq.silence > UNHEARD && d->freq.good > 0)
		d->freq = (struct tracker){.period = NOMINAL};
}

static uint64_t root(uint64_t v)
{
	uint64_t r, next;
	if (v == 0)
		return 0;
	r = 1ULL << ((64 - __builtin_clzll(v) + 1) / 2);
	while ((next = (r + v / r) / 2) < r)
		r = next;
	return r;
}

static uint64_t rms(const struct detector *d)
{
	uint64_t whole = (uint64_t)d->freq.period / FINE, part = (uint64_t)d->freq.period % FINE, from = d->n - whole;
	if (d->n <= whole)
		return 0;
	uint64_t sum = FINE * (d->squares[d->n & MASK] - d->squares[from & MASK]);
	sum += part * (d->squares[from & MASK] - d->squares[(from - 1) & MASK]);
	/* Divided first, as plain C has no portable 128 bits: a little less work than Go does. */
	return root((uint64_t)((double)sum * (double)d->scale / ((double)d->freq.period * 1073741824.0)));
}

#ifndef DETECTOR_ONLY
int main(int argc, char **argv)
{
	static struct detector d;
	static int16_t wave[FRAMES][FRAME];
	long rounds = argc > 1 ? atol(argv[1]) : 1000;
	struct timespec a, b;
	uint64_t mv = 0;

	for (int i = 0; i < FRAMES * FRAME; i++)
		wave[i / FRAME][i % FRAME] = (int16_t)lround(220 * sqrt(2) * sin(2 * M_PI * 50 * i / 8000) * 32768 / 800);
	d.scale = 800000ULL * 800000ULL;
	d.instant = 2 * (340000ULL * 32768 / 800000) * (340000ULL * 32768 / 800000);
	d.freq.period = NOMINAL;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long i = 0; i < rounds; i++)
		for (int f = 0; f < FRAMES; f++) {
			feed(&d, wave[f]);
			mv += rms(&d);
		}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.3f %llu\n", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / ((double)rounds * FRAMES * FRAME),
	       (unsigned long long)(mv / (uint64_t)(rounds * FRAMES)));
	return 0;
}
#endif
