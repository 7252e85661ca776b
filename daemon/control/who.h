/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the users behind numbers. The look-up may ask a directory server that does not answer:
 * it runs in libuv's pool, one at a time, and what is not known yet is simply a number. Root, this
 * process's own user and the members of its group, who may use the control socket, are looked up
 * at the start. Loop thread only.
 */
#ifndef TOCSIN_CONTROL_WHO_H
#define TOCSIN_CONTROL_WHO_H

#include <sys/types.h>
#include <uv.h>

#define WHO_NAME_SIZE 100

struct who;

/* NULL without memory: then every name is a number. Begins the first look-up. */
struct who *who_create(uv_loop_t *loop);

/* Looks the user up if that was not done yet. NULL is accepted. */
void who_look_up(struct who *w, uid_t uid);

/* The name, or "uid N" while there is none. NULL is accepted. */
void who_name(const struct who *w, uid_t uid, char ret_name[WHO_NAME_SIZE]);

/* Frees it, after the look-up that is under way. */
void who_destroy(struct who *w);

#endif
