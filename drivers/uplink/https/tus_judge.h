/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver's answers mean to an upload by tus 1.0 (tus.io): pure, and the whole of what a
 * stranger's bytes decide in it. */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_TUS_JUDGE_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_TUS_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/uplink/https/answer.h"

enum tus_verdict {
    TUS_GOES_ON,   /* with the output */
    TUS_IS_OVER,   /* the answer is the outcome of the upload: its receipt, or a refusal */
    TUS_LOST,      /* it forgot the upload, or has other bytes of it than we think: begin anew */
    TUS_NOT_TUS,   /* 2xx, but not what tus 1.0 says */
    TUS_NO_OFFSET, /* its Upload-Offset is missing, or nowhere that it can be */
    TUS_ELSEWHERE, /* its Location is not on the server that was asked */
};

/* To POST at `url`: where the upload is. */
enum tus_verdict tus_judge_created(const struct https_answer *a, const char *url,
                                   char *ret_location, size_t size);
/* To HEAD: how much of the `length_bytes` it has. */
enum tus_verdict tus_judge_offset(const struct https_answer *a, int64_t length_bytes,
                                  int64_t *ret_offset);
/* To PATCH of the bytes from `from` to before `to`: how much it has now. */
enum tus_verdict tus_judge_sent(const struct https_answer *a, int64_t from, int64_t to,
                                int64_t length_bytes, int64_t *ret_offset);

/* A sentence for each verdict but TUS_GOES_ON and TUS_IS_OVER. */
const char *tus_explain(enum tus_verdict verdict);

#endif
