/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/options.h"

#include <errno.h>
#include <string.h>

#include "drivers/uplink/https/url.h"
#include "loop/resolve.h"
#include "wire/profile.h"

static const char *const receipts_words[] = {
    [HTTPS_RECEIPTS_SIGNED] = "signed", [HTTPS_RECEIPTS_UNSIGNED] = "unsigned", NULL};

const struct option https_option_table[] = {
    {.key = "url",
     .type = OPTION_STRING,
     .offset = offsetof(struct https_options, url),
     .max = PROFILE_TARGET_URI_MAX - 9,
     .required = 1,
     .help = "Where events go: https://host[:port]/path."},
    {.key = "ca_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, ca_file),
     .file = OPTION_FILE_READ,
     .required = 1,
     .help = "Certificate authority of the receiver (PEM); no other is trusted."},
    {.key = "cert_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, cert_file),
     .file = OPTION_FILE_READ,
     .required = 1,
     .help = "This gateway's client certificate (PEM)."},
    {.key = "key_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, key_file),
     .file = OPTION_FILE_PRIVATE,
     .required = 1,
     .help = "Its private key (PEM, not encrypted, not readable by others)."},
    {.key = "receipt_keys",
     .type = OPTION_PATHS,
     .offset = offsetof(struct https_options, receipt_keys),
     .file = OPTION_FILE_READ,
     .max = 8,
     .help = "Public keys (PEM) with which the receiver may sign its receipts; "
             "needed unless receipts is unsigned."},
    {.key = "receipts",
     OPTION_ENUM(struct https_options, receipts, receipts_words),
     .fallback = "signed",
     .help =
         "unsigned: a receiver that cannot sign; the lamp then says unconfirmed, and a drill or "
         "test begins when it has only accepted the announcement."},
    {.key = "upload_url",
     .type = OPTION_STRING,
     .offset = offsetof(struct https_options, upload_url),
     .max = PROFILE_TARGET_URI_MAX - 9,
     .help = "Where clips go, on the host of url; by default url with its last part replaced by "
             "clips."},
    {.key = "attempt_timeout",
     .type = OPTION_DURATION,
     .offset = offsetof(struct https_options, attempt_timeout_ms),
     .fallback = "3s",
     .min = 500,
     .max = 30000,
     .help = "How long one attempt may take."},
    {.key = "addresses",
     .type = OPTION_LIST,
     .offset = offsetof(struct https_options, addresses),
     .max = RESOLVE_ADDRESSES_MAX,
     .help = "IP addresses of the receiver; its name is then never looked up."},
    {.key = "name_servers",
     .type = OPTION_LIST,
     .offset = offsetof(struct https_options, name_servers),
     .max = 4,
     .help = "Name servers (address[:port]) instead of the system's."},
    OPTION_TABLE_END,
};

static void check_urls(const struct https_options *o, struct driver_mistakes *ret_mistakes)
{
    char host[URL_HOST_SIZE], upload_host[URL_HOST_SIZE];
    struct err e;
    bool is_good = o->url && url_host(o->url, host, &e) == 0;
    if (o->url && !is_good)
        *driver_mistake(ret_mistakes, "url", 0, NULL) = e;
    if (!o->upload_url)
        return;
    if (url_host(o->upload_url, upload_host, &e) != 0)
        *driver_mistake(ret_mistakes, "upload_url", 0, NULL) = e;
    else if (is_good && strcasecmp(host, upload_host) != 0)
        err_set(driver_mistake(ret_mistakes, "upload_url", 0, NULL), EINVAL,
                "must be on the host of url (%s), not %s", host, upload_host);
}

void https_options_check(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct https_options *o = options;
    check_urls(o, ret_mistakes);
    for (size_t i = 0; i < o->addresses.count; i++) {
        if (!resolve_is_numeric(o->addresses.items[i]))
            err_set(driver_mistake(ret_mistakes, "addresses", i + 1, NULL), EINVAL,
                    "\"%s\" is no IP address", o->addresses.items[i]);
    }
    for (size_t i = 0; i < o->name_servers.count; i++) {
        if (!resolve_is_server(o->name_servers.items[i]))
            err_set(driver_mistake(ret_mistakes, "name_servers", i + 1, NULL), EINVAL,
                    "\"%s\" is no name server: give its IP address (address[:port])",
                    o->name_servers.items[i]);
    }
    if (o->receipts == HTTPS_RECEIPTS_SIGNED && o->receipt_keys.count == 0)
        err_set(driver_mistake(ret_mistakes, "receipt_keys", 0, "receipts"), EINVAL,
                "none is given, and without one no receipt can be believed; give the receiver's "
                "public key, or say receipts: unsigned");
}

const char *https_options_note(const void *options, const char **ret_key)
{
    const struct https_options *o = options;
    *ret_key = "receipts";
    return o->receipts == HTTPS_RECEIPTS_SIGNED
               ? NULL
               : "nothing proves that it keeps what it accepts: the lamp says no more than "
                 "unconfirmed for it, outputs on undelivered go on all the same, and a drill or "
                 "test that it has accepted begins unsigned for";
}
