/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/files.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "drivers/uplink/https/address.h"
#include "drivers/uplink/https/options.h"

static int read_receipt_keys(struct uplink_files *files, const struct option_list *paths,
                             struct reading *reading, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < paths->count; i++) {
        reading_file(reading, paths->items[i]);
        result = keys_add_file(&files->receipt_keys, paths->items[i], e);
    }
    return result;
}

void files_try(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct https_options *o = options;
    struct key_ring ring = {.count = 0};
    struct err e;
    credentials_try(&(struct credential_files){.ca_file = o->ca_file,
                                               .cert_file = o->cert_file,
                                               .key_file = o->key_file},
                    ret_mistakes);
    for (size_t i = 0; i < o->receipt_keys.count; i++) {
        if (keys_add_file(&ring, o->receipt_keys.items[i], &e) != 0)
            *driver_mistake(ret_mistakes, "receipt_keys", i + 1, NULL) = e;
    }
    keys_finish(&ring);
}

int files_read(const void *options, const struct uplink_source *source,
               struct uplink_files **ret_files, struct err *e)
{
    const struct https_options *o = options;
    const struct credential_files of = {.ca_file = o->ca_file,
                                        .cert_file = o->cert_file,
                                        .key_file = o->key_file,
                                        .receiver = source->receiver};
    struct uplink_files *files = calloc(1, sizeof *files);
    if (!files)
        return err_set(e, ENOMEM, "https: out of memory");
    int result = credentials_load(&files->credentials, &of, source->reading, e);
    if (result == 0)
        result = read_receipt_keys(files, &o->receipt_keys, source->reading, e);
    if (result != 0) {
        files_free(files);
        return result;
    }
    if (o->addresses.count == 0)
        files->addresses = address_read_saved(source->state_dir, source->receiver, source->reading);
    *ret_files = files;
    return 0;
}

static bool rings_are_same(const struct key_ring *a, const struct key_ring *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = EVP_PKEY_eq(a->keys[i].pkey, b->keys[i].pkey) == 1;
    return same;
}

bool files_are_same(const struct uplink_files *a, const struct uplink_files *b)
{
    return credentials_are_same(&a->credentials, &b->credentials) &&
           rings_are_same(&a->receipt_keys, &b->receipt_keys);
}

void files_free(struct uplink_files *files)
{
    if (!files)
        return;
    keys_finish(&files->receipt_keys);
    credentials_finish(&files->credentials);
    free(files->addresses);
    free(files);
}
