/* SPDX-License-Identifier: Apache-2.0 */
#include "video_parts.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test_folder.h"

char parts_folder[64];
struct message parts[VIDEO_PARTS_MAX];
size_t part_count;

void on_part(void *arg, struct message *message)
{
    (void)arg;
    ck_assert_uint_lt(part_count, VIDEO_PARTS_MAX);
    parts[part_count++] = *message;
}

void parts_begin(void)
{
    test_folder(parts_folder, sizeof parts_folder);
    part_count = 0;
}

void parts_end(void)
{
    DIR *dir = opendir(parts_folder);
    for (struct dirent *d; (d = readdir(dir));)
        unlinkat(dirfd(dir), d->d_name, 0);
    closedir(dir);
    rmdir(parts_folder);
    for (size_t i = 0; i < part_count; i++)
        message_finish(&parts[i]);
}

int64_t part_number(size_t part, const char *key)
{
    return json_integer_value(json_object_get(parts[part].clip.manifest, key));
}

bool part_is_last(size_t part)
{
    return json_is_true(json_object_get(parts[part].clip.manifest, "last"));
}

const json_t *part_gap(size_t part, size_t index)
{
    return json_array_get(json_object_get(parts[part].clip.manifest, "gaps"), index);
}

size_t part_gap_count(size_t part)
{
    return json_array_size(json_object_get(parts[part].clip.manifest, "gaps"));
}

/* In the manifest the gap's borders are ms from the part's begin. */
void check_gap(size_t part, size_t index, double from_s, double to_s, const char *why)
{
    const json_t *one = part_gap(part, index);
    ck_assert_ptr_nonnull(one);
    int64_t start_ms = part_number(part, "start_monoms");
    ck_assert_int_eq(json_integer_value(json_object_get(one, "from_ms")) + start_ms,
                     (int64_t)(from_s * 1000));
    ck_assert_int_eq(json_integer_value(json_object_get(one, "to_ms")) + start_ms,
                     (int64_t)(to_s * 1000));
    ck_assert_str_eq(json_string_value(json_object_get(one, "why")), why);
}

void check_part(size_t part, int64_t index, double start_s, double stop_s)
{
    ck_assert_uint_lt(part, part_count);
    ck_assert_int_eq(part_number(part, "part"), index);
    ck_assert_int_eq(part_number(part, "start_monoms"), (int64_t)(start_s * 1000));
    ck_assert_int_eq(part_number(part, "stop_monoms"), (int64_t)(stop_s * 1000));
}
