/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/receipt.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char covered[] = "(\"@status\" \"content-digest\" \"content-digest\";req)";

static int check_signature(const struct receipt_input *input, const struct key_ring *ring,
                           struct err *e)
{
    if (!input->content_digest || !input->signature_input || !input->signature)
        return err_set(e, EBADMSG, "answer carries no receipt signature");
    unsigned char digest[DIGEST_BYTES];
    char expected[DIGEST_HEADER_SIZE];
    digest_sha256(input->body, input->body_length, digest);
    digest_header(digest, expected);
    if (strcmp(expected, input->content_digest) != 0)
        return err_set(e, EBADMSG, "receipt's Content-Digest is not that of its body");
    struct signature_params params;
    int result =
        signature_parse_input(input->signature_input, covered, 0, "tocsin-v1-receipt", &params, e);
    if (result != 0)
        return err_prefix(e, result, "receipt");
    unsigned char signature[KEYS_SIGNATURE_BYTES];
    result = signature_parse(input->signature, signature, e);
    if (result != 0)
        return err_prefix(e, result, "receipt");
    const struct key *key = keys_find(ring, params.keyid);
    if (!key)
        return err_set(e, ENOKEY, "receipt is signed by key %s, which is not in receipt_keys",
                       params.keyid);
    if (strcmp(key->algorithm, params.algorithm) != 0)
        return err_set(e, EBADMSG, "receipt's alg is %s, but key %s is %s", params.algorithm,
                       params.keyid, key->algorithm);
    char base[SIGNATURE_INPUT_MAX + 512];
    int length = snprintf(base, sizeof base,
                          "\"@status\": %d\n\"content-digest\": %s\n"
                          "\"content-digest\";req: %s\n\"@signature-params\": %s",
                          input->status, expected, input->request_digest, params.text);
    if (length < 0 || length >= (int)sizeof base ||
        !keys_verify(key, base, (size_t)length, signature))
        return err_set(e, EBADMSG, "receipt's signature by key %s does not verify", params.keyid);
    return 0;
}

static int expect_text(const json_t *body, const char *name, const char *expected, struct err *e)
{
    const char *found = json_string_value(json_object_get(body, name));
    if (!found || strcmp(found, expected) != 0)
        return err_set(e, EBADMSG, "receipt's %s is %.80s instead of %s", name,
                       found ? found : "missing", expected);
    return 0;
}

static int copy_text(const json_t *object, const char *name, int required, char *ret_text,
                     size_t size)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value)) {
        ret_text[0] = '\0';
        return required ? -EBADMSG : 0;
    }
    const char *text = json_string_value(value);
    if (!text)
        return -EBADMSG;
    size_t length = strlen(text);
    if (length >= size) {
        /* Cut between characters: the note is for people, the rest of the answer still counts. */
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(ret_text, text, length);
    ret_text[length] = '\0';
    return 0;
}

static int parse_state(const char *name, enum uplink_answer_state *ret_state)
{
    static const char *const names[] = {
        [UPLINK_ANSWER_SEEN] = "seen",
        [UPLINK_ANSWER_COMING] = "coming",
        [UPLINK_ANSWER_CLOSED] = "closed",
        [UPLINK_ANSWER_REJECTED] = "rejected",
    };
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_state = (enum uplink_answer_state)i;
            return 0;
        }
    }
    return -EBADMSG;
}

/* Whether it is there or not: 0. */
static int parse_seen(const json_t *value, struct uplink_answer *a)
{
    a->says_seen = value && !json_is_null(value);
    if (!a->says_seen)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return -EBADMSG;
    a->seen_seq = (uint64_t)json_integer_value(value);
    return 0;
}

static int parse_answer(const json_t *object, struct uplink_answer *ret_answer)
{
    struct uplink_answer a = {0};
    const json_t *seq = json_object_get(object, "answer_seq");
    if (!json_is_integer(seq) || json_integer_value(seq) < 1)
        return -EBADMSG;
    a.answer_seq = json_integer_value(seq);
    if (copy_text(object, "alarm", 1, a.alarm, sizeof a.alarm) != 0 || !uuid_is_valid(a.alarm) ||
        parse_state(json_string_value(json_object_get(object, "state")), &a.state) != 0 ||
        parse_seen(json_object_get(object, "seen_seq"), &a) != 0 ||
        copy_text(object, "by", 0, a.by, sizeof a.by) != 0 ||
        copy_text(object, "at", 0, a.at, sizeof a.at) != 0 ||
        copy_text(object, "note", 0, a.note, sizeof a.note) != 0)
        return -EBADMSG;
    *ret_answer = a;
    return 0;
}

/* Optional; what makes no sense is not said. */
static uint64_t parse_newest(const json_t *value)
{
    json_int_t seq = json_integer_value(value);
    return seq > 0 && (uint64_t)seq <= EVENT_SEQ_MAX ? (uint64_t)seq : 0;
}

/* Likewise. */
static bool is_fork(const json_t *chain)
{
    const char *said = json_string_value(chain);
    return said && strcmp(said, "fork") == 0;
}

/* That the event is stored does not depend on what else people there have to say. */
static void note_unread(struct receipt *receipt, size_t which)
{
    if (receipt->unread++ == 0)
        receipt->first_unread = (uint16_t)which; /* a receipt is not that long */
}

static void parse_answers(const json_t *list, struct receipt *receipt)
{
    const json_t *one;
    size_t i;
    receipt->answer_count = receipt->unread = 0;
    if (!list || json_is_null(list))
        return;
    if (!json_is_array(list))
        note_unread(receipt, 0);
    /* More than we take now come again with the next receipt: they are not yet confirmed. */
    json_array_foreach(list, i, one)
    {
        if (receipt->answer_count == RECEIPT_ANSWERS_MAX)
            return;
        if (parse_answer(one, &receipt->answers[receipt->answer_count]) == 0)
            receipt->answer_count++;
        else
            note_unread(receipt, i + 1);
    }
}

int receipt_verify(const struct receipt_input *input, const struct key_ring *ring,
                   struct receipt *ret_receipt, struct err *e)
{
    int result = check_signature(input, ring, e);
    if (result != 0)
        return result;
    json_error_t problem;
    json_t *body = json_loadb(input->body, input->body_length, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(body)) {
        json_decref(body);
        return err_set(e, EBADMSG, "receipt is not a JSON object");
    }
    struct receipt *receipt = malloc(sizeof *receipt);
    result = receipt ? 0 : err_set(e, ENOMEM, "receipt: out of memory");
    if (result == 0 && input->event)
        result = expect_text(body, "event", input->event, e);
    if (result == 0 && input->clip)
        result = expect_text(body, "clip", input->clip, e);
    if (result == 0)
        result = expect_text(body, "digest", input->subject_digest, e);
    if (result == 0)
        result = expect_text(body, "state", "stored", e);
    if (result == 0) {
        parse_answers(json_object_get(body, "answers"), receipt);
        receipt->newest_seq = parse_newest(json_object_get(body, "newest_seq"));
        receipt->is_fork = is_fork(json_object_get(body, "chain"));
        *ret_receipt = *receipt;
    }
    free(receipt);
    json_decref(body);
    return result;
}
