/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound of the product that somebody can meet: who writes a configuration, stands at the
 * gate, asks on the machine, writes a receiver. `tocsin limits` prints them. What the loader lets
 * through fits the arrays, masks and messages behind it, because both are of the same constant.
 *
 * A bound that nobody can meet stays where it is: tests/style/bounds names each with the reason,
 * and says which rows are about code that cannot see this file (the receiver's, which shares none).
 *
 * ROW(name, value, measure, reason) makes the constant LIMIT_name; a program that prints the bounds
 * hands its own ROW to LIMITS, or to the list of one group after the other (LIMITS_BY_GROUP).
 */
#ifndef TOCSIN_IFACE_LIMITS_H
#define TOCSIN_IFACE_LIMITS_H

#include <assert.h>

/* What a configuration may hold. */
#define LIMITS_CONFIGURATION(ROW)                                                                  \
    ROW(INPUTS, 64, "inputs", "each has one bit in the masks of exercises and outputs")            \
    ROW(RECEIVERS, 16, "receivers", "each has its lanes, and a row for every event in the store")  \
    ROW(GROUPS, 8, "groups of receivers", "each waits escalate_after for the one before it")       \
    ROW(CAMERAS, 64, "cameras", "each is a process of its own with a ring in memory")              \
    ROW(INPUT_CAMERAS, 32, "cameras of one input", "all of them are named in every alarm")         \
    ROW(LAMPS, 16, "lamps", "each is set again whenever an alarm comes further")                   \
    ROW(OUTPUTS, 16, "outputs", "each is looked at whenever an alarm comes further")               \
    ROW(CONTACTS, 16, "people of site.contacts", "all of them are named in every alarm")           \
    ROW(PRESSES, 10, "presses of one gesture", "their times are remembered for each button")       \
    ROW(ID_BYTES, 64, "bytes of an id", "ids are names of files and words of every message")       \
    ROW(NAME_BYTES, 200, "bytes of a name, place or address", "they go out with every alarm")      \
    ROW(TEXT_BYTES, 512, "bytes of any other text", "unless its key says otherwise")               \
    ROW(URL_BYTES, 1024, "bytes of a receiver's URL", "it is signed with every request")           \
    ROW(SOCKET_BYTES, 107, "bytes of a socket's path", "the kernel's sockaddr_un takes no more")   \
    ROW(FILE_BYTES, 1048576, "bytes of tocsin.yaml", "it is read whole, at every reload")          \
    ROW(FILE_LEVELS, 16, "levels of maps and lists in it",                                         \
        "a deeper one is a mistake in the file")                                                   \
    ROW(FILE_KEYS, 256, "keys of one map in it", "more are a mistake in the file")                 \
    ROW(FILE_MISTAKES, 200, "mistakes told in one run", "those behind them are counted")           \
    ROW(SECRET_BYTES, 4096, "bytes of a file with a secret", "its first line is the secret")       \
    ROW(CREDENTIAL_BYTES, 1048576, "bytes of a key or certificate file",                           \
        "it is read whole, at every reload")

/* At the gate. */
#define LIMITS_PRESSING(ROW)                                                                       \
    ROW(HOLD_MS, 60000, "ms that tocsin press can hold", "0 holds it until tocsin release")        \
    ROW(CHATTER_PRESSES, 20, "presses of one line in 10 s",                                        \
        "more are told with their count, once a minute")                                           \
    ROW(LINE_RETRY_MS, 10000, "ms between two tries at a line's device",                           \
        "doubled from 250 ms on; until then its line is a fault")                                  \
    ROW(CARD_DIGITS, 32, "digits of a card", "a longer number is no card")                         \
    ROW(CARD_MS, 30000, "ms that a shown card counts",                                             \
        "a key that is turned later does not name it")                                             \
    ROW(DISK_MS, 2000, "ms until an event is on the disk",                                         \
        "longer is the fault store; it went out all the same")                                     \
    ROW(JOURNAL_BYTES, 16777216, "bytes of events not on the disk yet",                            \
        "in the journal, the last quarter for presses; more are in memory alone")                  \
    ROW(OWED, 1024, "stored events to be sent yet, in memory",                                     \
        "the oldest that are no presses are in the store alone")                                   \
    ROW(OWED_BYTES, 2097152, "bytes of them", "likewise")

/* What is asked of tocsind on its machine. */
#define LIMITS_ASKING(ROW)                                                                         \
    ROW(CLIENTS, 32, "clients of the control socket", "the next one is told so")                   \
    ROW(REQUEST_BYTES, 65536, "bytes of one request", "a longer line ends the connection")         \
    ROW(REQUESTS, 4, "requests of one client unanswered", "it is read again when one is answered") \
    ROW(ANSWER_BYTES, 4194304, "bytes of answers not yet read",                                    \
        "a client that is further behind is dropped")                                              \
    ROW(WATCH_BYTES, 262144, "bytes that a watcher is behind",                                     \
        "then it is dropped, with a last line")                                                    \
    ROW(ORDERS, 128, "orders whose answer waits for the disk",                                     \
        "the next is told that it is in memory only")                                              \
    ROW(KNOWN_USERS, 64, "users known by name", "the others are told as their numbers")            \
    ROW(LISTED, 500, "events of one tocsin events list", "--before goes on from there")            \
    ROW(RELOAD_MS, 10000, "ms that a reload waits for a disk",                                     \
        "then it is given up, and changes nothing")

/* On the way to a receiver. */
#define LIMITS_SENDING(ROW)                                                                        \
    ROW(ADDRESSES, 8, "addresses of one name", "others of it are not tried")                       \
    ROW(LOOK_UP_MS, 10000, "ms that a name is looked up", "then this look-up has failed")          \
    ROW(DIAL_MS, 60000, "ms between two dials", "while connections do not last")                   \
    ROW(RETRY_MS, 5000, "ms between two tries of an event", "in an outage's first ten minutes")    \
    ROW(RETRY_SLOW_MS, 60000, "ms between two tries later on", "and after a refusal")              \
    ROW(RETRY_WISH_MS, 10000, "ms that a receiver can put off an alarm",                           \
        "a longer Retry-After is cut to it")                                                       \
    ROW(RETRY_AFTER_S, 3600, "s of a Retry-After that is believed", "a longer one is none")        \
    ROW(UPLOAD_RETRY_MS, 60000, "ms between two tries of a clip", "alarms do not wait for it")     \
    ROW(REPLY_BYTES, 65536, "bytes of a receiver's answer", "a longer one is no receipt")          \
    ROW(REPLY_HEADER_BYTES, 16384, "bytes of its headers together", "a longer one is no receipt")  \
    ROW(SIGNATURE_INPUT_BYTES, 512, "bytes of a Signature-Input", "a longer one is no signature")  \
    ROW(RECEIPT_ANSWERS, 64, "answers of people in one receipt",                                   \
        "those behind them come again with the next")                                              \
    ROW(COMMANDS, 4, "commands of a receiver unanswered", "the next is refused")                   \
    ROW(GIVEN_UP, 256, "events given up between two starts", "each is noted until the next start") \
    ROW(EVIDENCE_BYTES, 65536, "bytes of a receipt that are kept",                                 \
        "a longer one counts, and is not kept")

/* Cameras and clips. */
#define LIMITS_FILMING(ROW)                                                                        \
    ROW(STREAMS, 2, "streams of one camera", "one of pictures, one of sound")                      \
    ROW(CAMERA_BYTES, 536870912, "bytes of a camera's process",                                    \
        "beside twice its ring; it gets no more")                                                  \
    ROW(CLIP_WAITING_BYTES, 33554432, "bytes of pictures that wait for the disk",                  \
        "what comes after is a gap that says so")                                                  \
    ROW(CLIP_GROUPS, 10000, "groups of pictures in a part of a clip",                              \
        "each is named in its manifest; the next begins another part")                             \
    ROW(CLIP_LIST_BYTES, 1048576, "bytes of a part's list of them", "a manifest is one message")   \
    ROW(VIDEO_CALLERS, 4, "silent connections to tocsin-video",                                    \
        "beside tocsind's; the first of them is closed for the next")                              \
    ROW(CLIPS_UNSTORED, 4, "clips whose manifest is not stored",                                   \
        "the next is asked for then; it stays with tocsin-video")                                  \
    ROW(CLIPS_WAITING, 1024, "clips in memory that wait for a receiver",                           \
        "those behind them are read from the store when it has taken some")                        \
    ROW(CLIP_GAPS, 1000, "gaps in a part of a clip", "each is named in its manifest")              \
    ROW(CAMERA_SILENCE_MS, 20000, "ms that a camera's process says nothing",                       \
        "then it is killed and begins anew")                                                       \
    ROW(CAMERA_OPEN_MS, 60000, "ms that a camera may take to answer",                              \
        "15 s at the first try, doubled with each")                                                \
    ROW(CAMERA_KEYFRAME_MS, 300000, "ms without its first keyframe",                               \
        "20 s at the first try, doubled with each")                                                \
    ROW(CAMERA_ALARMS, 256, "alarms whose clips a camera may announce",                            \
        "those pressed last; a new process of a camera is told of them")                           \
    ROW(VIDEO_BEAT_MS, 3000, "ms between two beats of tocsin-video",                               \
        "so that it is known to live")                                                             \
    ROW(VIDEO_SILENCE_MS, 12000, "ms of silence until tocsin-video is gone",                       \
        "fault video; it is connected to anew")                                                    \
    ROW(VIDEO_RETRY_MS, 5000, "ms between two tries at tocsin-video", "doubled from 100 ms on")    \
    ROW(CAMERA_RETRY_MS, 60000, "ms between two tries at a camera", "doubled from one second on")

/* The reference receiver (tocsin-receiver). */
#define LIMITS_RECEIVING(ROW)                                                                      \
    ROW(RECEIVER_GATEWAYS, 256, "connections of gateways", "each has a thread of its own")         \
    ROW(RECEIVER_VIEWERS, 128, "connections of viewers", "each has a thread of its own")           \
    ROW(RECEIVER_WAITING, 511, "connections not accepted yet", "the kernel holds no more")         \
    ROW(RECEIVER_EVENT_BYTES, 67108864, "bytes of an event", "what --max-body-bytes can allow")    \
    ROW(RECEIVER_PIECE_BYTES, 8388608, "bytes of one piece of a clip", "a gateway sends four MiB") \
    ROW(RECEIVER_FORM_BYTES, 16384, "bytes of what a viewer sends",                                \
        "an answer to an alarm, with its note")                                                    \
    ROW(RECEIVER_SIGNATURE_BYTES, 512, "bytes of a Signature-Input", "a longer one is refused")    \
    ROW(RECEIVER_LIFE_S, 3600, "s that a signature may be good for",                               \
        "a gateway's is for five minutes")                                                         \
    ROW(RECEIVER_METADATA_BYTES, 256, "bytes of one metadata value of a clip", "in base64")

#define LIMITS(ROW)                                                                                \
    LIMITS_CONFIGURATION(ROW)                                                                      \
    LIMITS_PRESSING(ROW)                                                                           \
    LIMITS_ASKING(ROW)                                                                             \
    LIMITS_SENDING(ROW)                                                                            \
    LIMITS_FILMING(ROW)                                                                            \
    LIMITS_RECEIVING(ROW)

#define LIMITS_BY_GROUP(GROUP)                                                                     \
    GROUP("What a configuration may hold", LIMITS_CONFIGURATION)                                   \
    GROUP("At the gate", LIMITS_PRESSING)                                                          \
    GROUP("What is asked of tocsind on its machine", LIMITS_ASKING)                                \
    GROUP("On the way to a receiver", LIMITS_SENDING)                                              \
    GROUP("Cameras and clips", LIMITS_FILMING)                                                     \
    GROUP("The reference receiver (tocsin-receiver)", LIMITS_RECEIVING)

enum limit {
#define LIMIT_CONSTANT(name, value, measure, reason) LIMIT_##name = (value),
    LIMITS(LIMIT_CONSTANT)
#undef LIMIT_CONSTANT
};

static_assert(LIMIT_INPUTS <= 64, "masks of inputs are uint64_t");
static_assert(LIMIT_RECEIVERS <= 32, "masks of receivers are uint32_t");

#endif
