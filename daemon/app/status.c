/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/encode.h"

static json_t *alarm_json(const struct gateway *gw, const struct incident *incident)
{
    const struct config_input *input = &gw->config->inputs[incident->button];
    char raised_at[CLOCK_TEXT_SIZE];
    clock_format_utc(incident->raised_wall_ms, raised_at);
    json_t *receivers = json_array();
    for (size_t i = 0; i < gw->receiver_count; i++)
        json_array_append_new(receivers,
                              json_pack("{ss,ss,sb}", "id", gw->receivers[i].config->id, "state",
                                        incident_progress_name(incident->progress[i]), "closed",
                                        incident->closing[i]));
    json_t *object = json_pack(
        "{ss,ss,ss,ss,ss,ss,si,si,ss,sb,sb,sb,so}", "alarm", incident->alarm, "nature",
        incident_class_name(incident->class), "kind",
        incident->class == INCIDENT_CLASS_DURESS ? "duress" : config_input_kind_name(input->kind),
        "input", input->id, "name", input->name, "place", input->place, "presses",
        (int)incident->presses, "level", (int)incident->level, "raised_at", raised_at, "pressed",
        incident->held, "at_start", incident->at_start, "cancelled", incident->cancelled,
        "receivers", receivers);
    /* Of another boot only the wall time is known. */
    if (object && incident->raised_ns)
        json_object_set_new(object, "age_ms",
                            json_integer(clock_monotonic_ms() - incident->raised_ns / 1000000));
    return object;
}

/* Whether a duress button is held down is nobody's to see who looks over a shoulder. */
static json_t *inputs_json(const struct gateway *gw, bool with_duress)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gw->input_count; i++) {
        const struct gateway_input *in = &gw->inputs[i];
        json_array_append_new(
            list,
            json_pack("{ss,ss,ss,ss,ss,sb,sb,ss}", "id", in->config->id, "name", in->config->name,
                      "place", in->config->place, "kind", config_input_kind_name(in->config->kind),
                      "driver", in->driver->type.name, "pressed",
                      in->active && (with_duress || in->config->kind != CONFIG_INPUT_DURESS),
                      "known", lines_is_good(in), "fault", in->reason));
    }
    return list;
}

static json_t *cameras_json(const struct gateway *gw)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gw->camera_count; i++) {
        const struct gateway_camera *c = &gw->cameras[i];
        json_array_append_new(
            list, json_pack("{ss,ss,ss,ss,sI,sI}", "id", c->config->id, "name", c->config->name,
                            "state", c->known ? message_camera_state_name(c->state) : "unknown",
                            "reason", c->known ? c->reason : "tocsin-video has not told",
                            "restarts", (json_int_t)c->restarts, "since_ms",
                            (json_int_t)(clock_monotonic_ms() - c->since_ms)));
    }
    return list;
}

static json_t *receivers_json(const struct gateway *gw)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gw->receiver_count; i++) {
        const struct gateway_receiver *r = &gw->receivers[i];
        struct dispatch_status status;
        dispatch_get_status(gw->dispatch, i, &status);
        json_t *one =
            json_pack("{ss,ss,ss,sb,sI,sI,sI,ss,sI}", "id", r->config->id, "name", r->config->name,
                      "state", dispatch_link_name(status.link), "responder", r->config->responder,
                      "backlog", (json_int_t)status.backlog, "uploads", (json_int_t)status.uploads,
                      "failures", (json_int_t)status.failures, "reason", status.reason,
                      "answer_seq", (json_int_t)r->confirmed_seq);
        if (one)
            json_object_set_new(one, "last_receipt_ms_ago",
                                status.last_receipt_ms
                                    ? json_integer(clock_monotonic_ms() - status.last_receipt_ms)
                                    : json_null());
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *clock_json(const struct gateway *gw)
{
    struct clock_stamp now = clock_stamp_at(clock_monotonic_ns(), gw->envelope.floor_ms);
    char time[CLOCK_TEXT_SIZE];
    clock_format_utc(now.wall_ms, time);
    return json_pack("{ss,ss}", "quality", clock_quality_name(now.quality), "time", time);
}

static json_t *store_json(const struct gateway *gw)
{
    size_t waiting = 0;
    for (const struct journey *j = gw->journeys; j; j = j->next)
        waiting += !j->stored;
    return json_pack("{ss,ss,sI,sI}", "state", gw->store_reason[0] ? "fault" : "good", "reason",
                     gw->store_reason, "head_seq", (json_int_t)gw->envelope.last_seq, "in_memory",
                     (json_int_t)waiting);
}

static json_t *lamps_json(const struct gateway *gw)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gw->lamp_count; i++)
        json_array_append_new(list,
                              json_pack("{ss,ss,ss}", "id", gw->lamps[i].config->id, "pattern",
                                        indicator_pattern_name(gw->lamps[i].pattern), "fault",
                                        gw->lamps[i].reason));
    return list;
}

static json_t *outputs_json(const struct gateway *gw)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gw->output_count; i++)
        json_array_append_new(list, json_pack("{ss,sb,ss}", "id", gw->outputs[i].config->id, "on",
                                              gw->outputs[i].on, "fault", gw->outputs[i].reason));
    return list;
}

json_t *status_json(struct gateway *gw, bool with_duress)
{
    json_t *alarms = json_array();
    const struct incident *incident = NULL;
    while ((incident = panel_next_open(&gw->panel, incident))) {
        if (incident->class != INCIDENT_CLASS_DURESS || with_duress)
            json_array_append_new(alarms, alarm_json(gw, incident));
    }
    return json_pack(
        "{ss,ss,ss,ss,sI,so,so,so*,so,so,so,s{sb},so,so,so,so}", "gateway", gw->config->site.id,
        "site", gw->config->site.name, "version", TOCSIN_VERSION, "signing_key", gw->signer->keyid,
        "uptime_ms", (json_int_t)(clock_monotonic_ms() - gw->started_ms), "lamps", lamps_json(gw),
        "alarms", alarms, "exercise", exercises_json(gw), "outputs", outputs_json(gw), "inputs",
        inputs_json(gw, with_duress), "cameras", cameras_json(gw), "video", "connected",
        gw->link && link_client_is_up(gw->link), "receivers", receivers_json(gw), "store",
        store_json(gw), "clock", clock_json(gw), "faults", faults_json(gw));
}

json_t *status_heartbeat(struct gateway *gw, size_t receiver)
{
    size_t open = 0;
    json_t *lines = json_array(), *cameras = json_array();
    for (size_t i = 0; i < gw->input_count; i++) {
        const struct gateway_input *in = &gw->inputs[i];
        open += gw->incidents[i][INCIDENT_CLASS_ALARM].open;
        open += gw->incidents[i][INCIDENT_CLASS_DURESS].open;
        json_array_append_new(lines, json_pack("{ss,ss}", "id", gw->config->inputs[i].id, "state",
                                               !lines_is_good(in) ? "fault"
                                               : in->active       ? "pressed"
                                                                  : "normal"));
    }
    for (size_t i = 0; i < gw->camera_count; i++)
        json_array_append_new(cameras,
                              json_pack("{ss,ss}", "id", gw->cameras[i].config->id, "state",
                                        gw->cameras[i].known
                                            ? message_camera_state_name(gw->cameras[i].state)
                                            : "unknown"));
    return json_pack("{sI,sI,ss,so,so,so*,ss,so}", "answer_seq",
                     (json_int_t)gw->receivers[receiver].confirmed_seq, "open_alarms",
                     (json_int_t)open, "store", gw->store_reason[0] ? "fault" : "good", "inputs",
                     lines, "cameras", cameras, "exercise", exercises_json(gw), "version",
                     TOCSIN_VERSION, "faults", faults_json(gw));
}
