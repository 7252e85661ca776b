/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/nearest.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

unsigned nearest_distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    size_t length_a = strlen(a), length_b = strlen(b);
    if (length_a > LONGEST || length_b > LONGEST)
        return UINT_MAX;
    unsigned row[LONGEST + 1];
    for (size_t j = 0; j <= length_b; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= length_a; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= length_b; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            unsigned shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < shorter ? change : shorter;
        }
    }
    return row[length_b];
}

const char *nearest_find(const char *word, const char *const *legal)
{
    const char *nearest = NULL;
    unsigned best = 1 + (unsigned)strlen(word) / 3;
    if (best > 4)
        best = 4;
    for (; *legal; legal++) {
        unsigned distance = nearest_distance(word, *legal);
        if (distance >= strlen(*legal)) /* nothing of it is there */
            continue;
        if (distance < best || (distance == best && !nearest)) {
            best = distance;
            nearest = *legal;
        }
    }
    return nearest;
}

void nearest_join(const char *const *words, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; words[i]; i++) {
        size_t more = strlen(words[i]) + (i ? 2 : 0);
        if (used + more + sizeof " …" > size) {
            snprintf(ret_text + used, size - used, " …");
            return;
        }
        used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i ? ", " : "", words[i]);
    }
}
