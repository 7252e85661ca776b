/* SPDX-License-Identifier: Apache-2.0 */
#include "operate/operate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operate/internal.h"

static void run_status(void *arg, struct control_request *request, const json_t *arguments)
{
    const struct operate *op = arg;
    bool with_duress = json_is_true(json_object_get(arguments, "duress"));
    control_reply(request, op->options.status(op->options.arg, with_duress));
}

static void run_watch(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    (void)arguments;
    control_watch(request);
}

static void run_reload(void *arg, struct control_request *request, const json_t *arguments)
{
    const struct operate *op = arg;
    (void)arguments;
    int result = op->options.reload(op->options.arg, request);
    if (result != 0)
        control_fail(request, "the old configuration stays: %s",
                     result == -ESHUTDOWN ? "tocsind is stopping" : strerror(-result));
}

static const char *const status_arguments[] = {"duress", NULL};
static const char *const card_arguments[] = {"input", "digits", NULL};
static const char *const cancel_arguments[] = {"alarm", "by", "note", NULL};
static const char *const begin_arguments[] = {"inputs", "length_ms", "by", "note", NULL};
static const char *const by_arguments[] = {"by", NULL};
static const char *const press_arguments[] = {"input", "hold_ms", NULL};
static const char *const release_arguments[] = {"input", NULL};
static const char *const reset_arguments[] = {"alarm", "by", "note", "unknown", NULL};
static const char *const accept_arguments[] = {"by", "note", NULL};
static const char *const list_arguments[] = {"since_ms", "limit", "before", "alarm", NULL};
static const char *const show_arguments[] = {"id", "seq", NULL};
static const char *const export_arguments[] = {"after", "alarm", NULL};
static const char *const refused_arguments[] = {"limit", NULL};
static const char *const give_up_arguments[] = {"seq", "receiver", "alarm", "by", "note", NULL};

static const struct control_command commands[] = {
    {"status", status_arguments, run_status},
    {"watch", NULL, run_watch},
    {"press", press_arguments, simulated_press},
    {"release", release_arguments, simulated_release},
    {"card", card_arguments, simulated_card},
    {"reset", reset_arguments, orders_reset},
    {"cancel", cancel_arguments, orders_cancel},
    {"drill.begin", begin_arguments, orders_drill_begin},
    {"drill.end", by_arguments, orders_drill_end},
    {"test.begin", begin_arguments, orders_test_begin},
    {"test.end", by_arguments, orders_test_end},
    {"reload", NULL, run_reload},
    {"store.accept", accept_arguments, orders_accept_damage},
    {"store.files", NULL, queries_files},
    {"store.remove", by_arguments, queries_remove_files},
    {"events.list", list_arguments, queries_list},
    {"events.show", show_arguments, queries_show},
    {"events.export", export_arguments, queries_export},
    {"events.refused", refused_arguments, refused_list},
    {"events.give-up", give_up_arguments, refused_give_up},
    {NULL, NULL, NULL},
};

static void refuse_unknown(struct control_request *request, const struct operate_config *config,
                           const char *id)
{
    char known[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < config->inputs->count; i++) {
        int more = snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                            config->inputs->items[i].id);
        used += more > 0 && used + (size_t)more < sizeof known ? (size_t)more : 0;
    }
    control_fail(request, "no input %s; there are: %s", id ? id : "(none given)", known);
}

bool operate_find_input(struct operate *op, struct control_request *request,
                        const json_t *arguments, size_t *ret_input)
{
    const struct operate_config *config = &op->options.config;
    const char *id = json_string_value(json_object_get(arguments, "input"));
    const struct config_input *input = id ? config_find_input(config->inputs, id) : NULL;
    if (!input) {
        refuse_unknown(request, config, id);
        return false;
    }
    *ret_input = (size_t)(input - config->inputs->items);
    const struct input_driver *driver = inputs_driver(op->options.inputs, *ret_input);
    if (driver->simulate || driver->simulate_card)
        return true;
    control_fail(request,
                 "input %s is a real line (driver %s): it is pressed by hand, not by a command", id,
                 driver->type.name);
    return false;
}

static void on_fact(void *self, const struct fact *fact)
{
    struct operate *op = self;
    watch_on_fact(op, fact);
    simulated_on_fact(op, fact);
    if (fact->kind == FACT_EXERCISE)
        orders_on_exercise(op, &fact->u.exercise);
}

int operate_open(const struct operate_options *options, struct operate **ret_operate, struct err *e)
{
    struct operate *op = calloc(1, sizeof *op);
    if (!op)
        return err_set(e, ENOMEM, "control: out of memory");
    op->options = *options;
    *ret_operate = op;
    watch_open(op);
    facts_subscribe(options->facts, ~(FACT_BIT(FACT_SETTLED) | FACT_BIT(FACT_TURN_OVER)), on_fact,
                    op);
    listen_open(op, commands, orders_on_gone);
    return 0;
}

void operate_tick(struct operate *op)
{
    listen_tick(op);
    queries_tick(op);
}

void operate_close(struct operate *op)
{
    if (!op)
        return;
    simulated_close(op);
    orders_close(op);
    replies_close(op);
    listen_close(op);
}

void operate_free(struct operate *op)
{
    free(op);
}
