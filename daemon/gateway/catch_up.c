/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that could not be read when the gateway started, and is read now: what it holds of before
 * joins what has come since. In the order of the start, and so that who shows it is asked last.
 * When this returns, what came of it is handed over: the rows of before are written over then.
 */
#include "gateway/internal.h"

static void take(struct gateway *gw, const struct outbox_found *found)
{
    faults_catch_up(gw->faults, found);
    faults_drop_gone(gw->faults, subjects_has, gw->config);
    delivery_catch_up(gw->delivery, found);
    incidents_catch_up(gw->incidents, found);
    clips_catch_up(gw->clips, found);
}

void catch_up(void *arg, const struct outbox_found *found)
{
    struct gateway *gw = arg;
    if (gw->stopping)
        return;
    take(gw, found);
    if (found->earlier)
        take(gw, found->earlier);
    incidents_end_old_exercise(gw->incidents);
    lamps_look_again(gw->lamps);
    outputs_look_again(gw->outputs);
}
