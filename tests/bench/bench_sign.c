/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one event costs in signatures: the whole headers of a request (profile_sign, on the press
 * path), and checking them again, for both algorithms; the floor of signing is one raw signature
 * by libcrypto over the same text, interleaved.
 *
 *   bench_sign FOLDER-OF-KEYS [ROUNDS]      p256.key, ed25519.key and their .pub.pem
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench_stats.h"
#include "drivers/signer/signers.h"
#include "wire/profile.h"

static const char url[] = "https://police.example:8443/v1/events";

struct bench {
    struct signer *signer;
    struct key_ring ring;
    EVP_PKEY *pkey;
    EVP_MD_CTX *context;
    struct bench_series sign, verify, floor;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_sign: %s\n", what);
    exit(1);
}

static void open_keys(struct bench *b, const char *folder, const char *name)
{
    char path[4096], *options = path;
    struct err e;
    snprintf(path, sizeof path, "%s/%s.key", folder, name);
    if (signer_pem.open(&options, &b->signer, &e) != 0)
        die(e.text);
    FILE *f = fopen(path, "r");
    b->pkey = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    b->context = EVP_MD_CTX_new();
    if (!b->pkey || !b->context)
        die(path);
    fclose(f);
    snprintf(path, sizeof path, "%s/%s.pub.pem", folder, name);
    if (keys_add_file(&b->ring, path, &e) != 0)
        die(e.text);
}

static void close_keys(struct bench *b)
{
    signer_pem.close(b->signer);
    keys_finish(&b->ring);
    EVP_PKEY_free(b->pkey);
    EVP_MD_CTX_free(b->context);
    free(b->sign.ns);
    free(b->verify.ns);
    free(b->floor.ns);
}

/* One signature by libcrypto alone over a text as long as the one that the profile signs. */
static void run_floor(struct bench *b)
{
    static const unsigned char text[420];
    unsigned char signature[SIGNER_SIGNATURE_MAX];
    size_t length = sizeof signature;
    const EVP_MD *digest = EVP_PKEY_is_a(b->pkey, "ED25519") ? NULL : EVP_sha256();
    int64_t begin_ns = clock_monotonic_ns();
    if (EVP_DigestSignInit(b->context, NULL, digest, NULL, b->pkey) != 1 ||
        EVP_DigestSign(b->context, signature, &length, text, sizeof text) != 1)
        die("libcrypto cannot sign");
    bench_add(&b->floor, clock_monotonic_ns() - begin_ns);
    EVP_MD_CTX_reset(b->context);
}

static void run_round(struct bench *b, int64_t round)
{
    struct profile_request request = {
        .method = "POST", .target_uri = url, .created_s = 1763885730 + round, .expires_s = 0};
    struct profile_headers headers;
    struct signature_params params;
    struct err e;
    request.expires_s = request.created_s + 300;
    memcpy(request.nonce, &round, sizeof round);
    memcpy(request.digest, &round, sizeof round);
    int64_t begin_ns = clock_monotonic_ns();
    if (profile_sign(b->signer, &request, &headers, &e) != 0)
        die(e.text);
    int64_t signed_ns = clock_monotonic_ns();
    if (profile_verify("POST", url, request.digest, &headers, &b->ring, &params, &e) != 0)
        die(e.text);
    bench_add(&b->verify, clock_monotonic_ns() - signed_ns);
    bench_add(&b->sign, signed_ns - begin_ns);
}

static void print_line(const char *what, const char *name, struct bench_series *s,
                       struct bench_series *floor_series)
{
    double p50 = bench_percentile_us(s, 50), p99 = bench_percentile_us(s, 99);
    printf("{\"bench\":\"sign\",\"case\":\"%s %s\",\"n\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f", what,
           name, s->count, p50, p99);
    if (floor_series) {
        double f50 = bench_percentile_us(floor_series, 50);
        double f99 = bench_percentile_us(floor_series, 99);
        printf(",\"floor_p50_us\":%.1f,\"floor_p99_us\":%.1f,\"ratio_p50\":%.2f,\"ratio_p99\":%.2f",
               f50, f99, p50 / f50, p99 / f99);
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"p256", "ed25519"};
    int rounds = argc == 3 ? atoi(argv[2]) : 2000;
    if (argc < 2 || argc > 3 || rounds < 1) {
        fprintf(stderr, "usage: bench_sign FOLDER-OF-KEYS [ROUNDS]\n");
        return 2;
    }
    for (size_t i = 0; i < 2; i++) {
        struct bench b = {0};
        open_keys(&b, argv[1], names[i]);
        for (int round = 0; round < rounds; round++) {
            run_floor(&b);
            run_round(&b, round);
        }
        print_line("sign", names[i], &b.sign, &b.floor);
        print_line("verify", names[i], &b.verify, NULL);
        close_keys(&b);
    }
    return 0;
}
