/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the receiver is. libcurl is never asked to look up a name: it is given an address. That
 * comes, best first, from the configuration, from a look-up in the loop, or from the file of the
 * addresses that worked last, so that a dead name server keeps no alarm back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "drivers/uplink/https/https.h"

#define LOOK_AGAIN_MS (5 * 60 * 1000)
#define LOOK_SOON_MS  5000

/* Writing the file of last good addresses waits for the disk: in libuv's pool. */
struct save {
    uv_work_t work;
    char path[512];
    char text[RESOLVE_ADDRESSES_MAX * INET6_ADDRSTRLEN];
};

static void run_save(uv_work_t *work)
{
    struct save *save = work->data;
    struct err e;
    if (atomic_file_write(save->path, 0600, save->text, strlen(save->text), &e) != 0)
        log_warning("uplink", "addresses not saved: %s", e.text);
}

static void free_save(uv_work_t *work, int status)
{
    (void)status;
    free(work->data);
}

static void save_addresses(const struct uplink *u)
{
    struct save *save = calloc(1, sizeof *save);
    if (!save)
        return;
    save->work.data = save;
    snprintf(save->path, sizeof save->path, "%s", u->address_file);
    size_t used = 0;
    for (size_t i = 0; i < u->address_count; i++)
        used +=
            (size_t)snprintf(save->text + used, sizeof save->text - used, "%s\n", u->addresses[i]);
    if (uv_queue_work(u->loop, &save->work, run_save, free_save) != 0)
        free(save);
}

static void read_saved(struct uplink *u)
{
    char *text;
    if (atomic_file_read(u->address_file, 4096, &text, NULL, NULL) != 0)
        return; /* there is none at the first start */
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && u->address_count < RESOLVE_ADDRESSES_MAX;) {
        if (resolve_is_numeric(line))
            snprintf(u->addresses[u->address_count++], INET6_ADDRSTRLEN, "%s", line);
    }
    free(text);
}

/* Tells libcurl to connect to the address in use. */
static void set_connect_to(struct uplink *u)
{
    char text[400];
    curl_slist_free_all(u->connect_to);
    u->connect_to = NULL;
    if (u->numeric || u->address_count == 0)
        return;
    const char *address = u->addresses[u->address_now];
    bool v6 = strchr(address, ':') != NULL;
    snprintf(text, sizeof text, "%s:%s:%s%s%s:%s", u->name, u->port, v6 ? "[" : "", address,
             v6 ? "]" : "", u->port);
    u->connect_to = curl_slist_append(NULL, text);
}

static void on_looked_up(void *arg, const struct resolve_result *result)
{
    struct uplink *u = arg;
    u->looking = false;
    if (result->count == 0) {
        snprintf(u->address_reason, sizeof u->address_reason, "%s", result->reason);
        log_warning("uplink", "%s: look-up of %s failed: %s%s", u->host.receiver, u->name,
                    result->reason, u->address_count ? " (going on with the last address)" : "");
        return;
    }
    u->address_reason[0] = '\0';
    bool same = u->address_count == result->count &&
                memcmp(u->addresses, result->addresses, result->count * INET6_ADDRSTRLEN) == 0;
    u->looked_ms = clock_monotonic_ms() + LOOK_AGAIN_MS - LOOK_SOON_MS;
    if (same)
        return;
    memcpy(u->addresses, result->addresses, sizeof u->addresses);
    u->address_count = result->count;
    u->address_now = 0;
    set_connect_to(u);
    save_addresses(u);
}

void address_look_up(struct uplink *u)
{
    int64_t now_ms = clock_monotonic_ms();
    if (u->numeric || !u->resolver || u->looking ||
        (u->looked_ms != 0 && now_ms - u->looked_ms < LOOK_SOON_MS))
        return;
    u->looking = true;
    u->looked_ms = now_ms;
    resolver_lookup(u->resolver, u->name, on_looked_up, u);
}

static int split_url(struct uplink *u, struct err *e)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
    int result = 0;
    if (!parts || curl_url_set(parts, CURLUPART_URL, u->options->url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        result = err_set(e, EINVAL, "url \"%s\" cannot be read", u->options->url);
    else if (strcmp(scheme, "https") != 0)
        result = err_set(e, EINVAL, "url \"%s\" must begin with https://", u->options->url);
    else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK)
        result = err_set(e, EINVAL, "url must not hold a user or password");
    if (result == 0) {
        size_t length = strlen(host);
        bool bracket = host[0] == '[' && length > 2;
        snprintf(u->name, sizeof u->name, "%.*s", (int)(bracket ? length - 2 : length),
                 host + bracket);
        snprintf(u->port, sizeof u->port, "%s", port);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_url_cleanup(parts);
    return result;
}

int address_open(struct uplink *u, struct err *e)
{
    int result = split_url(u, e);
    if (result != 0)
        return result;
    u->numeric = resolve_is_numeric(u->name);
    if (u->numeric)
        return 0;
    snprintf(u->address_file, sizeof u->address_file, "%s/addresses-%s", u->host.state_dir,
             u->host.receiver);
    for (size_t i = 0; i < u->options->addresses.count; i++) {
        const char *text = u->options->addresses.items[i];
        if (!resolve_is_numeric(text))
            return err_set(e, EINVAL, "addresses: \"%s\" is no IP address", text);
        if (u->address_count < RESOLVE_ADDRESSES_MAX)
            snprintf(u->addresses[u->address_count++], INET6_ADDRSTRLEN, "%s", text);
    }
    if (u->address_count == 0) {
        result = resolver_create(u->loop, u->options->name_servers, &u->resolver, e);
        if (result != 0)
            return result;
        read_saved(u);
    }
    set_connect_to(u);
    address_look_up(u);
    return 0;
}

bool address_known(const struct uplink *u)
{
    return u->numeric || u->address_count > 0;
}

void address_failed(struct uplink *u)
{
    if (u->address_count > 1) {
        u->address_now = (u->address_now + 1) % u->address_count;
        set_connect_to(u);
    }
    address_look_up(u);
}

void address_works(struct uplink *u)
{
    address_look_up(u); /* a fresh look now and then, while all is well */
}

void address_close(struct uplink *u)
{
    resolver_close(u->resolver);
    u->resolver = NULL;
    curl_slist_free_all(u->connect_to);
    u->connect_to = NULL;
}
