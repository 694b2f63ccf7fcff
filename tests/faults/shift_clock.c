/* Preloaded by tests: wall time is off by the first of two numbers of nanoseconds in a file that all processes map, the
 * time since boot by the second (0: the clock was set; the same as the first: that much time went by). The monotonic
 * clocks stay. The file's name is compiled in, because nginx clears its environment. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *offset;

__attribute__((constructor)) static void open_offset(void)
{
    int fd = open(OFFSET_FILE, O_RDONLY | O_CLOEXEC);
    void *p = fd >= 0 ? mmap(NULL, 2 * sizeof *offset, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    offset = p == MAP_FAILED ? NULL : p;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, t);
    bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    if (rc == 0 && offset && (wall || id == CLOCK_BOOTTIME)) {
        int64_t ns = t->tv_sec * 1000000000LL + t->tv_nsec + offset[wall ? 0 : 1];
        *t = (struct timespec){ns / 1000000000LL, ns % 1000000000LL};
    }
    return rc;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
