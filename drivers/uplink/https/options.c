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

static int check_urls(const struct https_options *o, const char **ret_key, struct err *e)
{
    char host[URL_HOST_SIZE], upload_host[URL_HOST_SIZE];
    *ret_key = "url";
    int result = url_host(o->url, host, e);
    if (result != 0 || !o->upload_url)
        return result;
    *ret_key = "upload_url";
    result = url_host(o->upload_url, upload_host, e);
    if (result == 0 && strcasecmp(host, upload_host) != 0)
        result = err_set(e, EINVAL, "must be on the host of url (%s), not %s", host, upload_host);
    return result;
}

int https_options_check(const void *options, const char **ret_key, struct err *e)
{
    const struct https_options *o = options;
    int result = check_urls(o, ret_key, e);
    if (result != 0)
        return result;
    *ret_key = "addresses";
    for (size_t i = 0; i < o->addresses.count; i++) {
        if (!resolve_is_numeric(o->addresses.items[i]))
            return err_set(e, EINVAL, "\"%s\" is no IP address", o->addresses.items[i]);
    }
    *ret_key = "receipt_keys";
    if (o->receipts == HTTPS_RECEIPTS_SIGNED && o->receipt_keys.count == 0)
        return err_set(e, EINVAL,
                       "none is given, and without one no receipt can be believed; give the "
                       "receiver's public key, or say receipts: unsigned");
    return 0;
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
