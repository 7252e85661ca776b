/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of parts and what its loops need. A pointer a part, and nothing of any part's own: only
 * this folder sees it (and the benchmark of a press, which is its own loop). Loop thread only.
 */
#ifndef TOCSIN_GATEWAY_INTERNAL_H
#define TOCSIN_GATEWAY_INTERNAL_H

#include <sys/queue.h>

#include "annunciate/lamps.h"
#include "annunciate/outputs.h"
#include "base/reading.h"
#include "clips/clips.h"
#include "control/control.h"
#include "delivery/delivery.h"
#include "events/events.h"
#include "events/faults.h"
#include "facts/facts.h"
#include "gateway/gateway.h"
#include "gateway/signing.h"
#include "incidents/incidents.h"
#include "inputs/inputs.h"
#include "loop/service.h"
#include "operate/operate.h"
#include "sections/config.h"

#define PARTS_MAX 16

struct gateway {
    uv_loop_t loop;
    const char *config_path;
    struct config *config;   /* as started with */
    struct config *reloaded; /* the newest that was read since; parts that can be reloaded use it */
    SLIST_HEAD(, former_config) former; /* between the two, as long as a part uses something */
    struct config_file *file;
    struct outbox_found found; /* while it starts */
    struct service *service;
    uv_signal_t terminate, interrupt, hangup;
    uv_timer_t second, leave;
    int64_t started_ms;
    size_t opened; /* rows of the table */
    bool running, stopping;
    struct reload *reload;      /* under way; or NULL */
    uv_timer_t reload_patience; /* runs while it is, until it is given up */
    struct reload *next_reload; /* asked for, and not begun; or NULL */
    int64_t next_reload_ns;     /* not before */
    uv_timer_t reload_pause;    /* runs while one waits for that */

    struct facts *facts;
    struct signing *signing;
    struct events *events;
    struct faults *faults;
    struct delivery *delivery;
    struct incidents *incidents;
    struct lamps *lamps;
    struct outputs *outputs;
    struct clips *clips;
    struct inputs *inputs;
    struct operate *operate;
};

/*
 * A row of the table; NULL for what a part does not have. Opened from the first to the last, closed
 * from the last to the first. A part that has something to remember saves it by itself, with the
 * event or at the end of the turn that has changed it, so that a kill at any instant is a stop like
 * any other: there is no save for the loops to call.
 */
struct part {
    const char *name;
    int (*open)(struct gateway *gw, struct err *e);
    void (*load)(struct gateway *gw);  /* its rows of the last run, from gw->found */
    void (*tick)(struct gateway *gw);  /* once a second */
    bool (*busy)(struct gateway *gw);  /* a stop waits for it, with all parts open */
    void (*close)(struct gateway *gw); /* also of one whose open has failed */
    void (*free)(struct gateway *gw);  /* after the loop has run out */
    /* Its members of `tocsin status --json`, and of the heartbeat. */
    void (*status)(const struct gateway *gw, json_t *object, bool with_duress);
    void (*heartbeat)(const struct gateway *gw, json_t *data);
    /*
     * A reload: read of every part, in a thread of libuv's pool, while everything goes on: it may
     * wait for the disk, and looks at nothing of the part that may change. Then, in the loop,
     * prepare of every part, which takes what was read whatever it returns, and commit of every
     * part or abandon of those prepared. What prepare does not come to is dropped.
     */
    const char *section; /* of the configuration, which commit takes over */
    int (*read)(const struct gateway *gw, const struct config *config, struct reading *reading,
                void **ret_read, struct err *e);
    void (*drop)(void *read);
    int (*prepare)(struct gateway *gw, const struct config *config, void *read, void **ret_plan,
                   struct err *e);
    void (*commit)(struct gateway *gw, void *plan);
    void (*abandon)(struct gateway *gw, void *plan);
    /* Whether it still borrows something of a configuration that another has replaced. */
    bool (*uses)(const struct gateway *gw, const struct config *config);
};

extern const struct part parts[];
extern const size_t part_count;

/* What the control socket and delivery ask of all parts. */
json_t *parts_status(void *arg, bool with_duress);
struct event *parts_heartbeat(void *arg, json_t *data);

/* The drivers that this program knows. */
extern const struct config_drivers gateway_drivers;

/* reload.c: answers the request (may be NULL) when a reload that has begun since is over. After
 * -ESHUTDOWN (tocsind is stopping) and -ENOMEM the answer is the caller's. */
int reload_begin(void *arg, struct control_request *request);
void reload_stop(struct gateway *gw); /* answers whoever waits for one that has not begun */

/* former.c: the newest configuration from now on; those before it that no part uses are freed. */
void former_replace(struct gateway *gw, struct config *config);
void former_free(struct gateway *gw); /* all of them */

/* file.c: `kept` (borrowed) is where what worked is kept; NULL: nowhere. */
void file_open(struct gateway *gw, const char *kept);
/* It is in force from now on. To be kept if `all_works`: what waits for a restart has not been
 * opened as yet, and may be what no start can open. Taken. */
void file_took(struct gateway *gw, struct conf_text *text, bool all_works);
void file_look_soon(struct gateway *gw);
void file_tick(struct gateway *gw);
json_t *file_status(const struct gateway *gw);
void file_free(struct gateway *gw);

/* catch_up.c: of a `struct gateway`; an on_found of events.h. */
void catch_up(void *arg, const struct outbox_found *found);

/* subjects.c: of a `struct config`; a faults_has_handler. */
bool subjects_has(const void *config, enum fault_code code, const char *subject);

/* pending.c: by program, the sections that wait for its restart; and what of the newest
 * configuration is in force, in words. */
json_t *pending_status(const struct gateway *gw);
bool pending_any(const struct gateway *gw); /* of tocsind's own */
void pending_describe(const struct gateway *gw, char *ret_text, size_t size);

#endif
