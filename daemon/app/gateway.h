/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsind as a whole: the parts, and the threads of data between them. Only the files of this
 * folder see it, and each has one job:
 *
 *   gateway.c    start as a readable list, stop as its mirror, housekeeping once a second
 *   presses.c    lines → debounce → incidents → events
 *   events.c     an event on its way: made, stored, handed to dispatch
 *   receivers.c  what dispatch tells: deliveries, answers of people, links
 *   closed_uplink.c  stands in for an uplink that cannot be opened
 *   clips.c      tocsin-video: alarms there, clips and camera states back
 *   faults.c     what is broken, raised and cleared as events, never a flood
 *   lamps.c      the pattern of every lamp
 *   state.c      incidents as text, for the store
 *   commands.c   the control socket's commands;  status.c, watch.c  what they show
 *
 * One loop, one thread.
 */
#ifndef TOCSIN_APP_GATEWAY_H
#define TOCSIN_APP_GATEWAY_H

#include <uv.h>

#include "alarm/debounce.h"
#include "alarm/incident.h"
#include "alarm/lamp.h"
#include "conf/config.h"
#include "control/control.h"
#include "dispatch/dispatch.h"
#include "envelope/envelope.h"
#include "iface/indicator.h"
#include "iface/input.h"
#include "iface/signer.h"
#include "loop/service.h"
#include "outbox/outbox.h"
#include "videolink/link.h"

struct gateway;
struct fault;
struct clip;
struct journey;

struct gateway_input {
    struct gateway *gateway;
    size_t index;
    const struct config_input *config;
    const struct input_driver *driver;
    struct input *input;
    struct debounce debounce;
    uv_timer_t settle;
    uv_timer_t hold;                       /* ends a simulated press */
    int64_t hold_ms;                       /* 0: until it is released */
    struct control_request *press_request; /* a simulated press that is not accepted yet */
    bool known;                            /* its first level has come */
    bool broken;
    char reason[256];
};

struct gateway_lamp {
    struct gateway *gateway;
    const struct config_indicator *config;
    const struct indicator_driver *driver;
    struct indicator *indicator;
    enum indicator_pattern pattern;
    char reason[256];
};

struct gateway_camera {
    const struct config_camera *config;
    enum message_camera_state state;
    bool known; /* tocsin-video has told of it since the link came up */
    char reason[256];
    unsigned restarts;
    int64_t since_ms;
};

struct gateway_receiver {
    const struct config_receiver *config; /* of the newest configuration */
    enum dispatch_link link;
    bool closed;           /* its uplink could not be opened: a stand-in refuses everything */
    int64_t reopen_ms;     /* when that is tried again */
    int64_t taken_seq;     /* highest answer acted upon */
    int64_t confirmed_seq; /* highest answer on the disk: told to the receiver */
};

struct gateway {
    uv_loop_t loop;
    const char *config_path;
    struct config *config;   /* as started with */
    struct config *reloaded; /* the newest that was read since; only its receivers are used */
    struct service *service;
    struct signer *signer;
    struct envelope envelope;
    struct outbox *outbox;
    struct dispatch *dispatch;
    struct control *control;
    struct link_client *link;
    uv_signal_t terminate, interrupt, hangup;
    uv_timer_t housekeeping;
    size_t input_count, lamp_count, camera_count, receiver_count;
    struct gateway_input inputs[INCIDENT_INPUTS_MAX];
    struct incident incidents[INCIDENT_INPUTS_MAX]; /* by input */
    struct gateway_lamp lamps[16];
    struct gateway_camera cameras[64];
    struct gateway_receiver receivers[DISPATCH_RECEIVERS_MAX];
    uint32_t responders; /* bit mask of receivers */
    struct fault *faults;
    struct clip *clips;
    struct journey *journeys; /* events not yet both stored and offered */
    char store_reason[400];   /* "" while the store works */
    bool damaged_store;
    bool control_open, inputs_open, stopping, reloading;
    int64_t started_ms;
    int64_t pruned_ms;
};

/* gateway.c */
int gateway_start(struct gateway *gw, const char *config_path, struct err *e);
void gateway_run(struct gateway *gw);
int gateway_reload(struct gateway *gw, struct control_request *request); /* request may be NULL */

/* presses.c */
int presses_open(struct gateway *gw, struct err *e);
void presses_close(struct gateway *gw);
void presses_close_incident(struct gateway *gw, size_t input, const char *by, const char *note);
void presses_emit_closed(struct gateway *gw, size_t input, const char *by, const char *note);
bool presses_any_open(const struct gateway *gw);
/* Presses a simulated line; the request is answered when the press has become an event. */
void presses_simulate(struct gateway_input *in, int64_t hold_ms, struct control_request *request);
const char *presses_kind_name(int kind);

/* events.c */
struct journey {
    struct journey *next;
    struct gateway *gateway;
    struct event *event;
    uv_timer_t patience;
    bool stored, offered;
    int64_t made_ms;
    struct control_request *request; /* a `press` that waits for its answer; or NULL */
    /* for a manifest */
    bool is_clip;
    struct outbox_upload upload;
};
/* Makes, chains, stores and sends an event. `data` is taken. Without `upload` no clip goes with it.
 * Returns its journey (owned by the gateway), or NULL if no event could be made. */
struct journey *events_emit(struct gateway *gw, const char *type, enum event_class class,
                            const char *alarm, int64_t at_ns, json_t *data,
                            const struct outbox_upload *upload);
void events_finish(struct gateway *gw);

/* faults.c: reason NULL clears; both may be said again and again. */
void faults_set(struct gateway *gw, const char *code, const char *subject, const char *reason);
bool faults_any(const struct gateway *gw);
void faults_tick(struct gateway *gw);
json_t *faults_json(const struct gateway *gw);
void faults_finish(struct gateway *gw);

/* receivers.c */
int receivers_open(struct gateway *gw, const struct outbox_found *found, struct err *e);
int receivers_replace(struct gateway *gw, struct config *config, struct err *e);
void receivers_tick(struct gateway *gw);

/* clips.c */
int clips_open(struct gateway *gw, const struct outbox_found *found, struct err *e);
void clips_tick(struct gateway *gw);
void clips_tell_alarm(struct gateway *gw, size_t input);
void clips_stored(struct gateway *gw, struct journey *journey);
void clips_uploaded(struct gateway *gw, size_t receiver, uint64_t seq);
const struct clip *clips_find(const struct gateway *gw, uint64_t seq);
const char *clips_camera(const struct clip *clip);
const char *clips_alarm(const struct clip *clip);
void clips_finish(struct gateway *gw);

/* lamps.c */
int lamps_open(struct gateway *gw, struct err *e);
void lamps_update(struct gateway *gw);
void lamps_close(struct gateway *gw);

/* state.c */
char *state_save(const struct gateway *gw); /* caller frees; aborts without memory */
void state_load(struct gateway *gw, const char *text);

/* status.c */
json_t *status_json(struct gateway *gw);
json_t *status_heartbeat(struct gateway *gw, size_t receiver);

/* commands.c */
extern const struct control_command commands[];

/* watch.c: one line to everybody who watches; members that do not apply are NULL or negative. */
struct watch_line {
    const char *what;
    const char *alarm, *input, *receiver, *camera, *event, *text;
    uint64_t seq;
    int64_t at_ns; /* when it happened; 0: now */
};
void watch_tell(struct gateway *gw, const struct watch_line *line);
/* The incident with that id, or NULL. */
struct incident *watch_incident(struct gateway *gw, const char *alarm, size_t *ret_input);

#endif
