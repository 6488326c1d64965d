/* Writes the golden requests of TestRequests from the kernel's own header:
 *   cc -o /tmp/make make.c && /tmp/make      (in this folder) */
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>

static struct gpio_v2_line_request start(unsigned offset, const char *consumer, unsigned long long flags)
{
	struct gpio_v2_line_request r;
	memset(&r, 0, sizeof r);
	r.offsets[0] = offset;
	r.num_lines = 1;
	strncpy(r.consumer, consumer, sizeof r.consumer - 1);
	r.config.flags = flags;
	return r;
}

static void values(struct gpio_v2_line_request *r, unsigned long long v)
{
	struct gpio_v2_line_config_attribute *a = &r->config.attrs[r->config.num_attrs++];
	a->attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
	a->attr.values = v;
	a->mask = 1;
}

static void debounce(struct gpio_v2_line_request *r, unsigned us)
{
	struct gpio_v2_line_config_attribute *a = &r->config.attrs[r->config.num_attrs++];
	a->attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
	a->attr.debounce_period_us = us;
	a->mask = 1;
}

static void save(const char *name, struct gpio_v2_line_request r)
{
	char file[64];
	unsigned char *b = (unsigned char *)&r, zero[8] = {0};
	snprintf(file, sizeof file, "%s.txt", name);
	FILE *f = fopen(file, "w");
	for (unsigned i = 0; i < sizeof r; i += 8) {
		if (!memcmp(b + i, zero, 8))
			continue;
		fprintf(f, "%04x ", i);
		for (unsigned k = i; k < i + 8; k++)
			fprintf(f, "%02x", b[k]);
		fprintf(f, "\n");
	}
	fclose(f);
}

int main(void)
{
	const unsigned long long in = GPIO_V2_LINE_FLAG_INPUT, out = GPIO_V2_LINE_FLAG_OUTPUT,
		rise = GPIO_V2_LINE_FLAG_EDGE_RISING, fall = GPIO_V2_LINE_FLAG_EDGE_FALLING;
	struct gpio_v2_line_request r;

	r = start(17, "guard", out), values(&r, 1), save("out-high", r);
	r = start(17, "guard", out), values(&r, 0), save("out-low", r);
	r = start(4, "station", out | GPIO_V2_LINE_FLAG_OPEN_DRAIN), values(&r, 1), save("out-open-drain", r);
	r = start(5, "station", in), save("in-plain", r);
	r = start(22, "station", in | rise | fall | GPIO_V2_LINE_FLAG_BIAS_PULL_UP), r.event_buffer_size = 256,
	debounce(&r, 15000), save("in-both-up-15ms", r);
	r = start(22, "station", in | fall | GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN), r.event_buffer_size = 256,
	save("in-fall-down", r);
	r = start(22, "station", in | rise | GPIO_V2_LINE_FLAG_BIAS_DISABLED), r.event_buffer_size = 256,
	save("in-rise-off", r);
	r = start(1, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", out), values(&r, 0), save("long-name", r);
	return 0;
}
