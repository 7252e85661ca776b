/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/camera/types.h"

static const struct option lav_table[] = {
    {.key = "url",
     .type = OPTION_STRING,
     .offset = offsetof(struct lav_options, url),
     .required = 1,
     .help = "rtsp://host[:port]/path of the stream, without user and password."},
    {.key = "user",
     .type = OPTION_STRING,
     .offset = offsetof(struct lav_options, user),
     .help = "User at the camera."},
    {.key = "password",
     .type = OPTION_SECRET,
     .offset = offsetof(struct lav_options, password),
     .help = "Password at the camera; best as password_file."},
    OPTION_TABLE_END,
};

const struct driver_type camera_lav_type = {
    .name = "lav",
    .help = "RTSP over TCP, H.264 or H.265, by libavformat",
    .options = lav_table,
    .options_size = sizeof(struct lav_options),
};

const struct driver_type *const camera_types[] = {&camera_lav_type, NULL};
