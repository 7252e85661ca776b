/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs/section/inputs.h"

#include "conf/measures.h"
#include "iface/limits.h"

static const char *const kind_words[] = {
    [CONFIG_INPUT_PANIC] = "panic",
    [CONFIG_INPUT_DURESS] = "duress",
    [CONFIG_INPUT_MEDICAL] = "medical",
    [CONFIG_INPUT_FIRE] = "fire",
    [CONFIG_INPUT_TEST] = "test",
    [CONFIG_INPUT_TAMPER] = "tamper",
    [CONFIG_INPUT_MAINS] = "mains",
    [CONFIG_INPUT_BATTERY] = "battery",
    [CONFIG_INPUT_DRILL_SWITCH] = "drill",
    [CONFIG_INPUT_RESET] = "reset",
    [CONFIG_INPUT_CANCEL] = "cancel",
    [CONFIG_INPUT_CARD] = "card",
    NULL,
};

static const char *const contact_words[] = {
    [CONFIG_CONTACT_OPEN] = "normally-open",
    [CONFIG_CONTACT_CLOSED] = "normally-closed",
    NULL,
};

const char *config_input_kind_name(enum config_input_kind kind)
{
    return kind_words[kind];
}

static const struct option table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct config_input, id),
     .required = 1,
     .help = "Short name: letters, digits, '-', '_' and '.'."},
    {.key = "name",
     .type = OPTION_STRING,
     .offset = offsetof(struct config_input, name),
     .max = LIMIT_NAME_BYTES,
     .required = 1,
     .help = "What the button is called on the police's screen."},
    {.key = "place",
     .type = OPTION_STRING,
     .offset = offsetof(struct config_input, place),
     .max = LIMIT_NAME_BYTES,
     .required = 1,
     .help = "Where it is, in the words of the people there."},
    {.key = "kind",
     OPTION_ENUM(struct config_input, kind, kind_words),
     .fallback = "panic",
     .help =
         "What it is: a button for help, of that kind; a test button, which never raises an "
         "alarm; a contact that tells of tampering, of failed mains or of a low battery, each a "
         "fault; a switch that turns a drill on; a button that resets or cancels alarms; a "
         "reader of cards."},
    {.key = "contact",
     OPTION_ENUM(struct config_input, contact, contact_words),
     .fallback = "normally-open",
     .help = "How the contact is at rest. A second contact is the contrary of it."},
    {.key = "latching",
     .type = OPTION_BOOL,
     .offset = offsetof(struct config_input, latching),
     .fallback = "false",
     .help = "Whether it stays pressed until somebody turns its key."},
    {.key = "stuck_after",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_input, stuck_after_ms),
     .fallback = "60s",
     .min = 2 * SECOND,
     .max = HOUR,
     .help =
         "A button that stays pressed for this long is a fault; a latching one, if its alarm is "
         "closed: neither can raise another."},
    {.key = "changeover",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_input, changeover_ms),
     .fallback = "1s",
     .min = 100,
     .max = 5 * SECOND,
     .help = "With a second contact: how long the two may agree before that is a fault. No press "
             "is delayed by it."},
    {.key = "hold",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_input, hold_ms),
     .fallback = "0ms",
     .min = 0,
     .max = 10 * SECOND,
     .help = "How long a press must last to count; with 0ms it counts at once."},
    {.key = "presses",
     .type = OPTION_INT,
     .offset = offsetof(struct config_input, presses),
     .fallback = "1",
     .min = 1,
     .max = LIMIT_PRESSES,
     .help = "How many presses count as one."},
    {.key = "within",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_input, within_ms),
     .fallback = "3s",
     .min = 500,
     .max = 30 * SECOND,
     .help = "The time for those presses."},
    {.key = "duress_presses",
     .type = OPTION_INT,
     .offset = offsetof(struct config_input, duress_presses),
     .fallback = "0",
     .min = 0,
     .max = LIMIT_PRESSES,
     .help =
         "How many quick presses raise a duress alarm, of which nothing is seen at the gate; 0: "
         "none do."},
    {.key = "duress_within",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_input, duress_within_ms),
     .fallback = "3s",
     .min = 500,
     .max = 30 * SECOND,
     .help = "The time for those presses."},
    {.key = "silent",
     .type = OPTION_BOOL,
     .offset = offsetof(struct config_input, silent),
     .fallback = "false",
     .help = "No output is switched by its alarms (unless it says silent_alarms), and a lamp shows "
             "of them "
             "what its silent_shows says."},
    {.key = "debounce",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_input, debounce_ms),
     .fallback = "30ms",
     .min = 5,
     .max = 250,
     .help = "Quiet time after which the contact counts as settled. The first edge is never "
             "delayed."},
    {.key = "cameras",
     .type = OPTION_LIST,
     .offset = offsetof(struct config_input, cameras),
     .max = LIMIT_INPUT_CAMERAS,
     .refers = "cameras",
     .help = "Ids of the cameras that show the place."},
    OPTION_TABLE_END,
};

/* So many presses, each held so long, within that time. */
struct gesture_time {
    int64_t presses, hold_ms, within_ms;
};

static bool is_button(const void *item)
{
    const struct config_input *input = item;
    return config_input_is_button(input->kind);
}

/* A reader of cards is no contact, and a contact reads no cards. */
static void check_reader(const struct section_view *view, size_t index,
                         const struct config_input *input)
{
    bool is_card = input->kind == CONFIG_INPUT_CARD;
    if (input->driver.type && input->driver.type->reads_cards != is_card)
        section_mistake(view, index, "kind",
                        is_card ? "card needs a driver that reads cards; %s watches a contact"
                                : "driver %s reads cards: kind must be card",
                        input->driver.type->name);
}

#define HAND_MS 100 /* no hand lets go and presses again in less */

/* So many presses within that time, each held so long: could a hand make them? If not, no alarm
 * could ever come of them. */
static void check_time(const struct section_view *view, size_t index,
                       const struct config_input *input, const char *const keys[2],
                       const struct gesture_time *t)
{
    int64_t again_ms = 2 * input->debounce_ms > HAND_MS ? 2 * input->debounce_ms : HAND_MS;
    int64_t least_ms = (t->presses - 1) * (t->hold_ms + again_ms);
    if (t->presses < 2 || t->within_ms == 0 || least_ms <= t->within_ms)
        return;
    section_mistake(view, index, section_has(view, index, keys[1]) ? keys[1] : keys[0],
                    "%lld presses take %lld ms at the least (%s%s: %lld ms)", (long long)t->presses,
                    (long long)least_ms, keys[1],
                    section_has(view, index, keys[1]) ? "" : " by default",
                    (long long)t->within_ms);
}

/* What makes sense for a button alone stands at none of the other contacts. */
static void check_gestures(const struct section_view *view, size_t index,
                           const struct config_input *input)
{
    static const char *const keys[] = {"hold",          "presses",  "within",     "duress_presses",
                                       "duress_within", "latching", "stuck_after"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        if (!config_input_is_button(input->kind) && section_has(view, index, keys[k]))
            section_mistake(view, index, keys[k],
                            "says how a button for help is pressed; this is none (kind)");
    }
    if (input->duress_presses == 1)
        section_mistake(view, index, "duress_presses",
                        "one press is no pattern: 2 or more, or a button of kind duress");
    check_time(view, index, input, (const char *const[]){"presses", "within"},
               &(struct gesture_time){input->presses, input->hold_ms, input->within_ms});
    check_time(view, index, input, (const char *const[]){"duress_presses", "duress_within"},
               &(struct gesture_time){input->duress_presses, 0, input->duress_within_ms});
}

static void check(const struct section_view *view)
{
    size_t count;
    const struct config_input *inputs = section_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        check_reader(view, i, &inputs[i]);
        check_gestures(view, i, &inputs[i]);
    }
}

static void note(const struct section_view *view)
{
    size_t count, for_help = 0;
    const struct config_input *inputs = section_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        if (inputs[i].kind >= CONFIG_INPUT_TEST)
            continue;
        for_help++;
        if (inputs[i].cameras.count == 0 && section_count(view, "cameras") > 0)
            section_note(view, i, NULL, "names no camera: its alarms will have no clip");
    }
    if (for_help == 0)
        section_note(view, SECTION_WHOLE, NULL,
                     "none is a button for help: no press can raise an alarm");
}

const struct section inputs_section = {
    .name = "inputs",
    .help = "Buttons and contacts, a list.",
    .options = table,
    .size = sizeof(struct config_input),
    .most = LIMIT_INPUTS,
    .entry = "button",
    .needed = "or no alarm can come or go",
    .offers = is_button,
    .check = check,
    .note = note,
    SECTION_DRIVER(struct config_input, driver),
    SECTION_PLACE(struct config_input, at),
};

const struct config_input *config_find_input(const struct config_inputs *inputs, const char *id)
{
    return section_find(&inputs_section, inputs->items, inputs->count, id);
}
