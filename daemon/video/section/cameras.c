/* SPDX-License-Identifier: Apache-2.0 */
#include "video/section/cameras.h"

#include "iface/limits.h"

static const struct option table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct config_camera, id),
     .required = 1,
     .help = "Short name: letters, digits, '-', '_' and '.'."},
    {.key = "name",
     .type = OPTION_STRING,
     .offset = offsetof(struct config_camera, name),
     .max = LIMIT_NAME_BYTES,
     .required = 1,
     .help = "What the camera is called on the police's screen."},
    OPTION_TABLE_END,
};

static void note(const struct section_view *view)
{
    size_t count;
    const struct config_camera *cameras = section_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        if (!section_is_named(view, cameras[i].id))
            section_note(view, i, NULL,
                         "no input names this camera: no alarm will have a clip of it");
    }
}

const struct section cameras_section = {
    .name = "cameras",
    .help = "Cameras, a list.",
    .program = "tocsin-video",
    .is_shared = true,
    .options = table,
    .size = sizeof(struct config_camera),
    .most = LIMIT_CAMERAS,
    .entry = "camera",
    .note = note,
    SECTION_DRIVER(struct config_camera, driver),
    SECTION_PLACE(struct config_camera, at),
};

const struct config_camera *config_find_camera(const struct config_cameras *cameras, const char *id)
{
    return section_find(&cameras_section, cameras->items, cameras->count, id);
}
