/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_exchange.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The signer: a number for each signature. */

unsigned signatures;
int signing; /* what it answers */

static int sign(struct signer *signer, const void *text, size_t length,
                unsigned char ret_signature[SIGNER_SIGNATURE_MAX], size_t *ret_length,
                struct err *e)
{
    (void)signer, (void)text, (void)length;
    if (signing != 0)
        return err_set(e, -signing, "the signer is out of order");
    memset(ret_signature, (int)++signatures, 64);
    *ret_length = 64;
    return 0;
}

static const struct signer_driver signer_driver = {.sign = sign};
struct signer fake_signer = {
    .driver = &signer_driver, .algorithm = "ed25519", .keyid = "0123456789abcdef"};

/* The addresses. */

char addresses[3][INET6_ADDRSTRLEN];
size_t count;
bool numeric, looking;
unsigned lookups, waiting;
char failed_at[INET6_ADDRSTRLEN], worked_at[INET6_ADDRSTRLEN];
static struct address_waiter *waiter;

bool __wrap_address_known(const struct address_book *b);
size_t __wrap_address_count(const struct address_book *b);
const char *__wrap_address_first(const struct address_book *b);
void __wrap_address_explain(const struct address_book *b, long long after_ms, char *ret_text,
                            size_t size);
void __wrap_address_look_up(struct address_book *b);
bool __wrap_address_is_looking(const struct address_book *b);
void __wrap_address_wait(struct address_book *b, struct address_waiter *w);
void __wrap_address_stop_waiting(struct address_waiter *w);
void __wrap_address_failed(struct address_book *b, const char *address);
void __wrap_address_works(struct address_book *b, const char *address);

bool __wrap_address_known(const struct address_book *b)
{
    (void)b;
    return numeric || count > 0;
}

size_t __wrap_address_count(const struct address_book *b)
{
    (void)b;
    return count;
}

const char *__wrap_address_first(const struct address_book *b)
{
    (void)b;
    return count > 0 ? addresses[0] : "";
}

void __wrap_address_explain(const struct address_book *b, long long after_ms, char *ret_text,
                            size_t size)
{
    (void)b;
    snprintf(ret_text, size, "unknown after %lld", after_ms);
}

void __wrap_address_look_up(struct address_book *b)
{
    (void)b;
    lookups++;
}

bool __wrap_address_is_looking(const struct address_book *b)
{
    (void)b;
    return looking;
}

void __wrap_address_wait(struct address_book *b, struct address_waiter *w)
{
    (void)b;
    w->waits = true;
    waiter = w;
    waiting++;
}

void __wrap_address_stop_waiting(struct address_waiter *w)
{
    waiting -= w->waits;
    w->waits = false;
}

/* The first becomes the last. */
void __wrap_address_failed(struct address_book *b, const char *address)
{
    char first[INET6_ADDRSTRLEN];
    (void)b;
    snprintf(failed_at, sizeof failed_at, "%s", address);
    if (count < 2)
        return;
    memcpy(first, addresses[0], sizeof first);
    memmove(addresses[0], addresses[1], (count - 1) * sizeof first);
    memcpy(addresses[count - 1], first, sizeof first);
}

void __wrap_address_works(struct address_book *b, const char *address)
{
    (void)b;
    snprintf(worked_at, sizeof worked_at, "%s", address);
}

void look_up_ends(void)
{
    ck_assert_uint_eq(waiting, 1);
    __wrap_address_stop_waiting(waiter);
    waiter->on_looked_up(waiter);
}

/* libcurl's handle: what it is told. */

struct fake_handle told;
curl_off_t uploaded, sending_us;

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...);
void __wrap_answer_take_headers(struct https_answer *a, CURL *easy);

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list arguments;
    const char *text;
    (void)easy;
    va_start(arguments, option);
    switch ((int)option) { /* an enum with hundreds of others */
    case CURLOPT_PREREQFUNCTION:
        told.on_before_request = va_arg(arguments, curl_prereq_callback);
        break;
    case CURLOPT_PREREQDATA:
        told.before_arg = va_arg(arguments, void *);
        break;
    case CURLOPT_HTTPHEADER:
        told.headers = va_arg(arguments, const struct curl_slist *);
        break;
    case CURLOPT_CONNECT_TO:
        told.connect_to = va_arg(arguments, const struct curl_slist *);
        break;
    case CURLOPT_CONNECTTIMEOUT_MS:
        told.connect_timeout_ms = va_arg(arguments, long);
        break;
    case CURLOPT_NOBODY:
        told.nobody = va_arg(arguments, long);
        break;
    case CURLOPT_CUSTOMREQUEST:
        text = va_arg(arguments, const char *);
        snprintf(told.method, sizeof told.method, "%s", text ? text : "POST");
        break;
    case CURLOPT_URL:
        snprintf(told.url, sizeof told.url, "%s", va_arg(arguments, const char *));
        break;
    case CURLOPT_POSTFIELDS:
        told.body = va_arg(arguments, const char *);
        break;
    case CURLOPT_POSTFIELDSIZE_LARGE:
        told.length = va_arg(arguments, curl_off_t);
        break;
    default:
        break;
    }
    va_end(arguments);
    return CURLE_OK;
}

CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list arguments;
    (void)easy;
    va_start(arguments, info);
    if (info == CURLINFO_SIZE_UPLOAD_T)
        *va_arg(arguments, curl_off_t *) = uploaded;
    else if (info == CURLINFO_PRETRANSFER_TIME_T)
        *va_arg(arguments, curl_off_t *) = sending_us;
    else
        ck_abort_msg("asked for %d", (int)info);
    va_end(arguments);
    return CURLE_OK;
}

void __wrap_answer_take_headers(struct https_answer *a, CURL *easy)
{
    (void)easy;
    a->status = 200;
}

const char *header(const char *name)
{
    size_t length = strlen(name);
    for (const struct curl_slist *h = told.headers; h; h = h->next) {
        if (strncmp(h->data, name, length) == 0 && h->data[length] == ':')
            return h->data + length + 1 + (h->data[length + 1] == ' ');
    }
    return NULL;
}

/* The connection. */

struct exchange *on_it;
unsigned added, broke;
int adding;

struct connection *fake_connection(void)
{
    return (struct connection *)&added;
}

int __wrap_connection_add(struct connection *c, struct exchange *exchange);
void __wrap_connection_remove(struct connection *c, struct exchange *exchange);
void __wrap_connection_broke(struct connection *c);

int __wrap_connection_add(struct connection *c, struct exchange *exchange)
{
    ck_assert_ptr_eq(c, fake_connection());
    ck_assert_ptr_null(on_it);
    added++;
    if (adding == 0)
        on_it = exchange;
    return adding;
}

void __wrap_connection_remove(struct connection *c, struct exchange *exchange)
{
    ck_assert_ptr_eq(c, fake_connection());
    ck_assert_ptr_eq(on_it, exchange);
    on_it = NULL;
}

void __wrap_connection_broke(struct connection *c)
{
    ck_assert_ptr_eq(c, fake_connection());
    broke++;
}

/* The deadline. */

static uv_timer_t *deadline;
static uv_timer_cb on_deadline;
uint64_t deadline_ms, due_in_ms;

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout_ms,
                          uint64_t repeat_ms);
int __wrap_uv_timer_stop(uv_timer_t *timer);
uint64_t __wrap_uv_timer_get_due_in(const uv_timer_t *timer);

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout_ms,
                          uint64_t repeat_ms)
{
    ck_assert_uint_eq(repeat_ms, 0);
    deadline = timer;
    on_deadline = on_timer;
    deadline_ms = due_in_ms = timeout_ms;
    return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *timer)
{
    (void)timer;
    deadline = NULL;
    return 0;
}

uint64_t __wrap_uv_timer_get_due_in(const uv_timer_t *timer)
{
    (void)timer;
    return due_in_ms;
}

bool has_deadline(void)
{
    return deadline != NULL;
}

void deadline_comes(void)
{
    ck_assert_ptr_nonnull(deadline);
    on_deadline(deadline);
}
