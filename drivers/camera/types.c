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

/* NULL: nothing. */
static const char *find_wrong_with_url(const char *url)
{
    static const char scheme[] = "rtsp://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return "must begin with rtsp://";
    const char *host = url + sizeof scheme - 1;
    size_t host_bytes = strcspn(host, "/?");
    if (memchr(host, '@', host_bytes))
        return "must not hold user and password: give them with user: and password_file:";
    return host_bytes == 0 || strpbrk(host, " \"") ? "must be rtsp://host[:port]/path" : NULL;
}

static void check_lav(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct lav_options *o = options;
    const char *wrong = o->url ? find_wrong_with_url(o->url) : NULL;
    if (wrong)
        err_set(driver_mistake(ret_mistakes, "url", 0, NULL), EINVAL, "%s", wrong);
    if (o->password && !o->user)
        err_set(driver_mistake(ret_mistakes, "user", 0, NULL), EINVAL,
                "is missing: there is a password");
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
