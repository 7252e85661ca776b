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

static bool drivers_are_equal(const struct config_driver *x, const struct config_driver *y)
{
    if (!x || (!x->type && !y->type))
        return !x || x->unknown == y->unknown;
    return x->type == y->type && tables_are_equal(x->type->options, x->options, y->options);
}

bool section_items_are_same(const struct section *section, const void *a, const void *b)
{
    const struct filled x = {.section = section, .count = 1, .items = (char *)a},
                        y = {.section = section, .count = 1, .items = (char *)b};
    return tables_are_equal(section->options, a, b) &&
           drivers_are_equal(filled_driver(&x, 0), filled_driver(&y, 0));
}

/* Whether anything differs; in `ret_own` whether that is a key of the section itself. */
static bool differ(const struct filled *a, const struct filled *b, bool *ret_own)
{
    bool drivers = false;
    *ret_own = a->count != b->count;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        *ret_own = *ret_own ||
                   !tables_are_equal(a->section->options, filled_item(a, i), filled_item(b, i));
        drivers = drivers || !drivers_are_equal(filled_driver(a, i), filled_driver(b, i));
    }
    return *ret_own || drivers;
}

size_t conf_changed(const struct conf *before, const struct conf *after,
                    struct conf_change *ret_changes)
{
    size_t changed = 0;
    bool own;
    assert(before->count == after->count);
    for (size_t i = 0; i < before->count; i++) {
        const struct section *section = before->sections[i].section;
        assert(section == after->sections[i].section);
        if (differ(&before->sections[i], &after->sections[i], &own))
            ret_changes[changed++] = (struct conf_change){section, own};
    }
    return changed;
}
