/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates of a test's own, made in a temporary folder. */
#ifndef TOCSIN_TESTS_MOCK_PKI_H
#define TOCSIN_TESTS_MOCK_PKI_H

/*
 * ca.pem, stranger-ca.pem; server, gateway (each .pem and .key) by ca; expired, elsewhere (another
 * host's name) and stranger (by stranger-ca) likewise, for servers; receipt and other
 * (.key and .pub.pem) for receipts; signing.key for events.
 */
void mock_pki_make(void);
void mock_pki_remove(void);

const char *mock_pki_folder(void);
/* The path of a file in it; caller frees. */
char *mock_pki_path(const char *name);

#endif
