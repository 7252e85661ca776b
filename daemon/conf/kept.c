/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/kept.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "base/keyed_hash.h"
#include "iface/limits.h"

#define MARK      "# kept by tocsin, sum "
#define SUM_SIZE  17
#define FILE_MOST (LIMIT_FILE_BYTES + sizeof MARK + SUM_SIZE + PATH_MAX)

/* Against what a disk does, not against people: the key is nobody's secret. */
static void sum_up(const char *folder, const char *bytes, size_t length, char ret_sum[SUM_SIZE])
{
    static const unsigned char key[KEYED_HASH_KEY_BYTES] = "kept by tocsin";
    const uint64_t both[2] = {keyed_hash(key, folder, strlen(folder)),
                              keyed_hash(key, bytes, length)};
    snprintf(ret_sum, SUM_SIZE, "%016" PRIx64, keyed_hash(key, both, sizeof both));
}

/* Whole, as it stands in the file; caller frees. */
static char *render(const struct conf_text *text, size_t *ret_length)
{
    char sum[SUM_SIZE];
    bool has_end = text->length > 0 && text->bytes[text->length - 1] == '\n';
    size_t length = text->length + !has_end,
           size = length + sizeof MARK + SUM_SIZE + strlen(text->folder) + 1;
    char *whole = malloc(size);
    if (!whole)
        abort();
    memcpy(whole, text->bytes, text->length);
    whole[length - 1] = '\n';
    sum_up(text->folder, whole, length, sum);
    *ret_length =
        length + (size_t)snprintf(whole + length, size - length, MARK "%s %s\n", sum, text->folder);
    return whole;
}

static bool is_there(const char *file, const char *whole, size_t length)
{
    struct err e;
    char *there;
    size_t there_length;
    if (atomic_file_read(file, FILE_MOST, &there, &there_length, &e) != 0)
        return false;
    bool same = there_length == length && memcmp(there, whole, length) == 0;
    explicit_bzero(there, there_length);
    free(there);
    return same;
}

int kept_write(const char *file, const struct conf_text *text, struct err *e)
{
    size_t length;
    if (strchr(text->folder, '\n'))
        return err_set(e, EINVAL, "%s: its folder's name has two lines", text->path);
    char *whole = render(text, &length);
    int result =
        is_there(file, whole, length) ? 0 : atomic_file_write(file, 0600, whole, length, e);
    explicit_bzero(whole, length);
    free(whole);
    return result;
}

/* Where the comment begins, or NULL. The text behind it has an end, which is cut off. */
static char *find_mark(char *bytes, size_t length)
{
    if (length == 0 || bytes[length - 1] != '\n' || memchr(bytes, '\0', length))
        return NULL;
    bytes[length - 1] = '\0';
    char *end = strrchr(bytes, '\n'), *mark = end ? end + 1 : NULL;
    bool is_mark = mark && strncmp(mark, MARK, strlen(MARK)) == 0 &&
                   strlen(mark) > strlen(MARK) + SUM_SIZE &&
                   mark[strlen(MARK) + SUM_SIZE - 1] == ' ';
    return is_mark ? mark : NULL;
}

int kept_read(const char *file, struct conf_text *ret_text, struct err *e)
{
    struct conf_text text = {.mode = S_IRUSR | S_IWUSR};
    char sum[SUM_SIZE] = "";
    size_t length;
    int result = atomic_file_read(file, FILE_MOST, &text.bytes, &length, e);
    if (result != 0)
        return result;
    char *mark = find_mark(text.bytes, length), *folder = mark;
    text.length = length;
    if (mark) {
        folder = mark + strlen(MARK) + SUM_SIZE;
        sum_up(folder, text.bytes, (size_t)(mark - text.bytes), sum);
    }
    if (!mark || strncmp(sum, mark + strlen(MARK), strlen(sum)) != 0) {
        conf_text_finish(&text);
        return err_set(e, EBADMSG, "%s: is not whole", file);
    }
    if (!(text.path = strdup(file)) || !(text.folder = strdup(folder)))
        abort();
    text.length = (size_t)(mark - text.bytes);
    explicit_bzero(mark, length - text.length);
    *ret_text = text;
    return 0;
}
