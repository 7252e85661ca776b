/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the receiver is. That comes, best first, from the configuration, from a look-up in the
 * loop, or from the file of the addresses that worked last, so that a dead name server keeps no
 * alarm back. The address that works stays first in the list for as long as it works; the one that
 * worked last stays in the list even when a look-up no longer names it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "base/log.h"
#include "drivers/uplink/https/https.h"

/* How old the last look-up must be before there is another. */
#define AGE_WORKING_MS (5 * 60 * 1000)
#define AGE_FAILING_MS 1000

/* Writing the file of last good addresses waits for the disk: in libuv's pool. */
struct save {
    uv_work_t work;
    char path[512];
    char text[HTTPS_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 1)];
};

static void run_save(uv_work_t *work)
{
    struct save *save = work->data;
    struct err e;
    if (atomic_file_write(save->path, 0600, save->text, strlen(save->text), &e) != 0)
        log_warning("uplink", "last good addresses not saved: %s", e.text);
}

static void free_save(uv_work_t *work, int status)
{
    (void)status;
    free(work->data);
}

static void save_addresses(struct uplink *u)
{
    struct save *save = calloc(1, sizeof *save);
    if (!save)
        return;
    save->work.data = save;
    memcpy(save->path, u->address_file, sizeof save->path);
    size_t used = 0;
    for (size_t i = 0; i < u->address_count; i++)
        used +=
            (size_t)snprintf(save->text + used, sizeof save->text - used, "%s\n", u->addresses[i]);
    memcpy(u->saved_address, u->addresses[0], sizeof u->saved_address);
    if (uv_queue_work(u->loop, &save->work, run_save, free_save) != 0)
        free(save);
}

static void add_address(struct uplink *u, const char *text)
{
    for (size_t i = 0; i < u->address_count; i++) {
        if (strcmp(u->addresses[i], text) == 0)
            return;
    }
    if (u->address_count < HTTPS_ADDRESSES_MAX)
        snprintf(u->addresses[u->address_count++], INET6_ADDRSTRLEN, "%s", text);
}

static void read_saved(struct uplink *u)
{
    char *text;
    if (atomic_file_read(u->address_file, 4096, &text, NULL, NULL) != 0)
        return; /* there is none at the first start */
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (resolve_is_numeric(line))
            add_address(u, line);
    }
    if (u->address_count > 0)
        memcpy(u->saved_address, u->addresses[0], sizeof u->saved_address);
    free(text);
}

/* The address at `at` becomes the first, the ones before it go one place on. */
static void move_to_front(struct uplink *u, size_t at)
{
    char moved[INET6_ADDRSTRLEN];
    memcpy(moved, u->addresses[at], sizeof moved);
    memmove(u->addresses[1], u->addresses[0], at * sizeof moved);
    memcpy(u->addresses[0], moved, sizeof moved);
}

/* The first address becomes the last. */
static void move_to_back(struct uplink *u)
{
    char moved[INET6_ADDRSTRLEN];
    memcpy(moved, u->addresses[0], sizeof moved);
    memmove(u->addresses[0], u->addresses[1], (u->address_count - 1) * sizeof moved);
    memcpy(u->addresses[u->address_count - 1], moved, sizeof moved);
}

static size_t find_address(const struct uplink *u, const char *text)
{
    size_t i = 0;
    while (i < u->address_count && strcmp(u->addresses[i], text) != 0)
        i++;
    return i;
}

static void tell_waiting(struct uplink *u)
{
    for (int i = 0; i < UPLINK_LANE_COUNT; i++)
        transfer_address_changed(&u->lanes[i].transfer);
    for (int i = 0; i < CONNECTION_COUNT; i++)
        transfer_address_changed(&u->connections[i].dial);
    transfer_address_changed(&u->tus.transfer);
}

/* What a look-up found becomes the list; the address in use stays first if it is still named. */
static void take_addresses(struct uplink *u, const struct resolve_result *result)
{
    char used[INET6_ADDRSTRLEN] = "";
    if (u->address_count > 0)
        memcpy(used, u->addresses[0], sizeof used);
    u->address_count = 0;
    for (size_t i = 0; i < result->count; i++)
        add_address(u, result->addresses[i]);
    size_t at = find_address(u, used);
    if (at < u->address_count)
        move_to_front(u, at);
    if (u->saved_address[0])
        add_address(u, u->saved_address);
    if (!used[0] || strcmp(used, u->addresses[0]) == 0)
        return;
    log_info("uplink", "%s: %s has moved from %s to %s", u->host.receiver, u->name, used,
             u->addresses[0]);
    connection_failed(&u->connections[CONNECTION_PRESS]);
    connection_dial(&u->connections[CONNECTION_PRESS]);
}

static void on_looked_up(void *arg, const struct resolve_result *result)
{
    struct uplink *u = arg;
    u->looking = false;
    u->looked_ms = (int64_t)uv_now(u->loop);
    if (result->count == 0) {
        if (strcmp(u->address_reason, result->reason) != 0)
            log_warning("uplink", "%s: look-up of %s failed: %s%s", u->host.receiver, u->name,
                        result->reason,
                        u->address_count ? " (going on with the last address)" : "");
        snprintf(u->address_reason, sizeof u->address_reason, "%s", result->reason);
    } else {
        u->address_reason[0] = '\0';
        take_addresses(u, result);
    }
    tell_waiting(u);
}

void address_look_up_now(struct uplink *u)
{
    if (!u->resolver || u->looking)
        return;
    u->looking = true;
    resolver_lookup(u->resolver, u->name, on_looked_up, u);
}

static void look_up_if_older(struct uplink *u, int64_t age_ms)
{
    if (u->looked_ms == 0 || (int64_t)uv_now(u->loop) - u->looked_ms >= age_ms)
        address_look_up_now(u);
}

void address_look_up(struct uplink *u)
{
    look_up_if_older(u, AGE_FAILING_MS);
}

static int split_url(struct uplink *u, struct err *e)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    int result = 0;
    if (!parts || curl_url_set(parts, CURLUPART_URL, u->options->url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        result = err_set(e, EINVAL, "url \"%s\" cannot be read", u->options->url);
    } else {
        size_t length = strlen(host);
        bool bracket = host[0] == '[' && length > 2;
        if (length >= sizeof u->name)
            result = err_set(e, EINVAL, "url: the host's name is too long");
        else
            snprintf(u->name, sizeof u->name, "%.*s", (int)(bracket ? length - 2 : length),
                     host + bracket);
    }
    curl_free(host);
    curl_url_cleanup(parts);
    return result;
}

static int read_options(struct uplink *u, struct err *e)
{
    const struct https_options *o = u->options;
    for (size_t i = 0; i < o->addresses.count; i++) {
        if (!resolve_is_numeric(o->addresses.items[i]))
            return err_set(e, EINVAL, "addresses: \"%s\" is no IP address", o->addresses.items[i]);
        add_address(u, o->addresses.items[i]);
    }
    if (u->address_count > 0)
        return 0;
    char servers[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < o->name_servers.count && used < sizeof servers; i++)
        used += (size_t)snprintf(servers + used, sizeof servers - used, "%s%s", i ? "," : "",
                                 o->name_servers.items[i]);
    if (used >= sizeof servers)
        return err_set(e, EINVAL, "name_servers: too many");
    read_saved(u);
    return resolver_create(u->loop, used ? servers : NULL, &u->resolver, e);
}

int address_open(struct uplink *u, struct err *e)
{
    int result = split_url(u, e);
    if (result != 0)
        return result;
    u->numeric = resolve_is_numeric(u->name);
    if (u->numeric)
        return 0;
    if (snprintf(u->address_file, sizeof u->address_file, "%s/addresses-%s", u->host.state_dir,
                 u->host.receiver) >= (int)sizeof u->address_file)
        return err_set(e, ENAMETOOLONG, "%s: path too long", u->host.state_dir);
    result = read_options(u, e);
    if (result == 0)
        address_look_up_now(u);
    return result;
}

bool address_known(const struct uplink *u)
{
    return u->numeric || u->address_count > 0;
}

void address_failed(struct uplink *u, const char *address)
{
    if (u->address_count > 1 && strcmp(u->addresses[0], address) == 0)
        move_to_back(u);
    address_look_up(u);
}

void address_works(struct uplink *u, const char *address)
{
    size_t at = find_address(u, address);
    if (u->numeric || at >= u->address_count)
        return;
    move_to_front(u, at);
    if (u->resolver && strcmp(u->saved_address, address) != 0)
        save_addresses(u);
    look_up_if_older(u, AGE_WORKING_MS);
}

void address_close(struct uplink *u)
{
    resolver_close(u->resolver);
    u->resolver = NULL;
}
