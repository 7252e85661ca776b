/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the configuration has what a fault is about: of what it no longer has, no part speaks. */
#include <string.h>

#include "gateway/internal.h"

static bool has_input(const struct config *c, enum fault_code code, const char *id)
{
    const struct config_input *input = config_find_input(&c->inputs, id);
    bool is_button = input && config_input_is_button(input->kind);
    if (code == FAULT_TAMPER)
        return input && input->kind == CONFIG_INPUT_TAMPER;
    if (code == FAULT_MAINS)
        return input && input->kind == CONFIG_INPUT_MAINS;
    if (code == FAULT_BATTERY)
        return input && input->kind == CONFIG_INPUT_BATTERY;
    if (code == FAULT_CHATTER)
        return is_button && input->kind != CONFIG_INPUT_DURESS; /* of which it is never said */
    if (code == FAULT_UNTESTED)
        return is_button && c->exercises.test_every_ms > 0;
    return code == FAULT_LINE ? input != NULL : is_button;
}

static bool has_receiver(const struct config *c, const char *id)
{
    size_t i = 0;
    while (i < c->receivers.count && strcmp(c->receivers.items[i].id, id) != 0)
        i++;
    return i < c->receivers.count;
}

static bool has_lamp(const struct config *c, const char *id)
{
    size_t i = 0;
    while (i < c->indicators.count && strcmp(c->indicators.items[i].id, id) != 0)
        i++;
    return i < c->indicators.count;
}

static bool has_output(const struct config *c, const char *id)
{
    size_t i = 0;
    while (i < c->outputs.count && strcmp(c->outputs.items[i].id, id) != 0)
        i++;
    return i < c->outputs.count;
}

bool subjects_has(const void *config, enum fault_code code, const char *subject)
{
    const struct config *c = config;
    switch (fault_kind(code)->subject) {
    case FAULT_SUBJECT_INPUT:
        return has_input(c, code, subject);
    case FAULT_SUBJECT_RECEIVER:
        return has_receiver(c, subject);
    case FAULT_SUBJECT_CAMERA:
        return config_find_camera(&c->cameras, subject) != NULL;
    case FAULT_SUBJECT_LAMP:
        return has_lamp(c, subject);
    case FAULT_SUBJECT_OUTPUT:
        return has_output(c, subject);
    case FAULT_SUBJECT_NONE:
        return code != FAULT_VIDEO || c->cameras.count > 0;
    case FAULT_SUBJECT_PART:
        return true;
    }
    return true;
}
