/*
 * e3.h
 *	  The least that can be said to E3: one ECHO after the other, blocking.
 *
 * What a call of encrypt() of one value is compared with: nothing that asks E3
 * and waits for its answer can be faster.
 */
#ifndef BENCH_E3_H
#define BENCH_E3_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_VALUE_MAX 1024

/* Connects and exchanges HELLO; -1 if that fails. */
extern int bench_e3_connect(const char *path);

/* One value there and back; false if it does not come back as it was. */
extern bool bench_e3_echo(int fd, const void *value, size_t len);

#endif /* BENCH_E3_H */
