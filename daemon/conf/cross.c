/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/cross.h"

#include <string.h>

#include "iface/limits.h"

/* An entry of a list section by its place in the configuration; its key, or the entry itself. */
static const struct node *find_entry(const struct node *root, const char *section, size_t index,
                                     const char *key)
{
    const struct node *list = fill_find(root, section);
    const struct node *value = fill_find(list->items[index], key);
    return value ? value : list->items[index];
}

/* Whether every entry has an id that could be read: else what names them is not judged. */
static bool ids_are_known(const struct node *root, const char *section)
{
    const struct node *list = fill_find(root, section);
    if (fill_is_nothing(list) || list->type != NODE_LIST)
        return fill_is_nothing(list);
    for (size_t i = 0; i < list->count; i++) {
        const struct node *id = fill_find(list->items[i], "id");
        if (!id || id->type != NODE_TEXT)
            return false;
    }
    return true;
}

/* Every name of a list such as an input's `cameras` must be one of `known` (ends with NULL). */
static void check_names(struct fill *fill, const struct node *entry, const char *section,
                        const char *id, const char *key, const char *word, const char *const *known)
{
    const struct node *names = fill_find(entry, key);
    for (size_t j = 0; names && names->type == NODE_LIST && j < names->count; j++) {
        const struct node *name = names->items[j];
        char path[FILL_PATH_SIZE];
        size_t k = 0;
        if (name->type != NODE_TEXT || name->text[0] == '\0')
            continue;
        while (known[k] && strcmp(known[k], name->text) != 0)
            k++;
        if (known[k])
            continue;
        snprintf(path, sizeof path, "%s.%s.%s[%zu]", section, id ? id : "?", key, j + 1);
        fill_unknown(fill, name, path, word, known);
    }
}

static void check_cameras(struct fill *fill, const struct node *root, const struct config *config)
{
    const char *known[LIMIT_CAMERAS + 1];
    size_t count = 0;
    for (size_t i = 0; i < config->camera_count; i++) {
        if (config->cameras[i].id)
            known[count++] = config->cameras[i].id;
    }
    known[count] = NULL;
    for (size_t i = 0; i < config->input_count && ids_are_known(root, "cameras"); i++)
        check_names(fill, fill_find(root, "inputs")->items[i], "inputs", config->inputs[i].id,
                    "cameras", "camera", known);
}

static void check_outputs(struct fill *fill, const struct node *root, const struct config *config)
{
    const char *known[LIMIT_INPUTS + 1];
    size_t count = 0;
    for (size_t i = 0; i < config->input_count; i++) {
        if (config->inputs[i].id && config_input_is_button(config->inputs[i].kind))
            known[count++] = config->inputs[i].id;
    }
    known[count] = NULL;
    for (size_t i = 0; i < config->output_count; i++) {
        const struct config_output *output = &config->outputs[i];
        const struct node *at = find_entry(root, "outputs", i, "on");
        char path[FILL_PATH_SIZE];
        snprintf(path, sizeof path, "outputs.%s.on", output->id ? output->id : "?");
        if ((output->on >> CONFIG_OUTPUT_CLOSED & 1) && output->for_ms == 0 && output->id)
            problems_add(fill->problems, at->line, at->column, path,
                         "\"closed\" needs for: nothing would switch it off again");
    }
    for (size_t i = 0; i < config->output_count && ids_are_known(root, "inputs"); i++)
        check_names(fill, fill_find(root, "outputs")->items[i], "outputs", config->outputs[i].id,
                    "inputs", "button", known);
}

/* A reader of cards is no contact, and a contact reads no cards. */
static void check_kinds(struct fill *fill, const struct node *root, const struct config *config)
{
    char path[FILL_PATH_SIZE];
    for (size_t i = 0; i < config->input_count; i++) {
        const struct config_input *input = &config->inputs[i];
        bool is_card = input->kind == CONFIG_INPUT_CARD;
        if (!input->id || !input->driver.type || input->driver.type->reads_cards == is_card)
            continue;
        const struct node *at = find_entry(root, "inputs", i, "kind");
        snprintf(path, sizeof path, "inputs.%s.kind", input->id);
        problems_add(fill->problems, at->line, at->column, path,
                     is_card ? "card needs a driver that reads cards; %s watches a contact"
                             : "driver %s reads cards: kind must be card",
                     input->driver.type->name);
    }
}

/* What makes sense for a button alone stands at none of the other contacts. */
static void check_gestures(struct fill *fill, const struct node *root, const struct config *config)
{
    static const char *const keys[] = {"hold",          "presses",  "within",     "duress_presses",
                                       "duress_within", "latching", "stuck_after"};
    char path[FILL_PATH_SIZE];
    for (size_t i = 0; i < config->input_count; i++) {
        const struct config_input *input = &config->inputs[i];
        const struct node *map = fill_find(root, "inputs")->items[i];
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const struct node *at = fill_find(map, keys[k]);
            if (!at || !input->id || config_input_is_button(input->kind))
                continue;
            snprintf(path, sizeof path, "inputs.%s.%s", input->id, keys[k]);
            problems_add(fill->problems, at->line, at->column, path,
                         "says how a button for help is pressed; this is none (kind)");
        }
        if (input->id && input->duress_presses == 1) {
            const struct node *at = fill_find(map, "duress_presses");
            snprintf(path, sizeof path, "inputs.%s.duress_presses", input->id);
            problems_add(fill->problems, at->line, at->column, path,
                         "one press is no pattern: 2 or more, or a button of kind duress");
        }
    }
}

static void check_receivers(struct fill *fill, const struct node *root, const struct config *config)
{
    size_t not_responders = 0, first_responders = 0;
    for (size_t i = 0; i < config->receiver_count; i++) {
        const struct config_receiver *r = &config->receivers[i];
        const struct node *responder = find_entry(root, "receivers", i, "responder");
        bool is_none = responder->type == NODE_TEXT && strcmp(responder->text, "false") == 0;
        not_responders += is_none;
        first_responders += !is_none && r->group <= 1;
        if (!r->id || !r->heartbeat_ms || r->alarm_heartbeat_ms <= r->heartbeat_ms)
            continue;
        const struct node *at = find_entry(root, "receivers", i, "alarm_heartbeat");
        char path[FILL_PATH_SIZE];
        snprintf(path, sizeof path, "receivers.%s.alarm_heartbeat", r->id);
        problems_add(fill->problems, at->line, at->column, path,
                     "is longer than heartbeat: while an alarm is open it must not be proven less "
                     "often");
    }
    const struct node *list = fill_find(root, "receivers");
    if (config->receiver_count > 0 && not_responders == config->receiver_count)
        problems_add(fill->problems, list->line, list->column, "receivers",
                     "none is a responder: the lamp could never say that help was reached "
                     "(responder: true on the police)");
    else if (config->receiver_count > 0 && first_responders == 0)
        problems_add(fill->problems, list->line, list->column, "receivers",
                     "no responder is in group 1: nobody would be asked for help at once");
}

static void check_position(struct fill *fill, const struct node *root)
{
    const struct node *site = fill_find(root, "site");
    const struct node *latitude = fill_find(site, "latitude");
    const struct node *longitude = fill_find(site, "longitude");
    if (latitude && !longitude)
        problems_add(fill->problems, latitude->line, latitude->column, "site.latitude",
                     "stands without longitude: give both or neither");
    if (longitude && !latitude)
        problems_add(fill->problems, longitude->line, longitude->column, "site.longitude",
                     "stands without latitude: give both or neither");
}

void cross_check(struct fill *fill, const struct node *root, const struct config *config)
{
    check_position(fill, root);
    check_cameras(fill, root, config);
    check_receivers(fill, root, config);
    check_kinds(fill, root, config);
    check_gestures(fill, root, config);
    check_outputs(fill, root, config);
}

static void note_site(struct fill *fill, const struct node *root, const struct config_site *site)
{
    const struct node *map = fill_find(root, "site");
    const struct node *id = fill_find(map, "id");
    if (strlen(site->id) != 20 || strspn(site->id, "0123456789") != 20)
        problems_note(fill->problems, id->line, id->column, "site.id",
                      "is no 20-digit GB/T 28181 code; agree on it with who receives the alarms");
    if (site->latitude == 0 && site->longitude == 0)
        problems_note(fill->problems, map->line, map->column, "site",
                      "has no latitude and longitude: alarms come without a point on the map");
}

static bool is_named(const struct config *config, const char *camera)
{
    for (size_t i = 0; i < config->input_count; i++) {
        const struct option_list *names = &config->inputs[i].cameras;
        for (size_t j = 0; j < names->count; j++) {
            if (strcmp(names->items[j], camera) == 0)
                return true;
        }
    }
    return false;
}

static void note_cameras(struct fill *fill, const struct node *root, const struct config *config)
{
    char path[FILL_PATH_SIZE];
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct node *at = find_entry(root, "cameras", i, "id");
        snprintf(path, sizeof path, "cameras.%s", config->cameras[i].id);
        if (!is_named(config, config->cameras[i].id))
            problems_note(fill->problems, at->line, at->column, path,
                          "no input names this camera: no alarm will have a clip of it");
    }
    for (size_t i = 0; i < config->input_count && config->camera_count > 0; i++) {
        const struct config_input *input = &config->inputs[i];
        const struct node *at = find_entry(root, "inputs", i, "id");
        snprintf(path, sizeof path, "inputs.%s", input->id);
        if (input->cameras.count == 0 && input->kind < CONFIG_INPUT_TEST)
            problems_note(fill->problems, at->line, at->column, path,
                          "names no camera: its alarms will have no clip");
    }
}

static void note_inputs(struct fill *fill, const struct node *root, const struct config *config)
{
    const struct node *list = fill_find(root, "inputs");
    size_t buttons = 0;
    for (size_t i = 0; i < config->input_count; i++)
        buttons += config->inputs[i].kind < CONFIG_INPUT_TEST;
    if (buttons == 0)
        problems_note(fill->problems, list->line, list->column, "inputs",
                      "none is a button for help: no press can raise an alarm");
}

/* A simulated part in a school would be a lie that nobody sees. */
static void note_simulated(struct fill *fill, const struct config_driver *driver,
                           const struct config_place *at, const char *section, const char *id)
{
    char path[FILL_PATH_SIZE];
    snprintf(path, sizeof path, "%s.%s", section, id);
    if (driver->type && strncmp(driver->type->name, "sim", 3) == 0)
        problems_note(fill->problems, at->line, at->column, path,
                      "is simulated (driver: sim): nothing real is behind it");
}

void cross_note(struct fill *fill, const struct node *root, const struct config *config)
{
    note_site(fill, root, &config->site);
    note_cameras(fill, root, config);
    note_inputs(fill, root, config);
    for (size_t i = 0; i < config->input_count; i++)
        note_simulated(fill, &config->inputs[i].driver, &config->inputs[i].at, "inputs",
                       config->inputs[i].id);
    for (size_t i = 0; i < config->receiver_count; i++)
        note_simulated(fill, &config->receivers[i].driver, &config->receivers[i].at, "receivers",
                       config->receivers[i].id);
    for (size_t i = 0; i < config->indicator_count; i++)
        note_simulated(fill, &config->indicators[i].driver, &config->indicators[i].at, "lamps",
                       config->indicators[i].id);
    for (size_t i = 0; i < config->output_count; i++)
        note_simulated(fill, &config->outputs[i].driver, &config->outputs[i].at, "outputs",
                       config->outputs[i].id);
    if (config->indicator_count == 0)
        problems_note(fill->problems, root->line, root->column, "lamps",
                      "there is none: nobody at the gate will see whether help was reached");
}
