/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/url.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wire/profile.h"

/* A part that must not be there. */
static bool has(CURLU *parts, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(parts, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

static int take_host(CURLU *parts, const char *url, char ret_host[URL_HOST_SIZE], struct err *e)
{
    char *host = NULL;
    int result = 0;
    if (curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return err_set(e, EINVAL, "\"%s\" names no host", url);
    size_t length = strlen(host);
    bool bracket = host[0] == '[' && length > 2;
    if (length >= URL_HOST_SIZE)
        result = err_set(e, EINVAL, "the host's name is too long");
    else
        snprintf(ret_host, URL_HOST_SIZE, "%.*s", (int)(bracket ? length - 2 : length),
                 host + bracket);
    curl_free(host);
    return result;
}

int url_host(const char *url, char ret_host[URL_HOST_SIZE], struct err *e)
{
    CURLU *parts = curl_url();
    char *scheme = NULL;
    int result;
    size_t printable = 0;
    while (url[printable] > ' ' && url[printable] <= '~' && url[printable] != '"')
        printable++;
    if (url[printable] != '\0')
        result = err_set(e, EINVAL,
                         "write spaces and letters outside of ASCII as %%xx, "
                         "a host's name as xn--…");
    else if (strlen(url) >= PROFILE_TARGET_URI_MAX - 8)
        result = err_set(e, EINVAL, "is longer than %d", PROFILE_TARGET_URI_MAX - 8);
    else if (!parts || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
             curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        result = err_set(e, EINVAL, "\"%s\" is no https://host[:port]/path", url);
    else if (strcmp(scheme, "https") != 0)
        result = err_set(e, EINVAL, "\"%s\" must begin with https://", url);
    else if (has(parts, CURLUPART_USER) || has(parts, CURLUPART_QUERY) ||
             has(parts, CURLUPART_FRAGMENT))
        result = err_set(e, EINVAL, "must hold no user, no ? and no #");
    else
        result = take_host(parts, url, ret_host, e);
    curl_free(scheme);
    curl_url_cleanup(parts);
    return result;
}

void url_of_clips(const char *url, char *ret_url, size_t size)
{
    const char *host = strstr(url, "://") + 3;
    const char *path = strchr(host, '/');
    size_t kept = path ? (size_t)(strrchr(path, '/') - url) : strlen(url);
    snprintf(ret_url, size, "%.*s/clips", (int)kept, url);
}
