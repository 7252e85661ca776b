/* SPDX-License-Identifier: Apache-2.0 */
#include "control/who.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/limits.h"

#define NAMES_MAX   LIMIT_KNOWN_USERS
#define LOOK_UP_MAX 32

struct name {
    uid_t uid;
    char text[WHO_NAME_SIZE];
};

/* One question that the pool answers. */
struct look_up {
    uv_work_t work;
    struct who *who;
    bool with_group;
    uid_t uid;
    size_t count;
    struct name names[LOOK_UP_MAX];
};

struct who {
    uv_loop_t *loop;
    struct look_up *under_way;
    bool has_next; /* `next` came meanwhile */
    uid_t next;
    bool destroyed;
    size_t count;
    struct name names[NAMES_MAX];
};

static void print_number(uid_t uid, char ret_name[WHO_NAME_SIZE])
{
    snprintf(ret_name, WHO_NAME_SIZE, "uid %u", (unsigned)uid);
}

/* In the pool. */
static void add_user(struct look_up *l, uid_t uid)
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    if (l->count == LOOK_UP_MAX)
        return;
    struct name *name = &l->names[l->count++];
    name->uid = uid;
    getpwuid_r(uid, &entry, buffer, sizeof buffer, &found);
    if (found)
        snprintf(name->text, sizeof name->text, "%s", found->pw_name);
    else
        print_number(uid, name->text);
}

static void add_members(struct look_up *l, gid_t gid)
{
    struct group group, *found = NULL;
    struct passwd entry, *user;
    char members[16384], buffer[4096];
    getgrgid_r(gid, &group, members, sizeof members, &found);
    for (char **member = found ? found->gr_mem : NULL; member && *member; member++) {
        user = NULL;
        getpwnam_r(*member, &entry, buffer, sizeof buffer, &user);
        if (!user || l->count == LOOK_UP_MAX)
            continue;
        struct name *name = &l->names[l->count++];
        name->uid = user->pw_uid;
        snprintf(name->text, sizeof name->text, "%s", user->pw_name);
    }
}

static void run_look_up(uv_work_t *work)
{
    struct look_up *l = work->data;
    add_user(l, l->uid);
    if (!l->with_group)
        return;
    add_user(l, 0);
    add_members(l, getgid());
}

static const struct name *find(const struct who *w, uid_t uid)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->names[i].uid == uid)
            return &w->names[i];
    }
    return NULL;
}

static void begin(struct who *w, uid_t uid, bool with_group);

static void finish_look_up(uv_work_t *work, int status)
{
    struct look_up *l = work->data;
    struct who *w = l->who;
    w->under_way = NULL;
    for (size_t i = 0; status == 0 && i < l->count && w->count < NAMES_MAX; i++) {
        if (!find(w, l->names[i].uid))
            w->names[w->count++] = l->names[i];
    }
    free(l);
    if (w->destroyed) {
        free(w);
    } else if (w->has_next) {
        w->has_next = false;
        who_look_up(w, w->next);
    }
}

static void begin(struct who *w, uid_t uid, bool with_group)
{
    struct look_up *l = calloc(1, sizeof *l);
    if (!l)
        return;
    l->work.data = l;
    l->who = w;
    l->uid = uid;
    l->with_group = with_group;
    if (uv_queue_work(w->loop, &l->work, run_look_up, finish_look_up) == 0)
        w->under_way = l;
    else
        free(l);
}

struct who *who_create(uv_loop_t *loop)
{
    struct who *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->loop = loop;
    begin(w, getuid(), true);
    return w;
}

void who_look_up(struct who *w, uid_t uid)
{
    if (!w || w->count == NAMES_MAX || find(w, uid))
        return;
    if (!w->under_way) {
        begin(w, uid, false);
        return;
    }
    w->has_next = true;
    w->next = uid;
}

void who_name(const struct who *w, uid_t uid, char ret_name[WHO_NAME_SIZE])
{
    const struct name *name = w ? find(w, uid) : NULL;
    if (name)
        memcpy(ret_name, name->text, WHO_NAME_SIZE);
    else
        print_number(uid, ret_name);
}

void who_destroy(struct who *w)
{
    if (w && w->under_way)
        w->destroyed = true;
    else
        free(w);
}
