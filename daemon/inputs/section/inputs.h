/* SPDX-License-Identifier: Apache-2.0 */
/* Buttons, contacts and readers of cards. Filled by the loader, immutable, readable from
 * everywhere. */
#ifndef TOCSIN_INPUTS_SECTION_INPUTS_H
#define TOCSIN_INPUTS_SECTION_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

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

/* The word of a kind, in the file and wherever else it is told. */
const char *config_input_kind_name(enum config_input_kind kind);

/* Whether a press of it asks for help, or would outside a test. */
static inline bool config_input_is_button(enum config_input_kind kind)
{
    return kind <= CONFIG_INPUT_TEST;
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

/* All of them, in the order of the file. */
struct config_inputs {
    size_t count;
    const struct config_input *items;
};

/* The one with this id; NULL if there is none. */
const struct config_input *config_find_input(const struct config_inputs *inputs, const char *id);

extern const struct section inputs_section;

#endif
