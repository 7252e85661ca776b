/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves. Loop thread only. */
#ifndef TOCSIN_OPERATE_INTERNAL_H
#define TOCSIN_OPERATE_INTERNAL_H

#include <sys/queue.h>

#include "operate/operate.h"

#define REMEMBERED_MAX 256 /* incidents that watch knows, open or closed */

struct asked;
struct asking;
struct reply;
struct waiting;

/* What watch says of an incident with each of its lines. */
struct remembered {
    char alarm[UUID_TEXT_SIZE];
    bool hidden; /* of duress nothing is shown */
    uint16_t input;
    int64_t press_ns; /* of its newest press */
};

/* The socket, until it is there. */
struct listening {
    const struct control_command *commands;
    void (*on_gone)(void *arg, uint64_t client);
    uv_work_t work;
    bool is_busy, is_closed;
    bool is_there;                /* control listens on it */
    bool is_faulty;               /* is told to be */
    int64_t due_ms;               /* when it is looked at again */
    struct control_socket socket; /* while it is there: not touched while the pool is busy */
    /* The pool's while it is busy. */
    struct control_socket bound;
    bool is_new; /* `bound` is one, to be taken */
    int result;
    struct err error; /* of the last try */
};

struct operate {
    struct operate_options options;
    struct listening listening;
    struct control *control;          /* NULL until it is there, and once closed */
    LIST_HEAD(, waiting) waiting;     /* for simulated presses */
    struct control_request *exercise; /* who waits for it to begin; or NULL */
    struct control_request *ending;   /* who waits for it to end; or NULL */
    uint64_t holder;                  /* the connection with which the exercise ends; 0: none */
    enum incident_class held_class;   /* of that exercise */
    LIST_HEAD(, asking) askings;      /* questions to the store */
    LIST_HEAD(, asked) asked;         /* who waits for an order to be carried out */
    LIST_HEAD(, reply) replies;       /* what waits for the disk */
    struct remembered remembered[REMEMBERED_MAX]; /* a circle */
    size_t next_remembered;
};

/* The input that a request names, if it is a simulated one; else answers and returns false. */
bool operate_find_input(struct operate *op, struct control_request *request,
                        const json_t *arguments, size_t *ret_input);
/* name_who.c: "name (user)", or the user at the other end of the socket alone. */
void operate_name_who(const struct control_request *request, const json_t *arguments, char *ret_who,
                      size_t size);

/* listen.c: the control socket is opened in place; where that cannot be, or its file goes, it is
 * tried in the pool until it can. */
void listen_open(struct operate *op, const struct control_command *commands,
                 void (*on_gone)(void *arg, uint64_t client));
void listen_tick(struct operate *op);
void listen_close(struct operate *op);

/* replies.c: answers (taken) when what was done is on the disk, or with what is known of that. */
void replies_when_kept(struct operate *op, struct control_request *request, json_t *answer);
void replies_close(struct operate *op);

/* watch.c: "stored" or "memory" */
const char *operate_heard_word(const struct fact_heard *heard);

/* simulated.c */
void simulated_press(void *arg, struct control_request *request, const json_t *arguments);
void simulated_release(void *arg, struct control_request *request, const json_t *arguments);
void simulated_card(void *arg, struct control_request *request, const json_t *arguments);
void simulated_on_fact(struct operate *op, const struct fact *fact);
void simulated_close(struct operate *op);

/* orders.c */
void orders_reset(void *arg, struct control_request *request, const json_t *arguments);
void orders_cancel(void *arg, struct control_request *request, const json_t *arguments);
void orders_drill_begin(void *arg, struct control_request *request, const json_t *arguments);
void orders_drill_end(void *arg, struct control_request *request, const json_t *arguments);
void orders_test_begin(void *arg, struct control_request *request, const json_t *arguments);
void orders_test_end(void *arg, struct control_request *request, const json_t *arguments);
void orders_accept_damage(void *arg, struct control_request *request, const json_t *arguments);
void orders_on_exercise(struct operate *op, const struct fact_exercise *exercise);
void orders_on_gone(void *arg, uint64_t client);
void orders_close(struct operate *op);

/* queries.c */
void queries_list(void *arg, struct control_request *request, const json_t *arguments);
void queries_show(void *arg, struct control_request *request, const json_t *arguments);
void queries_export(void *arg, struct control_request *request, const json_t *arguments);
void queries_files(void *arg, struct control_request *request, const json_t *arguments);
void queries_remove_files(void *arg, struct control_request *request, const json_t *arguments);
void queries_tick(struct operate *op);
/* A number of the arguments if it is given; false after an answer. */
bool queries_read_number(struct control_request *request, const json_t *arguments, const char *name,
                         int64_t low, int64_t high, int64_t *ret_number);
/* Asks the store for one event; `done` answers with its object (borrowed), NULL: there is none. */
typedef void (*queries_event_handler)(struct control_request *request, const json_t *arguments,
                                      const json_t *event);
void queries_look_up(struct operate *op, struct control_request *request, const json_t *arguments,
                     uint64_t seq, queries_event_handler done);

/* refused.c */
void refused_list(void *arg, struct control_request *request, const json_t *arguments);
void refused_give_up(void *arg, struct control_request *request, const json_t *arguments);

/* watch.c: one line to everybody who watches, for facts that are worth one. */
void watch_open(struct operate *op);
void watch_on_fact(struct operate *op, const struct fact *fact);

#endif
