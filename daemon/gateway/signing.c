/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/signing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define LOOK_MS 5000

struct signing {
    struct signer own;  /* what is handed out: stands in for the key until there is one */
    struct signer *key; /* NULL: none yet */
    struct signing_options options;
    int64_t due_ms;
    bool is_busy, is_closed;
    uv_work_t work;
    /* The pool's while it is busy. */
    struct signer *found;
    int result;
    struct err error; /* of the last look */
};

static int sign(struct signer *signer, const void *text, size_t length,
                unsigned char ret_signature[SIGNER_SIGNATURE_MAX], size_t *ret_length,
                struct err *e)
{
    struct signing *s = (struct signing *)signer;
    if (!s->key)
        return err_set(e, ENOKEY, "there is no key to sign with (fault signing)");
    return s->key->driver->sign(s->key, text, length, ret_signature, ret_length, e);
}

static const struct signer_driver stand_in = {.type = {.name = "none"}, .sign = sign};

static void look(struct signing *s)
{
    const struct config_driver *c = &s->options.config->driver;
    s->result = signer_driver_of(c->type)->open(c->options, &s->found, &s->error);
}

static void take_found(struct signing *s)
{
    s->key = s->found;
    s->found = NULL;
    s->own.algorithm = s->key->algorithm;
    memcpy(s->own.keyid, s->key->keyid, sizeof s->own.keyid);
}

static void tell(struct signing *s)
{
    facts_state_fault(s->options.facts, FAULT_SIGNING, NULL, s->key ? NULL : s->error.text);
}

static void run(uv_work_t *work)
{
    look(work->data);
}

static void finish(uv_work_t *work, int status)
{
    struct signing *s = work->data;
    s->is_busy = false;
    if (status != 0)
        return;
    if (s->is_closed) {
        if (s->result == 0)
            s->found->driver->close(s->found);
        return;
    }
    if (s->result == 0)
        take_found(s);
    tell(s);
    if (!s->key)
        return;
    log_info("signing", "the key is there: %s", s->own.keyid);
    s->options.on_found(s->options.arg);
}

int signing_open(const struct signing_options *options, struct signing **ret_signing, struct err *e)
{
    struct signing *s = *ret_signing = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ENOMEM, "signing: out of memory");
    s->options = *options;
    s->own = (struct signer){.driver = &stand_in, .algorithm = ""};
    s->work.data = s;
    s->due_ms = clock_monotonic_ms() + LOOK_MS;
    look(s);
    if (s->result == 0)
        take_found(s);
    else
        log_error("signing", "%s: nothing can be signed until that is mended", s->error.text);
    tell(s);
    return 0;
}

void signing_tick(struct signing *s)
{
    int64_t now_ms = clock_monotonic_ms();
    if (s->key || s->is_busy || s->is_closed || now_ms < s->due_ms)
        return;
    s->due_ms = now_ms + LOOK_MS;
    s->is_busy = uv_queue_work(s->options.loop, &s->work, run, finish) == 0;
}

void signing_close(struct signing *s)
{
    if (!s)
        return;
    s->is_closed = true;
    if (s->key)
        s->key->driver->close(s->key);
    s->key = NULL;
}

void signing_free(struct signing *s)
{
    free(s);
}

struct signer *signing_signer(struct signing *s)
{
    return &s->own;
}

const char *signing_keyid(const struct signing *s)
{
    return s && s->key ? s->own.keyid : NULL;
}
