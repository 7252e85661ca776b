/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads (`data`) of alarm and fault events, field by field as they go over the wire. Each
 * returns a new reference, or NULL when out of memory. Strings are borrowed for the call; NULL
 * strings are left out, and a byte that is no UTF-8 goes out as a question mark. Pure.
 */
#ifndef TOCSIN_ENVELOPE_DATA_H
#define TOCSIN_ENVELOPE_DATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct data_site {
    const char *id, *name, *address;
    double latitude, longitude; /* 0,0: not given */
    char *const *contacts;
    size_t contact_count;
};

struct data_camera {
    const char *id, *name;
};

struct data_alarm {
    const char *alarm;
    const char *kind; /* panic, duress, medical, fire, test */
    bool silent;
    bool at_start;     /* the button was found pressed when the gateway started */
    const char *cause; /* edge, level, start; NULL for what no line caused */
    const char *input_id, *input_name, *input_place;
    unsigned presses;
    unsigned level; /* receivers of groups 1 … level are asked to act */
    const struct data_camera *cameras;
    size_t camera_count;
    const struct data_site *site;
    const char *by, *note; /* who closed it, and why */
};

struct data_fault {
    const char *code;    /* stable word: "receiver", "camera", "line", "store", … */
    const char *subject; /* id of the part concerned; NULL if there is only one */
    const char *reason;  /* a sentence for the technician */
    unsigned times;      /* it came so often since then, not told one by one; 0: left out */
    const char *since;
};

json_t *data_from_alarm(const struct data_alarm *alarm);
json_t *data_from_fault(const struct data_fault *fault);

/* Takes a row of the state that is kept with the events (NULL: it could not be packed); its text,
 * which the caller frees. Aborts without memory. */
char *data_row_text(json_t *row);

#endif
