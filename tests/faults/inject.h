/* Faults by the linker: every system call that spool, sequencer and signer make on a file or socket goes through a
 * wrapper (-Wl,--wrap), which counts it and can fail, delay, cut short or kill at the i-th. What happened stands
 * in memory shared with the children, so that a fault that was never injected is seen. */
#ifndef CUSTOS_FAULTS_INJECT_H
#define CUSTOS_FAULTS_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "ledger/log.h"

#define CALLS_MAX 8192
#define ACKS_MAX 512
#define SIGNED_MAX 512

typedef enum {
    F_NONE,
    F_KILL,       /* before the call */
    F_KILL_AFTER, /* the call is done */
    F_EIO,
    F_EIO_DONE,   /* done, and reported as failed */
    F_ENOSPC,
    F_EINTR,
    F_SHORT,      /* half of it */
    F_SHORT_BLOCK, /* whole blocks, but not all */
    F_DELAY,
    F_EIO_ON,     /* this call and every later one of its kind */
    F_ENOSPC_ON,
    F_STOP,       /* SIGSTOP before the call; one of the signer's: before the next of the others */
    F_KINDS
} fault_kind;
extern const char *const fault_names[F_KINDS];

typedef enum { C_WRITE, C_PWRITE, C_FSYNC, C_OPEN, C_CREATE, C_RENAME, C_UNLINK, C_MKDIR, C_READ, C_PREAD, C_CHMOD, C_ACCESS, C_FLOCK, C_SYNCFS, C_KINDS } call_kind;
extern const char *const call_names[C_KINDS];

typedef struct {
    uint8_t kind;      /* call_kind */
    bool signer;       /* made by the signer's process */
    uint32_t bytes;
} call;

typedef struct {
    /* asked for */
    fault_kind kind;
    uint32_t at;       /* index of the call, from 1; 0: none */
    uint32_t second;   /* F_EIO once more at this later index, 0: none */
    uint64_t delay_us;
    int64_t clock_ns, boot_ns; /* added to the clocks */
    /* what happened */
    volatile uint32_t calls, fired, kernel_errors;
    call seen[CALLS_MAX];
    volatile uint32_t acked, refused;
    char ack[ACKS_MAX][CU_ID_LEN];
    uint32_t ack_at[ACKS_MAX]; /* operations recorded when it was acknowledged */
    volatile uint32_t signed_n;
    cu_checkpoint cp[SIGNED_MAX];
    uint32_t signed_at[SIGNED_MAX]; /* operations recorded when the signature arrived */
    volatile uint32_t recorded;
    volatile uint32_t rotated;     /* keys replaced */
    volatile uint32_t alarms;      /* rounds that answered CU_CORRUPT */
    char alarm[320];
} inject_shared;

extern inject_shared *inject;
extern bool armed;       /* of this process: calls count */
extern bool in_signer;
extern bool true_space;  /* statvfs tells the truth */
/* file: where what happened outlives the process; NULL: in memory. */
void inject_make(const char *file);
/* Forgets what happened and what was asked for. */
void inject_clear(void);
/* False where the fault makes no sense for the call: it is not injected and does not count. */
bool inject_applies(fault_kind k, const call *c);

/* Called after each call that succeeded, while recording. at: offset in the file. */
typedef struct {
    void (*wrote)(int fd, const void *p, size_t n, off_t at, bool durable);
    void (*begins)(int fd, const void *p, size_t n, off_t at); /* a durable write that is about to be done */
    void (*synced)(int fd);
    void (*synced_all)(void);
    void (*created)(int dirfd, const char *path, int fd);
    void (*made)(int dirfd, const char *path);
    void (*renamed)(int fromfd, const char *from, int tofd, const char *to);
    void (*removed)(int dirfd, const char *path, bool dir);
} inject_record;
extern const inject_record *recorder;

#endif
