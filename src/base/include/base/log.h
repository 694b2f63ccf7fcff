/* Operating messages on standard error, one line each. Never holds values from a request. */
#ifndef CUSTOS_BASE_LOG_H
#define CUSTOS_BASE_LOG_H

typedef enum { CU_LOG_ERROR, CU_LOG_WARN, CU_LOG_INFO, CU_LOG_DEBUG } cu_log_level;

void cu_say_init(const char *process, cu_log_level level);
void cu_say(cu_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
