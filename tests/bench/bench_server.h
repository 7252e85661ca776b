/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the benchmark: a process of its own that speaks TLS, notes when the first byte
 * of each press arrived at its socket, and answers with a valid signed receipt at once, from
 * memory. It stores nothing: the receiver's disk is not what is measured.
 */
#ifndef TOCSIN_BENCH_SERVER_H
#define TOCSIN_BENCH_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

/* In memory that both processes share. */
struct bench_shared {
    _Atomic int port;
    _Atomic int64_t first_byte_ns; /* of the newest request that carried a press or the floor's */
    _Atomic int64_t pressed_ms; /* CLOCK_MONOTONIC, as the newest press says; before first_byte */
};

/* Runs until it is killed. The folder holds the keys that scripts/make-pki makes. */
void bench_serve(const char *pki, struct bench_shared *shared);

#endif
