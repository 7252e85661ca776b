/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

struct member {
    int64_t seq;
    unsigned char prev[DIGEST_BYTES];
    const char *source;
};

static bool read_member(const json_t *event, struct member *ret_member, struct err *e)
{
    const json_t *seq = json_object_get(event, "seq");
    const char *prev = json_string_value(json_object_get(event, "prev"));
    struct member m = {.seq = json_integer_value(seq),
                       .source = json_string_value(json_object_get(event, "source"))};
    if (!json_is_integer(seq) || m.seq < 1)
        err_set(e, EBADMSG, "seq is not a number from 1 on");
    else if (!prev || decode_base64url(prev, strlen(prev), m.prev, sizeof m.prev) != DIGEST_BYTES)
        err_set(e, EBADMSG, "prev is not 32 bytes of base64url");
    else if (!m.source || strlen(m.source) >= CHAIN_SOURCE_SIZE)
        err_set(e, EBADMSG, "source is missing or too long");
    else {
        *ret_member = m;
        return true;
    }
    return false;
}

static void move_on(struct chain *chain, const struct member *m,
                    const unsigned char digest[DIGEST_BYTES])
{
    chain->started = true;
    chain->last_seq = m->seq;
    memcpy(chain->head, digest, DIGEST_BYTES);
    snprintf(chain->source, sizeof chain->source, "%s", m->source);
}

static enum chain_link follow_back(const struct chain *chain, const struct member *m,
                                   const unsigned char digest[DIGEST_BYTES], struct err *e)
{
    if (m->seq == chain->last_seq && memcmp(digest, chain->head, DIGEST_BYTES) == 0) {
        err_set(e, EBADMSG, "seq %lld is there twice", (long long)m->seq);
        return CHAIN_LINK_REPEATED;
    }
    if (m->seq == chain->last_seq)
        err_set(e, EBADMSG, "seq %lld has two different events: the chain forks",
                (long long)m->seq);
    else
        err_set(e, EBADMSG, "seq %lld comes after seq %lld: out of order, or a fork",
                (long long)m->seq, (long long)chain->last_seq);
    return CHAIN_LINK_BACKWARDS;
}

enum chain_link chain_follow(struct chain *chain, const json_t *event,
                             const unsigned char digest[DIGEST_BYTES], struct err *e)
{
    struct member m;
    if (!read_member(event, &m, e))
        return CHAIN_LINK_NONE;
    if (chain->started && strcmp(m.source, chain->source) != 0) {
        err_set(e, EBADMSG, "its source is %s, not %s as before", m.source, chain->source);
        return CHAIN_LINK_NONE;
    }
    if (chain->started && m.seq <= chain->last_seq)
        return follow_back(chain, &m, digest, e);
    enum chain_link link = CHAIN_LINK_GOOD;
    if (chain->started && m.seq != chain->last_seq + 1) {
        if (m.seq == chain->last_seq + 2)
            err_set(e, EBADMSG, "event %lld is missing before it", (long long)m.seq - 1);
        else
            err_set(e, EBADMSG, "events %lld to %lld are missing before it",
                    (long long)chain->last_seq + 1, (long long)m.seq - 1);
        link = CHAIN_LINK_GAP;
    } else if (!chain->started && m.seq == 1) {
        static const unsigned char zeros[DIGEST_BYTES];
        if (memcmp(m.prev, zeros, DIGEST_BYTES) != 0) {
            err_set(e, EBADMSG, "it is the first event, but its prev is not 32 zero bytes");
            link = CHAIN_LINK_BROKEN;
        }
    } else if (chain->started && memcmp(m.prev, chain->head, DIGEST_BYTES) != 0) {
        err_set(e, EBADMSG, "prev is not the digest of event %lld: the chain is broken",
                (long long)chain->last_seq);
        link = CHAIN_LINK_BROKEN;
    }
    move_on(chain, &m, digest);
    return link;
}
