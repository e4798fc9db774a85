/*
 * A User-Mode-Linux kernel keeps 2,696 bytes of a process's registers, and gives the host back as many. A
 * host whose processor has AMX wants 11,008, takes nothing less, and the guest ends as it starts its
 * first process. Loaded before libc, this makes up what is missing: the tile registers, which no process
 * may use that has not asked for them, and so are always as at the start: zero.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long trace(enum __ptrace_request, pid_t, void *, void *);

/* Not on the stack: a guest's kernel has little of it. */
static char whole[1 << 16];

static long set_registers(trace *real, pid_t pid, void *kind, const struct iovec *part)
{
	struct iovec all = { whole, sizeof(whole) };

	/* Tells how many this host has. */
	if (real(PTRACE_GETREGSET, pid, kind, &all) < 0)
		return -1;
	if (part->iov_len < all.iov_len) {
		memcpy(whole, part->iov_base, part->iov_len);
		memset(whole + part->iov_len, 0, all.iov_len - part->iov_len);
		return real(PTRACE_SETREGSET, pid, kind, &all);
	}
	return real(PTRACE_SETREGSET, pid, kind, (void *)part);
}

long ptrace(enum __ptrace_request request, ...)
{
	static trace *real;
	va_list rest;

	va_start(rest, request);
	pid_t pid = va_arg(rest, pid_t);
	void *address = va_arg(rest, void *);
	void *data = va_arg(rest, void *);
	va_end(rest);
	if (real == NULL)
		real = (trace *)dlsym(RTLD_NEXT, "ptrace");
	if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE)
		return set_registers(real, pid, address, data);
	return real(request, pid, address, data);
}
