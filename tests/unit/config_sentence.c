/* SPDX-License-Identifier: Apache-2.0 */
#include "config_sentence.h"

#include <inttypes.h>
#include <stdio.h>

#include "conf/nearest.h"
#include "conf/value.h"

static void describe(const struct option *o, char *ret_text, size_t size)
{
    char low[40], high[40];
    switch (o->type) {
    case OPTION_ID:
    case OPTION_STRING:
        snprintf(ret_text, size, "text");
        break;
    case OPTION_PATH:
        snprintf(ret_text, size, "path");
        break;
    case OPTION_BOOL:
        snprintf(ret_text, size, "true or false");
        break;
    case OPTION_INT:
    case OPTION_DECIMAL:
        snprintf(ret_text, size, "%" PRId64 " to %" PRId64, o->min, o->max);
        break;
    case OPTION_DURATION:
        value_format_duration(o->min, low, sizeof low);
        value_format_duration(o->max, high, sizeof high);
        snprintf(ret_text, size, "%s to %s", low, high);
        break;
    case OPTION_SIZE:
        value_format_size(o->min, low, sizeof low);
        value_format_size(o->max, high, sizeof high);
        snprintf(ret_text, size, "%s to %s", low, high);
        break;
    case OPTION_CHOICE:
        nearest_join(o->choices, ret_text, size);
        break;
    case OPTION_CHOICES: {
        char words[160];
        nearest_join(o->choices, words, sizeof words);
        snprintf(ret_text, size, "list of: %s", words);
        break;
    }
    case OPTION_LIST:
        snprintf(ret_text, size, "list of up to %" PRId64, o->max);
        break;
    case OPTION_PATHS:
        snprintf(ret_text, size, "list of up to %" PRId64 " paths", o->max);
        break;
    case OPTION_SECRET:
        snprintf(ret_text, size, "secret: %s, %s_file or %s_credential", o->key, o->key, o->key);
        break;
    }
}

void config_sentence(const struct option *o, char *ret_text, size_t size)
{
    char legal[200];
    describe(o, legal, sizeof legal);
    snprintf(ret_text, size, "%s [%s; %s%s]", o->help, legal,
             o->required   ? "required"
             : o->fallback ? "default "
                           : "optional",
             o->fallback ? o->fallback : "");
}
