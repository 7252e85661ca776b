/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing stands behind a simulated driver: it is pressed by its own functions. */
#include "drivers/input/inputs.h"
#include "input_world.h"

static const struct input_settings pressed = {.of = {{"pressed_at_start", "true"}}};

static void press(struct input *input, enum input_contact contact, bool active)
{
    (void)contact;
    input_sim.simulate(input, active);
}

static void show(struct input *input, const char *characters, uv_loop_t *loop)
{
    (void)loop;
    input_sim_card.simulate_card(input, characters);
}

const struct input_world world_sim = {.name = "sim", .pressed = &pressed, .press = press};
const struct input_world world_sim_card = {.name = "sim-card", .show = show};
