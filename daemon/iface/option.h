/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of options: how a driver, or a section of the configuration, says which keys it takes.
 *
 * The configuration loader walks the table, checks what the file says against it and fills a struct
 * of the table's owner at the given offsets. The struct and every string in it belong to the loader
 * (struct config) and live until the configuration is destroyed; drivers borrow them until their
 * `close` has returned. Tables are constant data, readable from everywhere.
 */
#ifndef TOCSIN_IFACE_OPTION_H
#define TOCSIN_IFACE_OPTION_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum option_type {
    OPTION_ID, /* char *; letters, digits, '-', '_' and '.', beginning with one of the first two:
                  a name of files, messages and arguments */
    OPTION_STRING,   /* char *; NULL when optional and absent */
    OPTION_BOOL,     /* bool */
    OPTION_INT,      /* int64_t, in [min, max] */
    OPTION_DECIMAL,  /* double, in [min, max] */
    OPTION_DURATION, /* int64_t in ms, in [min, max] ms; written "250ms", "30s", "5min", "2h", "7d"
                      */
    OPTION_SIZE,     /* int64_t in bytes; written "64KiB", "8MiB", "2GiB" or plain bytes */
    OPTION_CHOICE,   /* an enum, whose value is the index into `choices`; see OPTION_ENUM */
    OPTION_CHOICES,  /* uint32_t, a bit for each index into `choices` */
    OPTION_LIST,     /* struct option_list of strings */
    OPTION_PATH,     /* char *; absolute, or made absolute from the file's own folder */
    OPTION_PATHS,    /* struct option_list of such paths */
    OPTION_SECRET,   /* char *; the key KEY takes the text, KEY_file a path whose first line it is,
                        KEY_credential the name of a systemd credential. The text itself is refused
                        in a file that others may read. */
};

struct option_list {
    size_t count;
    char **items;
};

/* Which of them `text` is; their count if it is none. */
static inline size_t option_list_find(const struct option_list *list, const char *text)
{
    size_t i = 0;
    while (i < list->count && strcmp(list->items[i], text) != 0)
        i++;
    return i;
}

enum option_file {
    OPTION_FILE_NONE,    /* a folder, a socket, a file that will be made */
    OPTION_FILE_READ,    /* a file that the driver reads */
    OPTION_FILE_PRIVATE, /* likewise, and others must not be able to read it */
};

struct option {
    const char *key;
    enum option_type type;
    size_t offset;        /* of the member in the owner's struct */
    const char *fallback; /* the default as one would write it; NULL: absent means zero / NULL */
    int required;         /* nonzero: an absent key is an error */
    int64_t min;          /* INT, DECIMAL, DURATION (ms), SIZE (bytes); LIST, PATHS: item count */
    int64_t max;          /* and STRING, PATH, SECRET: longest in bytes (0: 512, for paths 4095) */
    const char *const *choices; /* CHOICE, CHOICES: NULL-terminated */
    const char *refers;         /* STRING, LIST: the list section whose entries it names by id */
    const char *help;           /* one sentence; it names the measure (ms, MiB) */
    enum option_file file;      /* PATH, PATHS: what tocsin check looks for */
};

/*
 * An option whose member is of an enum type: its words, in the order of the enum, are the choices.
 * The loader writes the member as an int, which is what the assertion is for; a C compiler may make
 * an enum smaller (-fshort-enums).
 */
#define OPTION_ENUM(struct_, member_, words_)                                                      \
    .type = OPTION_CHOICE, .choices = (words_),                                                    \
    .offset = offsetof(struct_, member_) +                                                         \
              0 * sizeof(struct {                                                                  \
                  static_assert(sizeof(((struct_ *)0)->member_) == sizeof(int),                    \
                                "a choice is of an enum type");                                    \
                  int unused;                                                                      \
              })

#define OPTION_TABLE_END                                                                           \
    {                                                                                              \
        .key = NULL                                                                                \
    }

#endif
