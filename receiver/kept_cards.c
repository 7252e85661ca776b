/* SPDX-License-Identifier: Apache-2.0 */
#include "kept_cards.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept_card {
    LIST_ENTRY(kept_card) next;
    char key[KEPT_KEY_SIZE];
    char *text;
    bool is_shown; /* since the last sweep */
};

void kept_key(const char *source, const char *alarm, char ret_key[KEPT_KEY_SIZE])
{
    snprintf(ret_key, KEPT_KEY_SIZE, "%s %s", alarm, source);
}

/* FNV-1a. */
static struct kept_row *row_of(struct kept_cards *kept, const char *key)
{
    uint32_t hash = 2166136261;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619;
    return &kept->rows[hash % KEPT_ROWS];
}

static struct kept_card *find(struct kept_cards *kept, const char *key)
{
    struct kept_card *card = LIST_FIRST(row_of(kept, key));
    while (card && strcmp(card->key, key) != 0)
        card = LIST_NEXT(card, next);
    return card;
}

static void drop(struct kept_card *card)
{
    LIST_REMOVE(card, next);
    free(card->text);
    free(card);
}

void kept_note(struct kept_changes *changes, const char *source, const char *alarm)
{
    char key[KEPT_KEY_SIZE];
    kept_key(source, alarm, key);
    for (size_t i = 0; i < changes->count && i < KEPT_CHANGES_MAX; i++) {
        if (strcmp(changes->keys[i], key) == 0)
            return;
    }
    if (changes->count < KEPT_CHANGES_MAX)
        memcpy(changes->keys[changes->count], key, sizeof key);
    if (changes->count <= KEPT_CHANGES_MAX)
        changes->count++;
}

void kept_take_changes(struct kept_cards *kept, struct kept_changes *changes)
{
    if (changes->count > KEPT_CHANGES_MAX)
        kept_finish(kept);
    for (size_t i = 0; i < changes->count && i < KEPT_CHANGES_MAX; i++) {
        struct kept_card *card = find(kept, changes->keys[i]);
        if (card)
            drop(card);
    }
    changes->count = 0;
}

const char *kept_find(struct kept_cards *kept, const char *key)
{
    struct kept_card *card = find(kept, key);
    if (!card)
        return NULL;
    card->is_shown = true;
    return card->text;
}

const char *kept_put(struct kept_cards *kept, const char *key, char *text)
{
    struct kept_card *card = calloc(1, sizeof *card);
    if (!card)
        abort();
    *card = (struct kept_card){.text = text, .is_shown = true};
    snprintf(card->key, sizeof card->key, "%s", key);
    LIST_INSERT_HEAD(row_of(kept, key), card, next);
    return text;
}

void kept_sweep(struct kept_cards *kept)
{
    for (size_t i = 0; i < KEPT_ROWS; i++) {
        for (struct kept_card *card = LIST_FIRST(&kept->rows[i]), *next; card; card = next) {
            next = LIST_NEXT(card, next);
            if (!card->is_shown)
                drop(card);
            else
                card->is_shown = false;
        }
    }
}

void kept_finish(struct kept_cards *kept)
{
    for (size_t i = 0; i < KEPT_ROWS; i++) {
        while (!LIST_EMPTY(&kept->rows[i]))
            drop(LIST_FIRST(&kept->rows[i]));
    }
}
