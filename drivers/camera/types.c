/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/camera/types.h"

#include <errno.h>
#include <string.h>

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

static int check_lav(const void *options, const char **ret_key, struct err *e)
{
    static const char scheme[] = "rtsp://";
    const struct lav_options *o = options;
    *ret_key = "url";
    if (strncmp(o->url, scheme, sizeof scheme - 1) != 0)
        return err_set(e, EINVAL, "must begin with rtsp://");
    const char *host = o->url + sizeof scheme - 1;
    size_t host_bytes = strcspn(host, "/?");
    if (memchr(host, '@', host_bytes))
        return err_set(e, EINVAL,
                       "must not hold user and password: give them with user: and password_file:");
    if (host_bytes == 0 || strpbrk(host, " \""))
        return err_set(e, EINVAL, "must be rtsp://host[:port]/path");
    *ret_key = "user";
    if (o->password && !o->user)
        return err_set(e, EINVAL, "is missing: there is a password");
    return 0;
}

const struct driver_type camera_lav_type = {
    .name = "lav",
    .help = "RTSP over TCP, H.264 or H.265, by libavformat",
    .options = lav_table,
    .options_size = sizeof(struct lav_options),
    .check = check_lav,
};

static const struct option sim_table[] = {
    {.key = "file",
     .type = OPTION_PATH,
     .offset = offsetof(struct sim_camera_options, file),
     .required = 1,
     .file = OPTION_FILE_READ,
     .help = "What it shows, over and over: a film in H.264 or H.265 that user tocsin-video may "
             "read, not below /home or /tmp."},
    OPTION_TABLE_END,
};

const struct driver_type camera_sim_type = {
    .name = "sim",
    .help = "no camera: a file is played, for trials and demonstrations",
    .options = sim_table,
    .options_size = sizeof(struct sim_camera_options),
    .simulated = true,
};

const struct driver_type *const camera_types[] = {&camera_lav_type, &camera_sim_type, NULL};
