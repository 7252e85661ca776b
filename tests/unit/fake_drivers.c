/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_drivers.h"

#include <errno.h>
#include <string.h>

static const char *const levels[] = {"high", "low", NULL};

static const struct option line_table[] = {
    {.key = "chip",
     .type = OPTION_STRING,
     .offset = offsetof(struct fake_line, chip),
     .required = 1,
     .help = "GPIO chip."},
    {.key = "line",
     .type = OPTION_INT,
     .offset = offsetof(struct fake_line, line),
     .required = 1,
     .max = 511,
     .help = "Line of the chip."},
    {.key = "active",
     OPTION_ENUM(struct fake_line, active, levels),
     .fallback = "low",
     .help = "Level while pressed."},
    {.key = "poll",
     .type = OPTION_DURATION,
     .offset = offsetof(struct fake_line, poll_ms),
     .fallback = "500ms",
     .min = 100,
     .max = 5000,
     .help = "How often it is read."},
    OPTION_TABLE_END,
};

static const struct option camera_table[] = {
    {.key = "url",
     .type = OPTION_STRING,
     .offset = offsetof(struct fake_camera, url),
     .required = 1,
     .help = "rtsp://host/path."},
    {.key = "user",
     .type = OPTION_STRING,
     .offset = offsetof(struct fake_camera, user),
     .help = "User at the camera."},
    {.key = "password",
     .type = OPTION_SECRET,
     .offset = offsetof(struct fake_camera, password),
     .help = "Password at the camera."},
    OPTION_TABLE_END,
};

static const struct option uplink_table[] = {
    {.key = "url",
     .type = OPTION_STRING,
     .offset = offsetof(struct fake_uplink, url),
     .required = 1,
     .help = "Where events go."},
    {.key = "ca_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct fake_uplink, ca_file),
     .required = 1,
     .help = "Certificate authority.",
     .file = OPTION_FILE_READ},
    {.key = "receipt_keys",
     .type = OPTION_PATHS,
     .offset = offsetof(struct fake_uplink, receipt_keys),
     .min = 1,
     .max = 2,
     .help = "Public keys.",
     .file = OPTION_FILE_READ},
    {.key = "share",
     .type = OPTION_DECIMAL,
     .offset = offsetof(struct fake_uplink, share),
     .fallback = "0.5",
     .max = 1,
     .help = "A part of a whole."},
    {.key = "buffer",
     .type = OPTION_SIZE,
     .offset = offsetof(struct fake_uplink, buffer_bytes),
     .fallback = "1MiB",
     .min = 4096,
     .max = 16 * 1048576,
     .help = "Memory."},
    {.key = "warm",
     .type = OPTION_BOOL,
     .offset = offsetof(struct fake_uplink, warm),
     .fallback = "true",
     .help = "Whether it dials before it must."},
    OPTION_TABLE_END,
};

static const struct option signer_table[] = {
    {.key = "key_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct fake_signer, key_file),
     .required = 1,
     .help = "Private key.",
     .file = OPTION_FILE_PRIVATE},
    OPTION_TABLE_END,
};

static const struct option no_options[] = {OPTION_TABLE_END};

static void check_url(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct fake_uplink *o = options;
    if (o->url && strncmp(o->url, "https://", 8) != 0)
        err_set(driver_mistake(ret_mistakes, "url", 0, NULL), EINVAL, "must begin with https://");
}

static const struct driver_type gpiod_type = {.name = "gpiod",
                                              .help = "a line",
                                              .options = line_table,
                                              .options_size = sizeof(struct fake_line)};
static const struct driver_type lav_type = {.name = "lav",
                                            .help = "a camera",
                                            .options = camera_table,
                                            .options_size = sizeof(struct fake_camera)};
static const struct driver_type https_type = {.name = "https",
                                              .help = "a receiver",
                                              .options = uplink_table,
                                              .options_size = sizeof(struct fake_uplink),
                                              .check = check_url};
static const struct driver_type pem_type = {.name = "pem",
                                            .help = "a key",
                                            .options = signer_table,
                                            .options_size = sizeof(struct fake_signer)};
static const struct driver_type sim_type = {
    .name = "sim", .help = "nothing", .options = no_options, .simulated = true};

static const struct driver_type *const inputs[] = {&gpiod_type, &sim_type, NULL};
static const struct driver_type *const indicators[] = {&sim_type, NULL};
static const struct driver_type *const cameras[] = {&lav_type, NULL};
static const struct driver_type *const signers[] = {&pem_type, NULL};
static const struct driver_type *const uplinks[] = {&https_type, &sim_type, NULL};

const struct config_drivers fake_drivers = {.inputs = inputs,
                                            .indicators = indicators,
                                            .cameras = cameras,
                                            .signers = signers,
                                            .uplinks = uplinks,
                                            .check_files = true};
