/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A temporary folder with the files that the configurations of the tests name, and what config_load
 * says of a configuration written there. One folder a test; config_folder_finish removes it.
 */
#ifndef TOCSIN_TESTS_CONFIG_FOLDER_H
#define TOCSIN_TESTS_CONFIG_FOLDER_H

#include <sys/types.h>

#include "sections/config.h"

struct config_folder {
    char path[64];    /* of the folder */
    char file[100];   /* of the configuration in it */
    char *problems;   /* of the last load, a line each */
    struct err error; /* of the last load */
    int result;
};

void config_folder_init(struct config_folder *f);
void config_folder_finish(struct config_folder *f);

/* Writes a file of the folder with exactly this mode, whatever the umask is. */
void config_folder_write(struct config_folder *f, const char *name, const void *text, size_t length,
                         mode_t mode);

/* Writes tocsin.yaml and loads it; NULL when config_load failed. Caller destroys. */
struct config *config_folder_load(struct config_folder *f, const void *text, size_t length,
                                  mode_t mode, const struct config_drivers *drivers);

#endif
