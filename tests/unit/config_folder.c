/* SPDX-License-Identifier: Apache-2.0 */
#include "config_folder.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_folder.h"

void config_folder_init(struct config_folder *f)
{
    *f = (struct config_folder){0};
    test_folder(f->path, sizeof f->path);
    snprintf(f->file, sizeof f->file, "%s/tocsin.yaml", f->path);
    config_folder_write(f, "key.pem", "key\n", 4, 0640);
    config_folder_write(f, "ca.pem", "ca\n", 3, 0644);
    config_folder_write(f, "receipt.pem", "receipt\n", 8, 0644);
    config_folder_write(f, "camera.password", "s3cret\r\nsecond line\n", 20, 0640);
    config_folder_write(f, "open.password", "s3cret\n", 7, 0644);
    config_folder_write(f, "empty.password", "\n", 1, 0640);
    char cameras[200];
    snprintf(cameras, sizeof cameras, "%s/cameras", f->path); /* as config/tocsin.yaml has it */
    ck_assert_int_eq(mkdir(cameras, 0750), 0);
    config_folder_write(f, "cameras/gate.password", "s3cret\n", 7, 0640);
}

void config_folder_finish(struct config_folder *f)
{
    DIR *dir = opendir(f->path);
    if (dir) {
        unlinkat(dirfd(dir), "cameras/gate.password", 0);
        unlinkat(dirfd(dir), "cameras", AT_REMOVEDIR);
    }
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(f->path);
    free(f->problems);
}

void config_folder_write(struct config_folder *f, const char *name, const void *text, size_t length,
                         mode_t mode)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static void add_problem(void *arg, const char *line)
{
    FILE *stream = arg;
    fprintf(stream, "%s\n", line);
}

struct config *config_folder_load(struct config_folder *f, const void *text, size_t length,
                                  mode_t mode, const struct config_drivers *drivers)
{
    struct config *config = NULL;
    size_t size;
    free(f->problems);
    FILE *stream = open_memstream(&f->problems, &size);
    ck_assert_ptr_nonnull(stream);
    config_folder_write(f, "tocsin.yaml", text, length, mode);
    f->error.text[0] = '\0';
    f->result = config_load(f->file, drivers, add_problem, stream, &config, &f->error);
    fclose(stream);
    ck_assert_int_eq(f->result == 0, config != NULL);
    return config;
}
