/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event says, read back from its bytes: for uplinks that have words of their own for it.
 * Here, beside what writes those bytes, so that no driver parses them. Pure; loop thread.
 */
#ifndef TOCSIN_ENVELOPE_VIEW_H
#define TOCSIN_ENVELOPE_VIEW_H

#include "base/err.h"
#include "iface/event.h"

/* -EBADMSG if the bytes are no event of ours. Texts that do not fit are cut between characters. */
int envelope_view(const struct event *event, struct event_view *ret_view, struct err *e);

#endif
