/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error on its way up: a sentence for the technician, built from the inside out.
 *
 * The caller owns the struct, usually on its stack, and hands it down; whoever decides what to do
 * about the failure prints it, once. Any thread may use its own. Every function accepts NULL for a
 * caller who wants only the code.
 */
#ifndef TOCSIN_BASE_ERR_H
#define TOCSIN_BASE_ERR_H

struct err {
    char text[512];
};

/* Writes the message and returns -code (code is a positive errno value), for `return err_set(…)`.
 */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the text of errno `code` behind the message. */
int err_system(struct err *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message there is, and returns `result` unchanged. */
int err_prefix(struct err *e, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
