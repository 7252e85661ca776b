/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "conf/filled.h"

static bool texts_are_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool lists_are_equal(const struct option_list *a, const struct option_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

static bool members_are_equal(enum option_type type, const void *a, const void *b)
{
    switch (type) {
    case OPTION_ID:
    case OPTION_STRING:
    case OPTION_PATH:
    case OPTION_SECRET:
        return texts_are_equal(*(char *const *)a, *(char *const *)b);
    case OPTION_LIST:
    case OPTION_PATHS:
        return lists_are_equal(a, b);
    case OPTION_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case OPTION_DECIMAL:
        return *(const double *)a == *(const double *)b;
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_SIZE:
        return *(const int64_t *)a == *(const int64_t *)b;
    case OPTION_CHOICE:
        return memcmp(a, b, sizeof(int)) == 0;
    case OPTION_CHOICES:
        return *(const uint32_t *)a == *(const uint32_t *)b;
    }
    return false;
}

static bool tables_are_equal(const struct option *table, const void *a, const void *b)
{
    for (const struct option *o = table; o && o->key; o++) {
        if (!members_are_equal(o->type, (const char *)a + o->offset, (const char *)b + o->offset))
            return false;
    }
    return true;
}

static bool entries_are_equal(const struct filled *a, const struct filled *b, size_t index)
{
    const struct config_driver *x = filled_driver(a, index), *y = filled_driver(b, index);
    if (!tables_are_equal(a->section->options, filled_item(a, index), filled_item(b, index)))
        return false;
    if (!x || (!x->type && !y->type))
        return true;
    return x->type == y->type && tables_are_equal(x->type->options, x->options, y->options);
}

static bool are_equal(const struct filled *a, const struct filled *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!entries_are_equal(a, b, i))
            return false;
    }
    return true;
}

size_t conf_changed(const struct conf *before, const struct conf *after, const char **ret_names)
{
    size_t changed = 0;
    assert(before->count == after->count);
    for (size_t i = 0; i < before->count; i++) {
        assert(before->sections[i].section == after->sections[i].section);
        if (!are_equal(&before->sections[i], &after->sections[i]))
            ret_names[changed++] = before->sections[i].section->name;
    }
    return changed;
}
