/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of daemon/iface/input.h, tried on a driver: input_driver <world>. The worlds sim and
 * sim-card are in every kernel; gpiod needs gpio-sim, evdev and evdev-card need uinput and root:
 * tests/vm/contract brings a machine that has them.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "input_cases.h"
#include "run_suite.h"

#define TEST_S 180 /* each wait inside is bounded too */

const struct input_world *world;

static const struct input_world *const worlds[] = {&world_sim, &world_sim_card, &world_gpiod,
                                                   &world_evdev, &world_evdev_card};

static TCase *new_case(const char *name)
{
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, TEST_S);
    tcase_add_checked_fixture(cases, begin_world, end_world);
    return cases;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof worlds / sizeof *worlds; i++) {
        if (strcmp(worlds[i]->name, argv[1]) == 0)
            world = worlds[i];
    }
    if (!world) {
        fprintf(stderr, "usage: input_driver sim|sim-card|gpiod|evdev|evdev-card\n");
        return 2;
    }
    log_set_level(LOG_LEVEL_ERROR); /* what is typed wrong on purpose is not news */
    Suite *suite = suite_create(world->name);
    TCase *cases = new_case("contract");
    add_common_cases(cases);
    if (world->show)
        add_reader_cases(cases);
    else
        add_contact_cases(cases);
    if (strcmp(world->name, "evdev") == 0)
        add_evdev_cases(cases);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
