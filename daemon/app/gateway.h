/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsind as a whole: the parts, and the threads of data between them. Only the files of this
 * folder see it, and each has one job:
 *
 *   gateway.c    start as a readable list, stop as its mirror, housekeeping once a second
 *   lines.c      contacts → debounce → supervision → pressed or not
 *   presses.c    pressed or not → panel → incidents → events
 *   exercises.c  drills and tests: announced, begun, ended, which buttons were tested
 *   keys.c       what people do at the gate beside pressing: switch, reset, cancel, card
 *   escalation.c an alarm that nobody answers
 *   outputs.c    what the gateway switches, and when
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

#include "alarm/chatter.h"
#include "alarm/debounce.h"
#include "alarm/incident.h"
#include "alarm/lamp.h"
#include "alarm/pair.h"
#include "alarm/panel.h"
#include "control/control.h"
#include "dispatch/dispatch.h"
#include "envelope/envelope.h"
#include "iface/indicator.h"
#include "iface/input.h"
#include "iface/limits.h"
#include "iface/output.h"
#include "iface/signer.h"
#include "loop/service.h"
#include "outbox/outbox.h"
#include "sections/config.h"
#include "videolink/link.h"

struct gateway;
struct fault;
struct clip;
struct journey;

/* One contact of an input: most have one, a supervised button has two. */
struct gateway_contact {
    struct gateway_input *input;
    enum input_contact which;
    struct input *line;
    struct debounce debounce;
    bool known; /* its first level has come */
    bool broken;
    char reason[256];
};

struct gateway_input {
    struct gateway *gateway;
    size_t index;
    const struct config_input *config;
    const struct input_driver *driver;
    size_t contact_count;
    struct gateway_contact contacts[2];
    struct pair pair; /* with two contacts */
    struct chatter chatter;
    bool untold; /* presses were counted that no event has told of */
    int64_t told_ms;
    uv_timer_t settle;
    uv_timer_t hold;                       /* ends a simulated press */
    int64_t hold_ms;                       /* of the simulated press that is coming */
    struct control_request *press_request; /* a simulated press that is not accepted yet */
    bool active;                           /* pressed, switched, or telling of a fault */
    int64_t active_since_ms;
    bool undelivered[INCIDENT_CLASSES]; /* was told of the open incident */
    int64_t known_since_wall_ms;        /* since when it stands in the configuration; 0: ? */
    int64_t tested_wall_ms;             /* when it was last pressed in a test; 0: never */
    char tested_by[100];
    char reason[400]; /* what is wrong with the line; "" if nothing is */
};

struct gateway_lamp {
    struct gateway *gateway;
    const struct config_indicator *config;
    const struct indicator_driver *driver;
    struct indicator *indicator;
    enum indicator_pattern pattern;
    char reason[256];
};

struct gateway_output {
    struct gateway *gateway;
    const struct config_output *config;
    const struct output_driver *driver;
    struct output *output;
    uv_timer_t off;
    bool on;
    uint64_t held[INCIDENT_CLASSES]; /* bit mask of buttons whose incidents hold it on */
    char reason[256];
};

enum exercise_phase {
    EXERCISE_PHASE_NONE,
    EXERCISE_PHASE_ANNOUNCED, /* receivers are being told; presses are still real */
    EXERCISE_PHASE_RUNNING,
};

/* A drill or a test, from its announcement to its end. */
struct gateway_exercise {
    enum exercise_phase phase;
    enum incident_class class;
    uint64_t buttons, tested; /* bit masks */
    int64_t length_ms;
    int64_t announce_until_ms;
    uint64_t seq;     /* of the announcement */
    uint32_t awaited; /* receivers that have not receipted it yet */
    struct control_request *request;
    char by[300], note[200];
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
    struct gateway *gateway;
    size_t index;
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
    struct network *network; /* NULL: its changes are not told */
    struct control *control;
    struct link_client *link;
    uv_signal_t terminate, interrupt, hangup;
    uv_timer_t housekeeping;
    size_t input_count, lamp_count, camera_count, receiver_count;
    struct gateway_input inputs[LIMIT_INPUTS];
    struct panel panel;
    struct panel_button buttons[LIMIT_INPUTS];
    struct incident incidents[LIMIT_INPUTS][INCIDENT_CLASSES]; /* by input */
    uv_timer_t panel_timer;
    char duress[8][UUID_TEXT_SIZE]; /* the last alarms of which nothing is shown, closed or not */
    unsigned next_duress;
    bool stepped; /* the panel has taken a step: the state is saved with its event */
    struct gateway_exercise exercise;
    struct {
        char digits[INPUT_CARD_DIGITS_MAX + 1];
        int64_t at_ms;
    } card; /* the last one that was read */
    size_t output_count;
    struct gateway_output outputs[LIMIT_OUTPUTS];
    struct gateway_lamp lamps[LIMIT_LAMPS];
    struct gateway_camera cameras[LIMIT_CAMERAS];
    struct gateway_receiver receivers[LIMIT_RECEIVERS];
    uint32_t responders; /* bit mask of receivers, of all groups */
    unsigned groups;     /* the highest of any receiver */
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

/* lines.c */
int lines_open(struct gateway *gw, struct err *e);
void lines_close(struct gateway *gw);
void lines_tick(struct gateway *gw);
/* Presses a simulated line for that long (0: until it is released); the request is answered when
 * the press has become an event, or is known to become none. */
void lines_simulate(struct gateway_input *in, int64_t hold_ms, struct control_request *request);
void lines_release(struct gateway_input *in);
/* Whether a press of it is heard: every contact is there, and none is at fault. */
bool lines_is_good(const struct gateway_input *in);

/* presses.c: before the state is loaded, and after the receivers are there */
void presses_prepare(struct gateway *gw);
void presses_open(struct gateway *gw);
void presses_close(struct gateway *gw);
void presses_level(struct gateway_input *in, bool pressed, enum input_cause cause, int64_t at_ns);
/* To be called when the panel has something new to wait for. */
void presses_rearm(struct gateway *gw);
void presses_tick(struct gateway *gw);
/* A step of an incident that a person has ordered, or time: tells everybody. */
void presses_carry_out(struct gateway *gw, enum incident_action action,
                       const struct incident *incident, const char *by, const char *note);
/* Saves what no event has saved. */
void presses_remember(struct gateway *gw);
bool presses_any_open(const struct gateway *gw);

/* exercises.c: `by` and `note` are copied; the request (may be NULL) is answered when it has begun
 * or cannot begin. */
void exercises_begin(struct gateway *gw, enum incident_class class, uint64_t buttons,
                     int64_t length_ms, const char *by, const char *note,
                     struct control_request *request);
/* False if there is none of that class. */
bool exercises_end(struct gateway *gw, enum incident_class class, const char *why);
void exercises_over(struct gateway *gw, const char *why);
void exercises_close(struct gateway *gw);
/* An exercise that was under way before a restart is over: its incidents are closed. */
void exercises_after_restart(struct gateway *gw);
void exercises_delivered(struct gateway *gw, size_t receiver, uint64_t seq);
void exercises_pressed(struct gateway *gw, size_t input);
void exercises_tick(struct gateway *gw);
uint64_t exercises_every_button(const struct gateway *gw, enum incident_class class);
json_t *exercises_json(const struct gateway *gw); /* NULL: there is none */

/* keys.c */
void keys_level(struct gateway_input *in, bool active, enum input_cause cause);
void keys_card(struct gateway_input *in, const char *digits);
/* Cancels what may be cancelled now, duress never; how many. */
size_t keys_cancel(struct gateway *gw, const char *alarm, const char *by, const char *note);

/* escalation.c */
void escalation_tick(struct gateway *gw);
/* The responders that are asked at that level of an incident. */
uint32_t escalation_asked(const struct gateway *gw, unsigned level);

/* outputs.c */
int outputs_open(struct gateway *gw, struct err *e);
void outputs_close(struct gateway *gw);
void outputs_trigger(struct gateway *gw, enum config_output_trigger trigger,
                     const struct incident *incident);
/* What that trigger had switched on for the incident goes off. */
void outputs_release(struct gateway *gw, enum config_output_trigger trigger,
                     const struct incident *incident);

/* events.c */
struct journey {
    struct journey *next;
    struct gateway *gateway;
    struct event *event;
    uv_timer_t patience;
    bool stored, offered;
    int64_t made_ms;
    int64_t handed_us; /* from what happened (the kernel's stamp of an edge) to the outbox */
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
/* Whether that fault is told or known now. */
bool faults_is(const struct gateway *gw, const char *code);
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
void clips_tell_alarm(struct gateway *gw, const struct incident *incident);
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
/* Of duress nothing is shown unless it is asked for. */
json_t *status_json(struct gateway *gw, bool with_duress);
json_t *status_heartbeat(struct gateway *gw, size_t receiver);

/* commands.c */
extern const struct control_command commands[];

/* watch.c: one line to everybody who watches; members that do not apply are NULL or negative. */
struct watch_line {
    const char *what;
    const char *alarm, *input, *receiver, *camera, *event, *text;
    uint64_t seq;
    int64_t at_ns;     /* when it happened; 0: now */
    int64_t handed_us; /* from the kernel's stamp to the outbox; 0: not known */
};
void watch_tell(struct gateway *gw, const struct watch_line *line);

#endif
