/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clips, by tus 1.0 core: POST /v1/clips, HEAD and PATCH /v1/clips/<manifest>. A clip is bound to a
 * manifest event that is stored already; the piece is written after its own digest and signature
 * were checked; the whole must have the manifest's hash.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "headers.h"
#include "http.h"

/* One request at a time: two connections must not append to one file at once. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static void part_path(const struct receiver *r, const char *manifest, const char *ending,
                      char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/%s.%s", store_clips_folder(r->store), manifest, ending);
}

static int64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, int64_t offset,
                              int64_t length, const char *location)
{
    char text[32];
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Tus-Resumable", "1.0.0");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    snprintf(text, sizeof text, "%lld", (long long)offset);
    MHD_add_response_header(response, "Upload-Offset", text);
    if (length >= 0) {
        snprintf(text, sizeof text, "%lld", (long long)length);
        MHD_add_response_header(response, "Upload-Length", text);
    }
    if (location)
        MHD_add_response_header(response, "Location", location);
    enum MHD_Result result = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return result;
}

static void hex_to_bytes(const char *hex, unsigned char *ret_bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned value;
        sscanf(hex + 2 * i, "%2x", &value);
        ret_bytes[i] = (unsigned char)value;
    }
}

static enum MHD_Result give_receipt(struct receiver *r, struct MHD_Connection *c,
                                    const struct store_clip *clip, const char *request_digest)
{
    unsigned char hash[DIGEST_BYTES];
    char digest[DIGEST_TEXT_SIZE];
    struct receipt receipt;
    hex_to_bytes(clip->sha256, hash, sizeof hash);
    signature_digest_text(hash, digest);
    const struct receipt_content content = {.kind = "clip",
                                            .id = clip->manifest,
                                            .digest = digest,
                                            .request_digest = request_digest,
                                            .received_at = clip->entry.received_at,
                                            .receiver_seq = clip->entry.receiver_seq,
                                            .answers = store_answers(r->store, clip->source)};
    if (!receipt_make(&r->receipt_key, &content, &receipt))
        return http_error(c, 500, "the receipt could not be signed");
    return http_receipt(c, &receipt);
}

static bool hash_file(const char *path, char ret_hex[65])
{
    unsigned char block[65536], hash[DIGEST_BYTES];
    FILE *f = fopen(path, "rb");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = f && context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t got; good && (got = fread(block, 1, sizeof block, f)) > 0;)
        EVP_DigestUpdate(context, block, got);
    good = good && !ferror(f) && EVP_DigestFinal_ex(context, hash, NULL) == 1;
    for (int i = 0; good && i < DIGEST_BYTES; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", hash[i]);
    EVP_MD_CTX_free(context);
    if (f)
        fclose(f);
    return good;
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static enum MHD_Result complete(struct receiver *r, struct MHD_Connection *c,
                                struct store_clip *clip, const char *part, const char *digest)
{
    char hex[65] = "", whole[4200];
    if (!hash_file(part, hex))
        return http_error(c, 503, "the file cannot be read back");
    if (strcmp(hex, clip->sha256) != 0) {
        unlink(part);
        return http_error(c, 460, "the file's hash is not the manifest's; it was dropped");
    }
    part_path(r, clip->manifest, "mp4", whole, sizeof whole);
    if (!sync_path(part, O_RDONLY) || rename(part, whole) != 0 ||
        !sync_path(store_clips_folder(r->store), O_RDONLY | O_DIRECTORY) ||
        !store_complete_clip(r->store, clip->manifest, &clip->entry))
        return http_error(c, 503, "the store does not take anything now");
    return give_receipt(r, c, clip, digest);
}

/* The offset that is told must still be true after a power cut, or the file would end in zeros. */
static bool append(const char *path, const struct request *request)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    size_t done = 0;
    while (fd >= 0 && done < request->length) {
        ssize_t written = write(fd, request->body + done, request->length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    bool good = fd >= 0 && done == request->length && fdatasync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* POST: what is here of the clip; its receipt if that is all of it. */
static enum MHD_Result create(struct receiver *r, struct MHD_Connection *c,
                              const struct request *request, const struct signed_request *s,
                              struct store_clip *clip)
{
    char location[96], part[4200];
    (void)request;
    if (headers_number(http_header(c, "Upload-Length")) != clip->length)
        return http_error(c, 409, "Upload-Length is not the manifest's length of %lld",
                          (long long)clip->length);
    if (clip->complete)
        return give_receipt(r, c, clip, s->digest);
    snprintf(location, sizeof location, "/v1/clips/%s", clip->manifest);
    part_path(r, clip->manifest, "part", part, sizeof part);
    if (size_of(part) == clip->length) /* stopped between the last piece and its receipt */
        return complete(r, c, clip, part, s->digest);
    return answer(c, 201, size_of(part), clip->length, location);
}

/* HEAD: how much of it is here. */
static enum MHD_Result measure(struct receiver *r, struct MHD_Connection *c,
                               const struct request *request, const struct signed_request *s,
                               struct store_clip *clip)
{
    char part[4200];
    (void)request;
    (void)s;
    part_path(r, clip->manifest, "part", part, sizeof part);
    return answer(c, 200, clip->complete ? clip->length : size_of(part), clip->length, NULL);
}

static enum MHD_Result patch(struct receiver *r, struct MHD_Connection *c,
                             const struct request *request, const struct signed_request *s,
                             struct store_clip *clip)
{
    char part[4200];
    const char *type = http_header(c, "Content-Type");
    int64_t offset = headers_number(http_header(c, "Upload-Offset"));
    if (clip->complete)
        return give_receipt(r, c, clip, s->digest);
    if (offset < 0 || !type || strcmp(type, "application/offset+octet-stream") != 0)
        return http_error(c, 400, "Upload-Offset and application/offset+octet-stream are needed");
    part_path(r, clip->manifest, "part", part, sizeof part);
    int64_t size = size_of(part);
    if (offset != size)
        return http_error(c, 409, "Upload-Offset is %lld, but %lld bytes are here",
                          (long long)offset, (long long)size);
    if (size + (int64_t)request->length > clip->length)
        return http_error(c, 413, "more than the manifest's length of %lld",
                          (long long)clip->length);
    if (!append(part, request))
        return http_error(c, 507, "the disk does not take the piece");
    if (size + (int64_t)request->length == clip->length)
        return complete(r, c, clip, part, s->digest);
    return answer(c, 204, size + (int64_t)request->length, -1, NULL);
}

typedef enum MHD_Result (*step_handler)(struct receiver *r, struct MHD_Connection *c,
                                        const struct request *request,
                                        const struct signed_request *s, struct store_clip *clip);

/* Which clip a request is about, and what it wants of it; NULL if it was answered. */
static step_handler read_step(struct MHD_Connection *c, const char *method,
                              const struct request *request, char ret_manifest[64],
                              enum MHD_Result *ret_result)
{
    const char *version = http_header(c, "Tus-Resumable");
    const char *named = request->target + strlen("/v1/clips");
    bool is_head = strcmp(method, "HEAD") == 0;
    if (version && strcmp(version, "1.0.0") != 0) {
        *ret_result = http_error(c, 412, "Tus-Resumable 1.0.0 is spoken here");
        return NULL;
    }
    if (!named[0] && strcmp(method, "POST") == 0) {
        if (headers_metadata(http_header(c, "Upload-Metadata"), "manifest", ret_manifest, 64) &&
            event_is_uuid(ret_manifest))
            return create;
        *ret_result = http_error(c, 400, "Upload-Metadata must name the manifest's event id");
    } else if (named[0] != '/' || !event_is_uuid(named + 1)) {
        *ret_result = http_error(c, 404, "no such upload");
    } else if (is_head || strcmp(method, "PATCH") == 0) {
        snprintf(ret_manifest, 64, "%s", named + 1);
        return is_head ? measure : patch;
    } else {
        *ret_result = http_error(c, 405, "POST, HEAD or PATCH");
    }
    return NULL;
}

enum MHD_Result tus_handle(struct receiver *r, struct MHD_Connection *c, const char *method,
                           const struct request *request)
{
    struct signed_request s;
    struct store_clip clip;
    enum MHD_Result result;
    char manifest[64];
    if (intake_authenticate(r, c, method, request, &s, &result) != 0)
        return result;
    enum store_result nonce = store_use_nonce(r->store, s.signature.nonce, s.nonce_until_s);
    if (nonce == STORE_REPLAY)
        return http_error(c, 409, "this nonce was used before");
    if (nonce != STORE_NEW)
        return http_error(c, 503, "the store does not take anything now");
    step_handler step = read_step(c, method, request, manifest, &result);
    if (!step)
        return result;
    pthread_mutex_lock(&writing);
    if (!store_find_clip(r->store, manifest, &clip))
        result = http_error(c, 404, "no manifest event %s was received", manifest);
    else if (!keys_may_speak(s.key, clip.source))
        result = http_error(c, 403, "key %s does not speak for %s", s.key->keyid, clip.source);
    else
        result = step(r, c, request, &s, &clip);
    pthread_mutex_unlock(&writing);
    return result;
}
