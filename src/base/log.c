#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"

static const char *process_name = "custos";
static cu_log_level threshold = CU_LOG_INFO;

void cu_say_init(const char *process, cu_log_level level)
{
    process_name = process;
    threshold = level;
}

void cu_say(cu_log_level level, const char *fmt, ...)
{
    static const char *const words[] = {"error", "warning", "info", "debug"};
    char when[CU_TIME_LEN], text[1024], line[1200];
    va_list ap;
    if (level > threshold)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cu_time_text(cu_now_ns(), when);
    int n = snprintf(line, sizeof line, "%s %s %s: %s\n", when, process_name, words[level], text);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nowhere left to say it */
}
