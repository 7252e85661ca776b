/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/secret.h"
#include "conf/source.h"
#include "conf/value.h"
#include "iface/limits.h"

const char *const scalar_suffixes[] = {
    [SCALAR_SOURCE_TEXT] = "",
    [SCALAR_SOURCE_FILE] = "_file",
    [SCALAR_SOURCE_CREDENTIAL] = "_credential",
};

static void not_legal(struct fill *fill, const struct node *node, const char *path,
                      const char *legal)
{
    char text[80];
    problems_add(fill->problems, node->line, node->column, path, "%s is not %s",
                 log_quote(text, sizeof text, node->text), legal);
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (!made)
        abort();
    return made;
}

static bool check_text(struct fill *fill, const struct option *o, const struct node *node,
                       const char *path)
{
    bool is_list = o->type == OPTION_LIST || o->type == OPTION_PATHS;
    size_t most = !is_list && o->max > 0 ? (size_t)o->max : FILL_TEXT_MAX;
    const char *text = node->text;
    if (text[0] == '\0') {
        problems_add(fill->problems, node->line, node->column, path, "must not be empty");
        return false;
    }
    int line, column;
    if (source_check(text, strlen(text), &line, &column) || strpbrk(text, "\t\r\n")) {
        problems_add(fill->problems, node->line, node->column, path,
                     "must be one line of text without control characters");
        return false;
    }
    if (strlen(text) <= most)
        return true;
    bool is_ascii = true;
    for (const char *p = text; *p; p++)
        is_ascii = is_ascii && !(*p & 0x80);
    problems_add(fill->problems, node->line, node->column, path,
                 "is %zu bytes long (%zu at the most%s)", strlen(text), most,
                 is_ascii ? "" : "; a Chinese character takes 3");
    return false;
}

static char *make_absolute(const struct fill *fill, const char *text)
{
    char *made;
    if (text[0] == '/')
        return copy(text);
    if (asprintf(&made, "%s/%s", strcmp(fill->folder, "/") == 0 ? "" : fill->folder, text) < 0)
        abort();
    return made;
}

static void check_file(struct fill *fill, const struct option *o, const struct node *node,
                       const char *path, const char *file)
{
    struct stat st;
    if (stat(file, &st) != 0 || access(file, R_OK) != 0)
        problems_add(fill->problems, node->line, node->column, path, "%s: %s", file,
                     strerror(errno));
    else if (!S_ISREG(st.st_mode))
        problems_add(fill->problems, node->line, node->column, path, "%s: is no file", file);
    else if (o->file == OPTION_FILE_PRIVATE && (st.st_mode & S_IRWXO))
        problems_add(fill->problems, node->line, node->column, path,
                     "%s: others may read this private key: chmod 0640 %s", file, file);
}

char *scalar_copy(struct fill *fill, const struct option *o, const struct node *node,
                  const char *path)
{
    if (!check_text(fill, o, node, path))
        return NULL;
    if (o->type != OPTION_PATH && o->type != OPTION_PATHS)
        return copy(node->text);
    size_t most = o->type == OPTION_PATH && o->max > 0 ? (size_t)o->max : PATH_MAX - 1;
    char *file = make_absolute(fill, node->text);
    if (strlen(file) > most) {
        problems_add(fill->problems, node->line, node->column, path,
                     "%s is %zu bytes long (%zu at the most)", file, strlen(file), most);
        free(file);
        return NULL;
    }
    if (fill->check_files && o->file != OPTION_FILE_NONE)
        check_file(fill, o, node, path, file);
    return file;
}

static void fill_number(struct fill *fill, const struct option *o, const struct node *node,
                        const char *path, void *member)
{
    int64_t number = 0;
    char low[32], high[32];
    const char *legal;
    int result;
    if (o->type == OPTION_DURATION) {
        legal = "a duration with its unit (250ms, 30s, 5min, 2h, 7d)";
        result = value_duration(node->text, &number);
        value_format_duration(o->min, low, sizeof low);
        value_format_duration(o->max, high, sizeof high);
    } else if (o->type == OPTION_SIZE) {
        legal = "a size (4096, 64KiB, 8MiB, 2GiB)";
        result = value_size(node->text, &number);
        value_format_size(o->min, low, sizeof low);
        value_format_size(o->max, high, sizeof high);
    } else {
        legal = "a whole number";
        result = value_int(node->text, &number);
        snprintf(low, sizeof low, "%" PRId64, o->min);
        snprintf(high, sizeof high, "%" PRId64, o->max);
    }
    if (result == -EINVAL)
        not_legal(fill, node, path, legal);
    else if (result != 0 || number < o->min || number > o->max)
        problems_add(fill->problems, node->line, node->column, path,
                     "%.40s is out of range (%s to %s)", node->text, low, high);
    else
        memcpy(member, &number, sizeof number);
}

static void fill_decimal(struct fill *fill, const struct option *o, const struct node *node,
                         const char *path, void *member)
{
    double number;
    if (value_decimal(node->text, &number) != 0)
        not_legal(fill, node, path, "a number (31.2304)");
    else if (number < (double)o->min || number > (double)o->max)
        problems_add(fill->problems, node->line, node->column, path,
                     "%.40s is out of range (%" PRId64 " to %" PRId64 ")", node->text, o->min,
                     o->max);
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

static void check_id(struct fill *fill, const struct node *node, const char *path)
{
    char quoted[100];
    if (node->text[0] && !value_is_id(node->text))
        problems_add(fill->problems, node->line, node->column, path,
                     "%s is no id: it begins with a letter or digit and holds letters (a-z, A-Z), "
                     "digits, '-', '_' and '.', %d at the most; names in Chinese go with name:",
                     log_quote(quoted, sizeof quoted, node->text), LIMIT_ID_BYTES);
}

void scalar_fill(struct fill *fill, const struct option *o, const struct node *node,
                 const char *path, void *member)
{
    switch (o->type) {
    case OPTION_ID:
        check_id(fill, node, path);
        *(char **)member = scalar_copy(fill, o, node, path);
        break;
    case OPTION_STRING:
    case OPTION_PATH:
        *(char **)member = scalar_copy(fill, o, node, path);
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
    case OPTION_SECRET:
        scalar_fill_secret(fill, o, node, path, SCALAR_SOURCE_TEXT, member);
        break;
    case OPTION_CHOICES:
    case OPTION_LIST:
    case OPTION_PATHS:
        break;
    }
}

static char *name_credential(struct fill *fill, const struct node *node, const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char *file = NULL;
    if (strchr(node->text, '/'))
        problems_add(fill->problems, node->line, node->column, path,
                     "is the name of a systemd credential, not a path (a path goes with _file)");
    else if (folder && asprintf(&file, "%s/%s", folder, node->text) < 0)
        abort();
    else if (!folder && fill->check_files)
        problems_note(fill->problems, node->line, node->column, path,
                      "not looked at: systemd shows credentials to the service alone");
    else if (!folder)
        problems_add(fill->problems, node->line, node->column, path,
                     "systemd has handed over no credential: put LoadCredential=%s:/path/of/secret "
                     "into the service's unit",
                     node->text);
    return file;
}

/* From its file: now, or later if the program says that it may wait. */
static void take_file(struct fill *fill, const struct option *o, const struct node *node,
                      const char *path, const char *file, void *member)
{
    struct err e;
    char *secret;
    if (secret_read(file, &secret, &e) == 0)
        secret_set(member, secret);
    else if (fill->late)
        secret_put_off(fill->late, o, file, e.text);
    else
        problems_add(fill->problems, node->line, node->column, path, "%s", e.text);
}

void scalar_fill_secret(struct fill *fill, const struct option *o, const struct node *node,
                        const char *path, enum scalar_source source, void *member)
{
    char *file = NULL;
    if (!check_text(fill, o, node, path))
        return;
    switch (source) {
    case SCALAR_SOURCE_TEXT:
        if (fill->readable_by_others)
            problems_add(fill->problems, node->line, node->column, path,
                         "a secret in a file that others may read: chmod 0640 %s, or put the "
                         "secret into a file of its own and name that with %s_file:",
                         fill->problems->file, o->key);
        else
            secret_set(member, copy(node->text));
        return;
    case SCALAR_SOURCE_FILE:
        file = make_absolute(fill, node->text);
        break;
    case SCALAR_SOURCE_CREDENTIAL:
        file = name_credential(fill, node, path);
        break;
    }
    if (file)
        take_file(fill, o, node, path, file, member);
    free(file);
}
