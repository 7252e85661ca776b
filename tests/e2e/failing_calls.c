/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program: a call to the kernel, SQLite or OpenSSL, or a word to systemd, fails
 * when the plan says so (failing_plan.h), without having done anything. Of what is read and written
 * files alone: libuv's own pipes cannot fail. What calls it counts as well: libcurl, OpenSSL and
 * SQLite stand on the same.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_plan.h"

#define REAL(name) ((__typeof__(&(name)))(next(#name)))

/* A function's address has a data pointer's size here; ISO C does not say so. */
static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static bool is_file(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/* With errno set, if so. */
static bool fails(enum failing_kind kind, int code)
{
    if (!failing_now(kind))
        return false;
    errno = code;
    return true;
}

static bool file_fails(enum failing_kind kind, int fd)
{
    return is_file(fd) && fails(kind, EIO);
}

/* --- Files ---------------------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
    mode_t mode;
    va_list arguments;
    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(FAILING_OPEN, EMFILE) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    mode_t mode;
    va_list arguments;
    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(FAILING_OPEN, EMFILE) ? -1 : REAL(open64)(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    return fails(FAILING_OPEN, EMFILE) ? NULL : REAL(fopen)(path, mode);
}

ssize_t read(int fd, void *to, size_t length)
{
    return file_fails(FAILING_READ, fd) ? -1 : REAL(read)(fd, to, length);
}

ssize_t pread(int fd, void *to, size_t length, off_t at)
{
    return file_fails(FAILING_READ, fd) ? -1 : REAL(pread)(fd, to, length, at);
}

ssize_t pread64(int fd, void *to, size_t length, off64_t at)
{
    return file_fails(FAILING_READ, fd) ? -1 : REAL(pread64)(fd, to, length, at);
}

ssize_t write(int fd, const void *data, size_t length)
{
    return file_fails(FAILING_WRITE, fd) ? -1 : REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    return file_fails(FAILING_WRITE, fd) ? -1 : REAL(pwrite)(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    return file_fails(FAILING_WRITE, fd) ? -1 : REAL(pwrite64)(fd, data, length, at);
}

int ftruncate(int fd, off_t length)
{
    return file_fails(FAILING_WRITE, fd) ? -1 : REAL(ftruncate)(fd, length);
}

int fsync(int fd)
{
    return fails(FAILING_SYNC, EIO) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails(FAILING_SYNC, EIO) ? -1 : REAL(fdatasync)(fd);
}

int stat(const char *path, struct stat *ret_info)
{
    return fails(FAILING_NAME, EIO) ? -1 : REAL(stat)(path, ret_info);
}

int rename(const char *from, const char *to)
{
    return fails(FAILING_NAME, EIO) ? -1 : REAL(rename)(from, to);
}

int unlink(const char *path)
{
    return fails(FAILING_NAME, EIO) ? -1 : REAL(unlink)(path);
}

/* --- The network ---------------------------------------------------------------------------- */

int socket(int domain, int type, int protocol)
{
    return fails(FAILING_NETWORK, EMFILE) ? -1 : REAL(socket)(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
    return fails(FAILING_NETWORK, ENETUNREACH) ? -1 : REAL(connect)(fd, to, length);
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    return fails(FAILING_NETWORK, ECONNRESET) ? -1 : REAL(send)(fd, data, length, flags);
}

ssize_t recv(int fd, void *to, size_t length, int flags)
{
    return fails(FAILING_NETWORK, ECONNRESET) ? -1 : REAL(recv)(fd, to, length, flags);
}

/* --- SQLite: its answer, and what it says of it until it is called again --------------------- */

static __thread int said;

static bool sqlite_fails(void)
{
    said = failing_now(FAILING_SQLITE) ? SQLITE_IOERR : SQLITE_OK;
    return said != SQLITE_OK;
}

int sqlite3_errcode(sqlite3 *db)
{
    return said ? said : REAL(sqlite3_errcode)(db);
}

const char *sqlite3_errmsg(sqlite3 *db)
{
    return said ? sqlite3_errstr(said) : REAL(sqlite3_errmsg)(db);
}

int sqlite3_open_v2(const char *path, sqlite3 **ret_db, int flags, const char *vfs)
{
    *ret_db = NULL;
    return sqlite_fails() ? said : REAL(sqlite3_open_v2)(path, ret_db, flags, vfs);
}

int sqlite3_step(sqlite3_stmt *statement)
{
    return sqlite_fails() ? said : REAL(sqlite3_step)(statement);
}

int sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback callback, void *arg,
                 char **ret_text)
{
    return sqlite_fails() ? said : REAL(sqlite3_exec)(db, sql, callback, arg, ret_text);
}

int sqlite3_prepare_v2(sqlite3 *db, const char *sql, int length, sqlite3_stmt **ret_statement,
                       const char **ret_tail)
{
    *ret_statement = NULL;
    return sqlite_fails() ? said
                          : REAL(sqlite3_prepare_v2)(db, sql, length, ret_statement, ret_tail);
}

int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int length, unsigned flags,
                       sqlite3_stmt **ret_statement, const char **ret_tail)
{
    *ret_statement = NULL;
    return sqlite_fails()
               ? said
               : REAL(sqlite3_prepare_v3)(db, sql, length, flags, ret_statement, ret_tail);
}

int sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *ret_log, int *ret_moved)
{
    return sqlite_fails() ? said
                          : REAL(sqlite3_wal_checkpoint_v2)(db, name, mode, ret_log, ret_moved);
}

/* --- OpenSSL -------------------------------------------------------------------------------- */

EVP_MD_CTX *EVP_MD_CTX_new(void)
{
    return failing_now(FAILING_OPENSSL) ? NULL : REAL(EVP_MD_CTX_new)();
}

int EVP_MD_CTX_copy_ex(EVP_MD_CTX *to, const EVP_MD_CTX *from)
{
    return failing_now(FAILING_OPENSSL) ? 0 : REAL(EVP_MD_CTX_copy_ex)(to, from);
}

int EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t length)
{
    return failing_now(FAILING_OPENSSL) ? 0 : REAL(EVP_DigestUpdate)(context, data, length);
}

int EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *ret_digest, unsigned *ret_length)
{
    return failing_now(FAILING_OPENSSL) ? 0
                                        : REAL(EVP_DigestFinal_ex)(context, ret_digest, ret_length);
}

int EVP_DigestSignInit(EVP_MD_CTX *context, EVP_PKEY_CTX **ret_key_context, const EVP_MD *type,
                       ENGINE *engine, EVP_PKEY *key)
{
    return failing_now(FAILING_OPENSSL)
               ? 0
               : REAL(EVP_DigestSignInit)(context, ret_key_context, type, engine, key);
}

int EVP_DigestSign(EVP_MD_CTX *context, unsigned char *ret_signature, size_t *ret_length,
                   const unsigned char *data, size_t length)
{
    return failing_now(FAILING_OPENSSL)
               ? 0
               : REAL(EVP_DigestSign)(context, ret_signature, ret_length, data, length);
}

int EVP_DigestVerifyInit(EVP_MD_CTX *context, EVP_PKEY_CTX **ret_key_context, const EVP_MD *type,
                         ENGINE *engine, EVP_PKEY *key)
{
    return failing_now(FAILING_OPENSSL)
               ? 0
               : REAL(EVP_DigestVerifyInit)(context, ret_key_context, type, engine, key);
}

int EVP_DigestVerify(EVP_MD_CTX *context, const unsigned char *signature, size_t length,
                     const unsigned char *data, size_t data_length)
{
    return failing_now(FAILING_OPENSSL)
               ? 0
               : REAL(EVP_DigestVerify)(context, signature, length, data, data_length);
}

/* --- systemd: a datagram of sd_notify's, for which there is no room now ----------------------- */

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to,
               socklen_t to_length)
{
    bool is_notify = to && to->sa_family == AF_UNIX;
    return is_notify && fails(FAILING_NOTIFY, EAGAIN)
               ? -1
               : REAL(sendto)(fd, data, length, flags, to, to_length);
}
