/* The reader of answers: any bytes, in any pieces, are read as in one. */
#include <stdlib.h>
#include "base/error.h"
#include "redact/leak.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_leaks *leaks;
    static uint32_t a, b;
    cu_leak_watch whole, parts;
    size_t room = 2u << 20;
    if (!leaks) {
        leaks = cu_leaks_init(calloc(1, room), room);
        a = cu_leak_owner(leaks, CU_LIT("a"));
        b = cu_leak_owner(leaks, CU_LIT("b"));
    }
    if (n == 0)
        return 0;
    size_t step = 1 + data[0] % 17;
    cu_bytes text = cu_bytes_of(data + 1, n - 1);
    cu_leaks_learn(leaks, a, text);
    cu_leak_watch_begin(&whole, leaks, b);
    cu_leak_watch_feed(&whole, text);
    cu_leak_watch_begin(&parts, leaks, b);
    for (size_t i = 0; i < text.n; i += step)
        cu_leak_watch_feed(&parts, cu_slice(text, i, i + step < text.n ? i + step : text.n));
    CU_ASSERT(memcmp(&whole.reader, &parts.reader, sizeof whole.reader) == 0);
    CU_ASSERT(memcmp(&whole.json, &parts.json, sizeof whole.json) == 0);
    return 0;
}
