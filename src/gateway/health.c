/* What the daemon's checks say about upstreams: a file of lines VENDOR INDEX DOWN-UNTIL. It marks; it
 * never refuses: a file that cannot be read leaves the traffic's own experience. */
#include "gateway.h"
#include "base/file.h"

#define FILE_NAME "health"
#define FILE_MAX ((size_t)1 << 20)

static struct stat seen;

static cu_bytes word(cu_bytes *line)
{
    size_t end = cu_find(*line, CU_LIT(" "), 0);
    cu_bytes w = cu_slice(*line, 0, end == (size_t)-1 ? line->n : end);
    *line = end == (size_t)-1 ? CU_NONE : cu_slice(*line, end + 1, line->n);
    return w;
}

static void take_line(const gw_main_conf *conf, cu_bytes line)
{
    cu_bytes vendor = word(&line);
    cu_bytes n = word(&line);
    ngx_int_t index = ngx_atoi((u_char *)(uintptr_t)n.p, n.n);
    time_t until = ngx_atotm((u_char *)(uintptr_t)line.p, line.n);
    if (index != NGX_ERROR && until != NGX_ERROR)
        gw_balance_mark(conf, vendor, (size_t)index, until);
}

void gw_health_refresh(const gw_main_conf *conf)
{
    struct stat st;
    cu_buf file CU_CLEAN_BUF = CU_BUF(FILE_MAX);
    if (conf->places_n == 0 || fstatat(gw.run_fd, FILE_NAME, &st, 0) != 0 || gw_same_file(&st, &seen))
        return;
    seen = st;
    if (cu_file_read(gw.run_fd, FILE_NAME, &file) != CU_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "custos: the states of the upstreams cannot be read");
        return;
    }
    for (cu_bytes rest = cu_buf_view(&file); rest.n;) {
        size_t end = cu_find(rest, CU_LIT("\n"), 0);
        end = end == (size_t)-1 ? rest.n : end;
        take_line(conf, cu_slice(rest, 0, end));
        rest = cu_slice(rest, end < rest.n ? end + 1 : end, rest.n);
    }
}
