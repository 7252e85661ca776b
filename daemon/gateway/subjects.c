/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the configuration has what a fault is about: of what it no longer has, no part speaks. */
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

bool subjects_has(const void *config, enum fault_code code, const char *subject)
{
    const struct config *c = config;
    switch (fault_kind(code)->subject) {
    case FAULT_SUBJECT_INPUT:
        return has_input(c, code, subject);
    case FAULT_SUBJECT_RECEIVER:
        return section_find(&receivers_section, c->receivers.items, c->receivers.count, subject);
    case FAULT_SUBJECT_CAMERA:
        return config_find_camera(&c->cameras, subject) != NULL;
    case FAULT_SUBJECT_LAMP:
        return section_find(&lamps_section, c->indicators.items, c->indicators.count, subject);
    case FAULT_SUBJECT_OUTPUT:
        return section_find(&outputs_section, c->outputs.items, c->outputs.count, subject);
    case FAULT_SUBJECT_NONE:
        return (code != FAULT_VIDEO && code != FAULT_VIDEO_ROOM) || c->cameras.count > 0;
    case FAULT_SUBJECT_PART:
        return true;
    }
    return true;
}
