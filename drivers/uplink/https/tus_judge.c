/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/tus_judge.h"

static bool is_success(long status)
{
    return status >= 200 && status < 300;
}

/* What is none of what was hoped for. */
static enum tus_verdict judge_failure(long status)
{
    if (status == 404 || status == 409 || status == 410 || status == 423)
        return TUS_LOST;
    return is_success(status) ? TUS_NOT_TUS : TUS_IS_OVER;
}

enum tus_verdict tus_judge_created(const struct https_answer *a, const char *url,
                                   char *ret_location, size_t size)
{
    if (a->status == 200)
        return TUS_IS_OVER; /* it has the whole file */
    if (a->status != 201)
        return judge_failure(a->status);
    return answer_location(url, a->location, ret_location, size) ? TUS_GOES_ON : TUS_ELSEWHERE;
}

enum tus_verdict tus_judge_offset(const struct https_answer *a, int64_t length_bytes,
                                  int64_t *ret_offset)
{
    if (!is_success(a->status))
        return judge_failure(a->status);
    if (a->upload_offset < 0 || a->upload_offset > length_bytes)
        return TUS_NO_OFFSET;
    /* At the very end an empty PATCH asks for the receipt that was lost. */
    *ret_offset = a->upload_offset;
    return TUS_GOES_ON;
}

enum tus_verdict tus_judge_sent(const struct https_answer *a, int64_t from, int64_t to,
                                int64_t length_bytes, int64_t *ret_offset)
{
    if (is_success(a->status) && to == length_bytes)
        return TUS_IS_OVER; /* it must be the receipt */
    if (a->status != 204)
        return judge_failure(a->status);
    if (a->upload_offset <= from || a->upload_offset > to)
        return TUS_NO_OFFSET;
    *ret_offset = a->upload_offset;
    return TUS_GOES_ON;
}

const char *tus_explain(enum tus_verdict verdict)
{
    switch (verdict) {
    case TUS_GOES_ON:
    case TUS_IS_OVER:
        break;
    case TUS_LOST:
        return "the receiver has lost its place in the upload";
    case TUS_NOT_TUS:
        return "the receiver's answer is not what tus 1.0 says";
    case TUS_NO_OFFSET:
        return "the receiver's Upload-Offset is missing or wrong";
    case TUS_ELSEWHERE:
        return "the receiver's Location is not on its own server";
    }
    return "";
}
