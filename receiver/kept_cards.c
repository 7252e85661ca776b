/* SPDX-License-Identifier: Apache-2.0 */
#include "kept_cards.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept_card {
    struct kept_card *next;
    char key[KEPT_KEY_SIZE];
    char *text;
    bool is_shown; /* since the last sweep */
};

void kept_key(const char *source, const char *alarm, char ret_key[KEPT_KEY_SIZE])
{
    snprintf(ret_key, KEPT_KEY_SIZE, "%s %s", alarm, source);
}

/* FNV-1a. */
static struct kept_card **row_of(struct kept_cards *kept, const char *key)
{
    uint32_t hash = 2166136261;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619;
    return &kept->rows[hash % KEPT_ROWS];
}

/* Where it is pointed to, or would be. */
static struct kept_card **place_of(struct kept_cards *kept, const char *key)
{
    struct kept_card **at = row_of(kept, key);
    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

static void drop(struct kept_card **at)
{
    struct kept_card *card = *at;
    *at = card->next;
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
        struct kept_card **at = place_of(kept, changes->keys[i]);
        if (*at)
            drop(at);
    }
    changes->count = 0;
}

const char *kept_find(struct kept_cards *kept, const char *key)
{
    struct kept_card *card = *place_of(kept, key);
    if (!card)
        return NULL;
    card->is_shown = true;
    return card->text;
}

const char *kept_put(struct kept_cards *kept, const char *key, char *text)
{
    struct kept_card *card = calloc(1, sizeof *card), **row = row_of(kept, key);
    if (!card)
        abort();
    *card = (struct kept_card){.next = *row, .text = text, .is_shown = true};
    snprintf(card->key, sizeof card->key, "%s", key);
    *row = card;
    return text;
}

void kept_sweep(struct kept_cards *kept)
{
    for (size_t i = 0; i < KEPT_ROWS; i++) {
        for (struct kept_card **at = &kept->rows[i]; *at;) {
            if (!(*at)->is_shown) {
                drop(at);
                continue;
            }
            (*at)->is_shown = false;
            at = &(*at)->next;
        }
    }
}

void kept_finish(struct kept_cards *kept)
{
    for (size_t i = 0; i < KEPT_ROWS; i++) {
        while (kept->rows[i])
            drop(&kept->rows[i]);
    }
}
