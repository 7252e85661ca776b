/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_microhttpd.h"

#include <check.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct MHD_Response {
    char *body;
    bool owned;
    struct fake_header headers[FAKE_HEADERS];
    size_t count;
};

static void set(struct fake_header *headers, size_t *count, const char *name, const char *value)
{
    ck_assert(*count < FAKE_HEADERS && strlen(value) < sizeof headers->value);
    snprintf(headers[*count].name, sizeof headers->name, "%s", name);
    snprintf(headers[*count].value, sizeof headers->value, "%s", value);
    ++*count;
}

static const char *find(const struct fake_header *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(headers[i].name, name) == 0)
            return headers[i].value;
    }
    return NULL;
}

void fake_send(struct MHD_Connection *c, const char *name, const char *value)
{
    if (value)
        set(c->sent, &c->sent_count, name, value);
}

const char *fake_answered(const struct MHD_Connection *c, const char *name)
{
    return find(c->answered, c->answered_count, name);
}

const char *MHD_lookup_connection_value(struct MHD_Connection *c, enum MHD_ValueKind kind,
                                        const char *key)
{
    if (kind != MHD_HEADER_KIND)
        return NULL; /* neither cookies nor a query */
    return find(c->sent, c->sent_count, key);
}

enum MHD_Result MHD_set_connection_option(struct MHD_Connection *c,
                                          enum MHD_CONNECTION_OPTION option, ...)
{
    va_list arguments;
    ck_assert(option == MHD_CONNECTION_OPTION_TIMEOUT);
    ck_assert(c->timeouts_count < sizeof c->timeouts / sizeof *c->timeouts);
    va_start(arguments, option);
    c->timeouts[c->timeouts_count++] = va_arg(arguments, unsigned);
    va_end(arguments);
    return MHD_YES;
}

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *buffer,
                                                     enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *r = calloc(1, sizeof *r);
    ck_assert(r && (size == 0 || strlen(buffer) == size));
    r->body = buffer;
    r->owned = mode == MHD_RESPMEM_MUST_FREE;
    return r;
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *r, const char *name,
                                        const char *content)
{
    set(r->headers, &r->count, name, content);
    return MHD_YES;
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *c, unsigned status,
                                   struct MHD_Response *r)
{
    ck_assert(c->status == 0); /* a request is answered once */
    c->status = status;
    snprintf(c->body, sizeof c->body, "%s", r->body);
    memcpy(c->answered, r->headers, sizeof c->answered);
    c->answered_count = r->count;
    return MHD_YES;
}

void MHD_destroy_response(struct MHD_Response *r)
{
    if (r->owned)
        free(r->body);
    free(r);
}

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *c,
                                                        enum MHD_ConnectionInfoType type, ...)
{
    static union MHD_ConnectionInfo info;
    ck_assert(type == MHD_CONNECTION_INFO_GNUTLS_SESSION);
    info.tls_session = c->without_tls ? NULL : (void *)c;
    return &info;
}

const gnutls_datum_t *gnutls_certificate_get_peers(gnutls_session_t session, unsigned *list_size)
{
    static const gnutls_datum_t one;
    const struct MHD_Connection *c = (void *)session;
    *list_size = c->certificates;
    return c->certificates ? &one : NULL;
}

int gnutls_certificate_verify_peers(gnutls_session_t session, gnutls_typed_vdata_st *data,
                                    unsigned elements, unsigned *status)
{
    const struct MHD_Connection *c = (void *)session;
    /* Asked for anything but a client's certificate it would say that any is good. */
    ck_assert(elements == 1 && data->type == GNUTLS_DT_KEY_PURPOSE_OID &&
              strcmp((char *)data->data, GNUTLS_KP_TLS_WWW_CLIENT) == 0);
    *status = c->certificate_problem;
    return c->unreadable;
}
