/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *http_header(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

enum MHD_Result http_json(struct MHD_Connection *c, unsigned status, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return http_text(c, status, text);
}

enum MHD_Result http_text(struct MHD_Connection *c, unsigned status, char *text)
{
    if (!text)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    enum MHD_Result result = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result http_error(struct MHD_Connection *c, unsigned status, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *message = json_string(text);
    return http_json(c, status,
                     json_pack("{so}", "error", message ? message : json_string("bad request")));
}

enum MHD_Result http_receipt(struct MHD_Connection *c, struct receipt *receipt)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(receipt->body), receipt->body, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "Content-Digest", receipt->content_digest);
    MHD_add_response_header(response, "Signature-Input", receipt->signature_input);
    MHD_add_response_header(response, "Signature", receipt->signature);
    enum MHD_Result result = MHD_queue_response(c, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    receipt->body = NULL; /* the response freed it */
    return result;
}

void http_collect(struct request *r, const char *data, size_t length, size_t max)
{
    if (r->too_large || length > max - r->length) {
        r->too_large = true;
        return;
    }
    if (r->length + length + 1 > r->room) {
        size_t room = (r->length + length + 1) * 2;
        char *grown = realloc(r->body, room);
        if (!grown) {
            r->too_large = true;
            return;
        }
        r->body = grown;
        r->room = room;
    }
    memcpy(r->body + r->length, data, length);
    r->length += length;
    r->body[r->length] = '\0';
}

void http_free_request(struct request *r)
{
    if (r) {
        free(r->body);
        free(r->target);
    }
    free(r);
}
