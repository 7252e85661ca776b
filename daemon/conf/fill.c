/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/fill.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "base/log.h"
#include "conf/value.h"

#define PATH_TEXT_MAX 160
#define KEYS_MAX      64

const struct node *fill_find(const struct node *map, const char *key)
{
    for (size_t i = 0; map && i < map->count; i++) {
        if (strcmp(map->pairs[i].key->text, key) == 0)
            return map->pairs[i].value;
    }
    return NULL;
}

static const char *type_name(enum node_type type)
{
    switch (type) {
    case NODE_TEXT:
        return "a single value";
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a map";
    }
    return "";
}

static void wrong_type(struct fill *fill, const struct node *node, const char *path,
                       const char *legal)
{
    problems_add(fill->problems, node->line, node->column, path, "is %s, but must be %s",
                 type_name(node->type), legal);
}

static void not_legal(struct fill *fill, const struct node *node, const char *path,
                      const char *legal)
{
    char text[80];
    problems_add(fill->problems, node->line, node->column, path, "%s is not %s",
                 log_quote(text, sizeof text, node->text), legal);
}

void fill_unknown(struct fill *fill, const struct node *at, const char *path, const char *what,
                  const char *const *legal)
{
    char quoted[80], list[400] = "";
    const char *nearest = NULL;
    unsigned best = UINT_MAX;
    size_t used = 0;
    for (size_t i = 0; legal[i]; i++) {
        unsigned distance = value_distance(at->text, legal[i]);
        if (distance < best) {
            best = distance;
            nearest = legal[i];
        }
        int more = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", legal[i]);
        used += more > 0 && used + (size_t)more < sizeof list ? (size_t)more : 0;
    }
    log_quote(quoted, sizeof quoted, at->text);
    if (nearest && best <= 1 + strlen(at->text) / 3)
        problems_add(fill->problems, at->line, at->column, path,
                     "%s is no %s that is known here (nearest: \"%s\"; legal: %s)", quoted, what,
                     nearest, list);
    else
        problems_add(fill->problems, at->line, at->column, path,
                     "%s is no %s that is known here (legal: %s)", quoted, what, list);
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (!made)
        abort();
    return made;
}

static char *make_absolute(const struct fill *fill, const char *text)
{
    char *made;
    if (text[0] == '/')
        return copy(text);
    if (asprintf(&made, "%s/%s", fill->folder, text) < 0)
        abort();
    return made;
}

static void fill_number(struct fill *fill, const struct option *o, const struct node *node,
                        const char *path, void *member)
{
    int64_t number = 0;
    char low[32], high[32];
    int result;
    if (o->type == OPTION_DURATION) {
        result = value_duration(node->text, &number);
        value_format_duration(o->min, low, sizeof low);
        value_format_duration(o->max, high, sizeof high);
    } else if (o->type == OPTION_SIZE) {
        result = value_size(node->text, &number);
        value_format_size(o->min, low, sizeof low);
        value_format_size(o->max, high, sizeof high);
    } else {
        result = value_int(node->text, &number);
        snprintf(low, sizeof low, "%" PRId64, o->min);
        snprintf(high, sizeof high, "%" PRId64, o->max);
    }
    if (result != 0) {
        static const char *const legal[] = {
            [OPTION_INT] = "a whole number",
            [OPTION_DURATION] = "a duration (250ms, 30s, 5min, 2h, 7d)",
            [OPTION_SIZE] = "a size (4096, 64KiB, 8MiB, 2GiB)",
        };
        not_legal(fill, node, path, legal[o->type]);
    } else if (number < o->min || number > o->max) {
        problems_add(fill->problems, node->line, node->column, path,
                     "%s is out of range (%s to %s)", node->text, low, high);
    } else {
        memcpy(member, &number, sizeof number);
    }
}

static void fill_decimal(struct fill *fill, const struct option *o, const struct node *node,
                         const char *path, void *member)
{
    double number;
    if (value_decimal(node->text, &number) != 0)
        not_legal(fill, node, path, "a number (31.2304)");
    else if (number < (double)o->min || number > (double)o->max)
        problems_add(fill->problems, node->line, node->column, path,
                     "%s is out of range (%" PRId64 " to %" PRId64 ")", node->text, o->min, o->max);
    else
        memcpy(member, &number, sizeof number);
}

static void fill_choice(struct fill *fill, const struct option *o, const struct node *node,
                        const char *path, void *member)
{
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], node->text) == 0) {
            memcpy(member, &i, sizeof i);
            return;
        }
    }
    fill_unknown(fill, node, path, "value", o->choices);
}

static void fill_list(struct fill *fill, const struct option *o, const struct node *node,
                      const char *path, void *member)
{
    struct option_list *list = member;
    if (node->type != NODE_LIST) {
        wrong_type(fill, node, path, "a list: [a, b]");
        return;
    }
    if ((int64_t)node->count < o->min || (int64_t)node->count > o->max) {
        problems_add(fill->problems, node->line, node->column, path,
                     "holds %zu entries (%" PRId64 " to %" PRId64 " are legal)", node->count,
                     o->min, o->max);
        return;
    }
    list->items = calloc(node->count + 1, sizeof *list->items);
    if (!list->items)
        abort();
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->type != NODE_TEXT) {
            wrong_type(fill, node->items[i], path, "a single value");
            continue;
        }
        const char *text = node->items[i]->text;
        list->items[list->count++] =
            o->type == OPTION_PATHS ? make_absolute(fill, text) : copy(text);
    }
}

static void fill_option(struct fill *fill, const struct option *o, const struct node *node,
                        const char *path, void *target)
{
    void *member = (char *)target + o->offset;
    bool wants_list = o->type == OPTION_LIST || o->type == OPTION_PATHS;
    if (!wants_list && node->type != NODE_TEXT) {
        wrong_type(fill, node, path, "a single value");
        return;
    }
    if (!wants_list && !node->quoted && node->text[0] == '\0') {
        problems_add(fill->problems, node->line, node->column, path,
                     "has no value (take the line out, or give one)");
        return;
    }
    switch (o->type) {
    case OPTION_STRING:
        if (node->text[0] == '\0')
            problems_add(fill->problems, node->line, node->column, path, "must not be empty");
        else
            *(char **)member = copy(node->text);
        break;
    case OPTION_PATH:
        *(char **)member = make_absolute(fill, node->text);
        break;
    case OPTION_BOOL:
        if (value_bool(node->text, member) != 0)
            not_legal(fill, node, path, "true or false");
        break;
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_SIZE:
        fill_number(fill, o, node, path, member);
        break;
    case OPTION_DECIMAL:
        fill_decimal(fill, o, node, path, member);
        break;
    case OPTION_CHOICE:
        fill_choice(fill, o, node, path, member);
        break;
    case OPTION_LIST:
    case OPTION_PATHS:
        fill_list(fill, o, node, path, member);
        break;
    case OPTION_SECRET:
        if (fill->readable_by_others)
            problems_add(fill->problems, node->line, node->column, path,
                         "a secret in a file that others may read: chmod 0640 the file, or put it "
                         "into a file of its own and name that with %s_file:",
                         o->key);
        else
            *(char **)member = copy(node->text);
        break;
    }
}

/* KEY_file: the first line of that file; KEY_credential: of that systemd credential. */
static void fill_secret_from(struct fill *fill, const struct option *o, const struct node *node,
                             const char *path, bool credential, void *target)
{
    if (node->type != NODE_TEXT || node->text[0] == '\0') {
        wrong_type(fill, node, path, credential ? "a credential's name" : "a path");
        return;
    }
    char *file;
    if (credential) {
        const char *folder = getenv("CREDENTIALS_DIRECTORY");
        if (!folder || strchr(node->text, '/')) {
            problems_add(fill->problems, node->line, node->column, path,
                         "no such credential: add LoadCredential=%.60s:/path to the unit",
                         node->text);
            return;
        }
        if (asprintf(&file, "%s/%s", folder, node->text) < 0)
            abort();
    } else {
        file = make_absolute(fill, node->text);
    }
    struct err e;
    char *text;
    if (atomic_file_read(file, 4096, &text, NULL, &e) != 0) {
        problems_add(fill->problems, node->line, node->column, path, "%s", e.text);
    } else {
        text[strcspn(text, "\r\n")] = '\0';
        if (text[0] == '\0') {
            problems_add(fill->problems, node->line, node->column, path,
                         "%s: its first line is empty", file);
            free(text);
        } else {
            char **member = (char **)((char *)target + o->offset);
            free(*member);
            *member = text;
        }
    }
    free(file);
}

/* Which option of which table `key` means; sets *ret_from to 0 (itself), 1 (_file), 2
 * (_credential). */
static const struct option *match(const struct fill_target *targets, size_t count, const char *key,
                                  void **ret_target, int *ret_from)
{
    static const char *const suffixes[] = {"", "_file", "_credential"};
    for (size_t t = 0; t < count; t++) {
        for (const struct option *o = targets[t].table; o && o->key; o++) {
            size_t length = strlen(o->key);
            if (strncmp(o->key, key, length) != 0)
                continue;
            int last = o->type == OPTION_SECRET ? 2 : 0;
            for (int from = 0; from <= last; from++) {
                if (strcmp(key + length, suffixes[from]) == 0) {
                    *ret_target = targets[t].target;
                    *ret_from = from;
                    return o;
                }
            }
        }
    }
    return NULL;
}

static void fill_pair(struct fill *fill, const struct node_pair *pair, const char *path,
                      const struct fill_target *targets, size_t target_count, bool lenient)
{
    char inner[PATH_TEXT_MAX];
    void *target;
    int from;
    const struct option *o = match(targets, target_count, pair->key->text, &target, &from);
    if (!o) {
        if (lenient)
            return;
        const char *legal[KEYS_MAX + 1];
        size_t count = 0;
        for (size_t t = 0; t < target_count; t++) {
            for (const struct option *k = targets[t].table; k && k->key && count < KEYS_MAX; k++)
                legal[count++] = k->key;
        }
        legal[count] = NULL;
        fill_unknown(fill, pair->key, path, "key", legal);
        return;
    }
    snprintf(inner, sizeof inner, "%s.%s", path, pair->key->text);
    if (from == 0)
        fill_option(fill, o, pair->value, inner, target);
    else
        fill_secret_from(fill, o, pair->value, inner, from == 2, target);
}

static bool is_given(const struct node *map, const struct option *o)
{
    char key[80];
    if (fill_find(map, o->key))
        return true;
    if (o->type != OPTION_SECRET)
        return false;
    snprintf(key, sizeof key, "%s_file", o->key);
    if (fill_find(map, key))
        return true;
    snprintf(key, sizeof key, "%s_credential", o->key);
    return fill_find(map, key) != NULL;
}

static void fill_default(struct fill *fill, const struct option *o, const char *path, int line,
                         int column, void *target)
{
    if (o->required) {
        problems_add(fill->problems, line, column, path, "%s: is missing: %s", o->key, o->help);
    } else if (o->fallback) {
        struct node node = {.type = NODE_TEXT,
                            .line = line,
                            .column = column,
                            .quoted = true,
                            .text = (char *)o->fallback};
        fill_option(fill, o, &node, path, target);
    }
}

void fill_map(struct fill *fill, const struct node *map, const char *path, int line, int column,
              const struct fill_target *targets, size_t target_count, bool lenient)
{
    if (map && map->type != NODE_MAP) {
        wrong_type(fill, map, path, "a map of keys and values");
        return;
    }
    for (size_t i = 0; map && i < map->count; i++)
        fill_pair(fill, &map->pairs[i], path, targets, target_count, lenient);
    for (size_t t = 0; t < target_count; t++) {
        for (const struct option *o = targets[t].table; o && o->key; o++) {
            if (!is_given(map, o))
                fill_default(fill, o, path, line, column, targets[t].target);
        }
    }
}

void fill_free(const struct option *table, void *target)
{
    for (const struct option *o = table; o && o->key && target; o++) {
        void *member = (char *)target + o->offset;
        switch (o->type) {
        case OPTION_SECRET:
            if (*(char **)member)
                explicit_bzero(*(char **)member, strlen(*(char **)member));
            free(*(char **)member);
            break;
        case OPTION_STRING:
        case OPTION_PATH:
            free(*(char **)member);
            break;
        case OPTION_LIST:
        case OPTION_PATHS: {
            struct option_list *list = member;
            for (size_t i = 0; i < list->count; i++)
                free(list->items[i]);
            free(list->items);
            break;
        }
        case OPTION_BOOL:
        case OPTION_INT:
        case OPTION_DECIMAL:
        case OPTION_DURATION:
        case OPTION_SIZE:
        case OPTION_CHOICE:
            break;
        }
    }
}
