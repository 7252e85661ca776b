/* SPDX-License-Identifier: Apache-2.0 */
#include "apart_world.h"

#include <check.h>
#include <string.h>

static const enum world_input buttons[BUTTONS] = {WORLD_GATE, WORLD_OFFICE};

struct outbox_found store;
char before[BUTTONS][UUID_TEXT_SIZE];

void start_apart(void)
{
    fake.unknown = "the disk has not answered yet";
    world_restart();
    fake.unknown = NULL;
    ck_assert(!incidents_known(world.incidents));
}

void apart_begin(void)
{
    world_begin();
    world_open();
    fake.responders = 3;
    for (int i = 0; i < BUTTONS; i++) {
        world_press(buttons[i]);
        world_release(buttons[i]);
        world_deliver("tocsin.alarm.raised", 0);
        world_deliver("tocsin.alarm.raised", 1);
        memcpy(before[i], world_incident(buttons[i])->alarm, UUID_TEXT_SIZE);
    }
    store = fake_found();
    start_apart();
}

void apart_end(void)
{
    outbox_found_finish(&store);
    world_close();
    world_end();
}

void read_store(void)
{
    incidents_catch_up(world.incidents, &store);
    facts_tell(world.facts);
    virtual_turn(world.facts, NULL);
    ck_assert(incidents_known(world.incidents));
}

bool says_apart(const char *row)
{
    return strstr(row, "\"apart\":true");
}
