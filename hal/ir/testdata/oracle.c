/* Stands between ir-ctl and the kernel, so that ir-ctl of v4l-utils writes its
 * pulses down instead of sending them. TestAgainstIrCtl uses it; ir-ctl.txt was
 * made by hand in the same way:
 *   cc -shared -fPIC -o /tmp/oracle.so oracle.c -ldl
 *   LD_PRELOAD=/tmp/oracle.so ir-ctl -d /dev/null -S nec:0x408 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/lirc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	va_start(ap, request);
	uint32_t *value = va_arg(ap, uint32_t *);
	va_end(ap);
	switch (request) {
	case LIRC_GET_FEATURES:
		*value = LIRC_CAN_SEND_PULSE | LIRC_CAN_SET_SEND_CARRIER;
		return 0;
	case LIRC_SET_SEND_CARRIER:
		printf("%u", *value);
		return 0;
	case LIRC_SET_SEND_MODE: /* no encoder here: ir-ctl encodes itself */
		return *value == LIRC_MODE_PULSE ? 0 : -1;
	}
	return 0;
}

ssize_t write(int fd, const void *b, size_t n)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
	const uint32_t *v = b;
	if (fd <= 2)
		return real(fd, b, n);
	for (size_t i = 0; i < n / 4; i++)
		printf(" %u", v[i]);
	printf("\n");
	return n;
}
