/* SPDX-License-Identifier: Apache-2.0 */
/* A receiver that does not exist: its script is its world. */
#include "drivers/uplink/uplinks.h"
#include "uplink_world.h"

/* As the driver's own table lays it out. */
struct options {
    struct option_list script, commands;
    int64_t delay_ms;
};

static char *words[] = {"accept", "fail", "refuse", "timeout", "wrong", "fail", "accept"};
static char *asked[] = {"query", "guard", "reset", "wrong"};
static struct options options;

static void begin(uv_loop_t *unused)
{
    (void)unused;
    options = (struct options){.commands = {.items = asked, .count = 3}, .delay_ms = 5};
}

static void set_answer(enum world_answer answer)
{
    bool twice = answer == WORLD_FAILS_ONCE;
    if (answer == WORLD_TAKES_LONG) {
        options.delay_ms = 60000;
        return;
    }
    options.script =
        (struct option_list){.items = &words[twice ? 5 : (int)answer], .count = twice ? 2 : 1};
}

static const void *get_options(void)
{
    return &options;
}

static const void *mistake(size_t i, const char **ret_word)
{
    static struct options wrong;
    *ret_word = "\"wrong\"";
    wrong = options;
    if (i == 0)
        wrong.script = (struct option_list){.items = &words[4], .count = 1};
    else
        wrong.commands = (struct option_list){.items = &asked[3], .count = 1};
    return i < 2 ? &wrong : NULL;
}

const struct uplink_world world_uplink_sim = {.name = "sim",
                                              .driver = &uplink_sim,
                                              .accepted = UPLINK_OUTCOME_UNCONFIRMED,
                                              .begin = begin,
                                              .answer = set_answer,
                                              .options = get_options,
                                              .mistake = mistake};
