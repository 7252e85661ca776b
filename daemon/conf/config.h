/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a gateway, read and checked: /etc/tocsin/tocsin.yaml as C structs.
 *
 * config_load reads the whole file, finds every mistake in one run and returns either a complete
 * configuration or none. It waits for the disk; call it at start, or from a worker thread. The
 * struct is immutable afterwards and belongs to the caller (config_destroy); everything inside
 * belongs to it. Nothing here opens a device or a socket.
 */
#ifndef TOCSIN_CONF_CONFIG_H
#define TOCSIN_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "iface/driver.h"
#include "iface/option.h"

/*
 * The drivers that a program knows: NULL-terminated arrays of their descriptions. Where an array is
 * NULL, the common keys of that section are read and checked, the driver's own keys are left unread
 * and driver.type stays NULL: tocsind need not read a camera's password, tocsin-video no key.
 */
struct config_drivers {
    const struct driver_type *const *inputs;
    const struct driver_type *const *indicators;
    const struct driver_type *const *outputs;
    const struct driver_type *const *cameras;
    const struct driver_type *const *signers;
    const struct driver_type *const *uplinks;
    bool check_files; /* files that the drivers will read must be readable by this process */
    /* A secret whose file cannot be read is no mistake but its driver's trouble: see below. */
    bool secrets_may_wait;
    /* Nor is anything else that is wrong with one entry of a list whose drivers are known here,
     * as long as its id is good: what one camera lacks must not take away the others. */
    bool entries_may_fail;
};

struct config_place {
    int line; /* from 1 */
    int column;
};

/* A secret that could not be read, and its file. */
struct config_unread {
    const struct option *option;
    char *file;
};

struct config_driver {
    const struct driver_type *type;
    void *options;       /* the struct that type->options describes, filled */
    char *trouble;       /* why it cannot be used; NULL: it can. Only as config_drivers allows */
    size_t unread_count; /* 0 in trouble: only another configuration helps */
    struct config_unread *unread;
};

struct config_site {
    char *id; /* gateway id; 20 digits where the site has a GB/T 28181 code */
    char *name;
    char *address;
    double latitude; /* WGS-84, degrees; 0,0 means not given */
    double longitude;
    struct option_list contacts;
};

enum config_input_kind {
    CONFIG_INPUT_PANIC,
    CONFIG_INPUT_DURESS,
    CONFIG_INPUT_MEDICAL,
    CONFIG_INPUT_FIRE,
    CONFIG_INPUT_TEST, /* presses become tocsin.test.* and nothing else */
    /* No button for help: what follows raises no alarm. */
    CONFIG_INPUT_TAMPER, /* active: a fault */
    CONFIG_INPUT_MAINS,
    CONFIG_INPUT_BATTERY,
    CONFIG_INPUT_DRILL_SWITCH, /* active: a drill */
    CONFIG_INPUT_RESET,
    CONFIG_INPUT_CANCEL,
    CONFIG_INPUT_CARD,
};

/* Whether a press of it asks for help, or would outside a test. */
static inline bool config_input_is_button(enum config_input_kind kind)
{
    return kind <= CONFIG_INPUT_TEST;
}

/* The word of the configuration, the wire and `status`. */
static inline const char *config_input_kind_name(enum config_input_kind kind)
{
    switch (kind) {
    case CONFIG_INPUT_PANIC:
        return "panic";
    case CONFIG_INPUT_DURESS:
        return "duress";
    case CONFIG_INPUT_MEDICAL:
        return "medical";
    case CONFIG_INPUT_FIRE:
        return "fire";
    case CONFIG_INPUT_TEST:
        return "test";
    case CONFIG_INPUT_TAMPER:
        return "tamper";
    case CONFIG_INPUT_MAINS:
        return "mains";
    case CONFIG_INPUT_BATTERY:
        return "battery";
    case CONFIG_INPUT_DRILL_SWITCH:
        return "drill";
    case CONFIG_INPUT_RESET:
        return "reset";
    case CONFIG_INPUT_CANCEL:
        return "cancel";
    case CONFIG_INPUT_CARD:
        return "card";
    }
    return "panic";
}

/* How the first contact is at rest; a second one is the contrary. */
enum config_contact {
    CONFIG_CONTACT_OPEN,
    CONFIG_CONTACT_CLOSED,
};

struct config_input {
    char *id;
    char *name;
    char *place;
    enum config_input_kind kind;
    bool silent;
    int64_t debounce_ms;
    enum config_contact contact;
    bool latching; /* it stays pressed until somebody turns its key */
    int64_t stuck_after_ms;
    int64_t changeover_ms;
    int64_t hold_ms;
    int64_t presses, within_ms;
    int64_t duress_presses, duress_within_ms;
    struct option_list cameras; /* ids of cameras[] */
    struct config_driver driver;
    struct config_place at;
};

struct config_camera {
    char *id;
    char *name;
    struct config_driver driver;
    struct config_place at;
};

struct config_receiver {
    char *id;
    char *name;
    int64_t heartbeat_ms;       /* at rest; default 20 s */
    int64_t alarm_heartbeat_ms; /* while an alarm is open; default 2 s */
    bool clips;                 /* whether clips are uploaded to it; default true */
    int64_t group;              /* 1: asked at once; more: when the one before has not answered */
    bool responder;             /* sends help: only its receipts and answers move the lamp and
                                   close an alarm; default true; at least one must be */
    struct config_driver driver;
    struct config_place at;
};

/* What a lamp shows of an alarm of a silent button. */
enum config_silent_shows {
    CONFIG_SILENT_PROGRESS, /* as of any other */
    CONFIG_SILENT_NOTHING,
    CONFIG_SILENT_OFF, /* from here on: one pattern, however far the alarm has come */
    CONFIG_SILENT_DEGRADED,
    CONFIG_SILENT_TEST,
};

struct config_indicator {
    char *id;
    enum config_silent_shows silent_shows;
    struct config_driver driver;
    struct config_place at;
};

/* What switches an output on: bits of config_output.on. */
enum config_output_trigger {
    CONFIG_OUTPUT_RAISED,
    CONFIG_OUTPUT_UNDELIVERED,
    CONFIG_OUTPUT_DELIVERED,
    CONFIG_OUTPUT_ESCALATED,
    CONFIG_OUTPUT_CLOSED,
};

static inline const char *config_output_trigger_name(enum config_output_trigger trigger)
{
    switch (trigger) {
    case CONFIG_OUTPUT_RAISED:
        return "raised";
    case CONFIG_OUTPUT_UNDELIVERED:
        return "undelivered";
    case CONFIG_OUTPUT_DELIVERED:
        return "delivered";
    case CONFIG_OUTPUT_ESCALATED:
        return "escalated";
    case CONFIG_OUTPUT_CLOSED:
        return "closed";
    }
    return "";
}

struct config_output {
    char *id;
    uint32_t on;               /* bit mask of enum config_output_trigger */
    int64_t for_ms;            /* 0: until the alarm is closed */
    struct option_list inputs; /* ids; empty: every button */
    bool silent_alarms;        /* also for alarms of silent buttons; never for duress */
    bool drills;               /* also in a drill; never in a test */
    struct config_driver driver;
    struct config_place at;
};

struct config_alarms {
    int64_t cancel_window_ms;
    int64_t escalate_after_ms;
    int64_t undelivered_after_ms;
};

struct config_exercises {
    int64_t drill_limit_ms;
    int64_t test_limit_ms;
    int64_t long_press_ms;
    int64_t announce_wait_ms;
    int64_t test_every_ms; /* 0: nobody asks for tests */
};

struct config_signing {
    struct config_driver driver;
    struct config_place at; /* 0,0: there is no such section */
};

struct config_storage {
    char *state_dir;        /* /var/lib/tocsin */
    int64_t reserve_events; /* room grown in advance, in events; default 20000 */
    int64_t commit_wait_ms; /* how long an uplink waits for the disk; default 50 */
    int64_t keep_days;      /* receipted events are kept this long; default 400 */
};

struct config_video {
    char *socket;         /* tocsin-video listens, tocsind connects; /run/tocsin-video/link.sock */
    char *dir;            /* /var/lib/tocsin-video */
    int64_t pre_event_ms; /* default 30 s */
    int64_t post_event_ms;
    int64_t part_ms;          /* a long alarm's clip is cut into parts of this length */
    int64_t ring_bytes;       /* hard limit of one camera's ring */
    int64_t keep_clips_ms;    /* uploaded clips are kept this long */
    int64_t keep_clips_bytes; /* and this much of them */
};

struct config_control {
    char *socket; /* /run/tocsin/control.sock */
};

struct config {
    char *path;
    struct config_site site;
    struct config_signing signing;
    struct config_storage storage;
    struct config_video video;
    struct config_control control;
    struct config_alarms alarms;
    struct config_exercises exercises;
    size_t input_count;
    struct config_input *inputs;
    size_t camera_count;
    struct config_camera *cameras;
    size_t receiver_count;
    struct config_receiver *receivers;
    size_t indicator_count;
    struct config_indicator *indicators;
    size_t output_count;
    struct config_output *outputs;
    struct option_list notes; /* what is legal but perhaps not meant: "file:line:column: note: …" */
};

/* One mistake: "file:line:column: path: what is wrong (what is legal)". */
typedef void (*config_problem_handler)(void *arg, const char *line);

/*
 * Reads `path`. Every mistake goes to `on_problem`, in the order of the file. Returns 0 with a
 * configuration, or -EINVAL after at least one mistake, or another negative errno with a message
 * when the file could not be read at all.
 */
int config_load(const char *path, const struct config_drivers *drivers,
                config_problem_handler on_problem, void *arg, struct config **ret_config,
                struct err *e);

/*
 * Tries to read the secrets that could not be read: the one thing of a configuration that changes.
 * 0 when there is no trouble (any more); else the message is the newest reason. Waits for the disk.
 */
int config_read_again(struct config_driver *driver, struct err *e);

void config_destroy(struct config *config);

#endif
