/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/secret.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "iface/limits.h"

#define SECRET_FILE_MAX LIMIT_SECRET_BYTES

/* Whose file it must become is known to this process alone. */
static int refused(const char *file, struct err *e)
{
    const struct group *group = getgrgid(getegid());
    return err_set(e, EACCES, "%s: Permission denied: chgrp %s and chmod 0640 that file", file,
                   group ? group->gr_name : "(the group of this service)");
}

int secret_read(const char *file, char **ret_secret, struct err *e)
{
    struct stat st;
    char *text;
    if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH))
        return err_set(e, EPERM, "%s: others may read this secret: chmod 0640 %s", file, file);
    int result = atomic_file_read(file, SECRET_FILE_MAX, &text, NULL, e);
    if (result == -EACCES)
        return refused(file, e);
    if (result != 0)
        return result;
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0]) {
        *ret_secret = text;
        return 0;
    }
    free(text);
    return err_set(e, ENODATA, "%s: its first line is empty; the secret must stand there", file);
}

void secret_set(void *member, char *secret)
{
    char **at = member;
    free(*at);
    *at = secret;
}

void secret_put_off(struct config_driver *driver, const struct option *option, const char *file,
                    const char *why)
{
    struct config_unread *grown =
        reallocarray(driver->unread, driver->unread_count + 1, sizeof *grown);
    char *copy = strdup(file);
    if (!grown || !copy || (!driver->trouble && !(driver->trouble = strdup(why))))
        abort();
    grown[driver->unread_count++] = (struct config_unread){option, copy};
    driver->unread = grown;
}

void secret_forget(struct config_driver *driver)
{
    for (size_t i = 0; i < driver->unread_count; i++)
        free(driver->unread[i].file);
    free(driver->unread);
    free(driver->trouble);
    driver->unread = NULL;
    driver->unread_count = 0;
    driver->trouble = NULL;
}

int config_read_again(struct config_driver *driver, struct err *e)
{
    struct driver_mistakes mistakes = {.count = 0};
    if (driver->trouble && driver->unread_count == 0)
        return err_set(e, EINVAL, "%s", driver->trouble);
    while (driver->unread_count > 0) {
        struct config_unread *last = &driver->unread[driver->unread_count - 1];
        char *secret;
        int result = secret_read(last->file, &secret, e);
        if (result != 0)
            return result;
        secret_set((char *)driver->options + last->option->offset, secret);
        free(last->file);
        driver->unread_count--;
    }
    secret_forget(driver);
    if (driver->type->check)
        driver->type->check(driver->options, &mistakes);
    return driver_first_mistake(&mistakes, e);
}
