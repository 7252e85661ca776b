/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "inputs/internal.h"

void pressed_tell(const struct one_input *in, const char *what)
{
    struct fact fact = {.kind = FACT_PRESSED, .u.pressed = {.input = in->index}};
    snprintf(fact.u.pressed.why, sizeof fact.u.pressed.why, "%s", what);
    facts_publish(in->inputs->options.facts, &fact);
}
