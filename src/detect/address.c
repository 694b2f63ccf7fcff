/* Postal addresses by their build: a house number beside a street, then what may follow (flat, town,
 * state, country) as long as something sure follows (a postal code, a state with one, a country). */
#include <strings.h>
#include "address_words.h"
#include "engine.h"
#include "names.h"

#define MAX_WORDS 6
#define MAX_BACK 64u
#define MAX_TAIL 8

static uint8_t at(cu_bytes t, size_t i)
{
    return i < t.n ? t.p[i] : 0;
}

/* Past the longest word of the kind at i that ends there, or i. */
static size_t take(cu_bytes t, size_t i, unsigned kind)
{
    const uint16_t *from = cu_address_from[kind];
    size_t end = i;
    uint8_t first = at(t, i);
    for (unsigned k = from[first]; k < from[first + 1]; k++) {
        const cu_address_word *w = &cu_address_words[k];
        if (i + w->n > end && t.n - i >= w->n && memcmp(t.p + i, w->text, w->n) == 0 && !cu_alnum(at(t, i + w->n)))
            end = i + w->n;
    }
    return end;
}

static bool is_word(cu_bytes w, unsigned kind)
{
    return w.n && take(w, 0, kind) == w.n;
}

/* shortest: bytes of the ending. Behind a number a short one is more often that of an English word
 * ("229 Entering"); where these languages say it, the number follows. */
static bool ends_like_street(cu_bytes w, size_t shortest)
{
    uint8_t last = w.n ? w.p[w.n - 1] : 0;
    const uint16_t *from = cu_address_from[CU_ADDRESS_ENDING];
    for (unsigned k = from[last]; k < from[last + 1]; k++) {
        const char *text = cu_address_words[k].text;
        size_t len = cu_address_words[k].n;
        if (len < shortest)
            continue;
        /* Alone ("Str", "Weg", "Platz") with a capital, or at the end of a longer word. */
        if (w.n >= len + 3 && memcmp(w.p + w.n - len, text, len) == 0)
            return true;
        if (w.n == len && len > 2 && (w.p[0] | 32) == (uint8_t)text[0] && w.p[0] < 'a' && memcmp(w.p + 1, text + 1, len - 1) == 0)
            return true;
    }
    return false;
}

/* A house or flat number: up to six digits, a letter, a range. Past it, or i. */
static size_t number_end(cu_bytes t, size_t i)
{
    size_t end = i;
    while (end - i < 6 && cu_digit(at(t, end)))
        end++;
    if (end == i || cu_digit(at(t, end)))
        return i;
    if ((at(t, end) == '-' || at(t, end) == '/') && cu_digit(at(t, end + 1)))
        for (end++; cu_digit(at(t, end)) && end - i < 12;)
            end++;
    if (cu_alnum(at(t, end)) && !cu_alnum(at(t, end + 1)))
        end++;
    return cu_alnum(at(t, end)) || at(t, end) == '_' ? i : end;
}

static size_t postal_end(cu_bytes t, size_t i)
{
    size_t d = 0;
    while (d < 7 && cu_digit(at(t, i + d)))
        d++;
    if (d == 5 && at(t, i + 5) == '-' && cu_digit(at(t, i + 6)) && cu_digit(at(t, i + 7)) &&
        cu_digit(at(t, i + 8)) && cu_digit(at(t, i + 9)) && !cu_alnum(at(t, i + 10)))
        return i + 10;
    return d >= 4 && d <= 6 && !cu_alnum(at(t, i + d)) ? i + d : i;
}

/* A postal code of the United Kingdom, of Canada or the Netherlands, or one of two groups of digits (Poland,
 * Portugal, Brazil, Japan). Past it, or i. */
static size_t mixed_code_end(cu_bytes t, size_t i)
{
    static const char *const forms[] = {"A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA", "A9A 9A9",
        "9999 AA", "99-999", "9999-999", "99999-999", "999-9999"};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        size_t k = 0;
        for (; forms[f][k]; k++) {
            uint8_t c = at(t, i + k);
            if (forms[f][k] == '9' ? !cu_digit(c) : forms[f][k] == 'A' ? c < 'A' || c > 'Z' : c != (uint8_t)forms[f][k])
                break;
        }
        if (!forms[f][k] && !cu_alnum(at(t, i + k)) && at(t, i + k) != '-')
            return i + k;
    }
    return i;
}

static size_t gap(cu_bytes t, size_t i)
{
    size_t k = i;
    while (k - i < 5 && (at(t, k) == ' ' || at(t, k) == ',' || at(t, k) == '\n' || at(t, k) == '\r' || at(t, k) == '\t' || at(t, k) == '.'))
        k++;
    return k;
}

static size_t unit_end(cu_bytes t, size_t i, unsigned kind)
{
    size_t end = take(t, i, kind);
    if (end == i)
        return i;
    end += at(t, end) == '.';
    end += at(t, end) == ' ';
    size_t past = number_end(t, end);
    return past > end ? past : i;
}

static bool state(cu_bytes t, size_t i)
{
    return at(t, i) >= 'A' && at(t, i) <= 'Z' && at(t, i + 1) >= 'A' && at(t, i + 1) <= 'Z' && !cu_alnum(at(t, i + 2));
}

/* What follows a street: the end of the last sure part, or `from`. */
static size_t tail(cu_bytes t, size_t from, bool *sure)
{
    size_t best = from, i = from;
    unsigned towns = 0;
    for (int k = 0; k < MAX_TAIL; k++) {
        size_t next = gap(t, i), end;
        if (next == i || next >= t.n)
            break;
        if ((end = unit_end(t, next, CU_ADDRESS_UNIT)) > next || (end = take(t, next, CU_ADDRESS_COUNTRY)) > next) {
            *sure = true;
            best = i = end;
        } else if ((end = unit_end(t, next, CU_ADDRESS_UNIT_SMALL)) > next || (end = mixed_code_end(t, next)) > next) {
            best = i = end;
        } else if ((end = postal_end(t, next)) > next) {
            best = i = end;
            /* "99998 Musterhausen": where the code stands before the town. */
            if (!towns && cu_digit(t.p[end - 1]) && at(t, end) == ' ' && postal_end(t, next) == end &&
                cu_name_word(t, end + 1) > end + 1)
                best = i = cu_name_word(t, end + 1), towns++;
        } else if (state(t, next)) {
            i = next + 2;
            if (postal_end(t, gap(t, i)) > gap(t, i) || at(t, i) == '\n' || !at(t, i))
                best = i, *sure = true;
        } else if ((end = cu_name_word(t, next)) > next) {
            if (++towns > 4)
                break;
            i = end;
        } else {
            size_t caps = next; /* a town in capitals */
            while (caps < t.n && caps - next < 30 && ((t.p[caps] >= 'A' && t.p[caps] <= 'Z') || t.p[caps] >= 0x80))
                caps++;
            if (caps < next + 3 || ++towns > 4)
                break;
            i = caps;
        }
    }
    return best;
}

/* Past "184th", "1st", "22nd"; or i. */
static size_t ordinal_end(cu_bytes t, size_t i)
{
    static const char behind[] = "thstndrd";
    size_t k = i;
    while (k - i < 3 && cu_digit(at(t, k)))
        k++;
    for (size_t b = 0; b < 8 && k > i; b += 2)
        if (at(t, k) == (uint8_t)behind[b] && at(t, k + 1) == (uint8_t)behind[b + 1] && !cu_alnum(at(t, k + 2)))
            return k + 2;
    return i;
}

/* "12 rue de la Paix", "4 Elm Street", "88 Kaiserstraße": what stands behind a number. */
static size_t street_behind(cu_bytes t, size_t i, bool *street)
{
    size_t end = i, low = take(t, i, CU_ADDRESS_LEAD);
    bool lead = false;
    unsigned names = 0; /* words with a capital: "3 via the" has none */
    *street = low > i;
    if (low > i)
        end = i = low;
    for (int k = 0; k < MAX_WORDS; k++) {
        size_t from = end + (k > 0 || *street), past;
        if (from > end && at(t, end) != ' ')
            break;
        past = cu_name_word(t, from);
        if (past == from && *street && k < 3) { /* "de la" after "rue" */
            while (past < t.n && past - from < 4 && t.p[past] >= 'a' && t.p[past] <= 'z')
                past++;
            if (past == from || at(t, past) != ' ')
                break;
            end = past;
            continue;
        }
        if (past == from && (past = ordinal_end(t, from)) == from)
            break;
        cu_bytes w = cu_slice(t, from, past);
        end = past;
        if (w.n < 4 && at(t, end) == '.' && at(t, end + 1) == ' ' && !(k > 0 && is_word(w, CU_ADDRESS_STREET)))
            end++; /* "N. Main Street", "St. John Road" */
        else if (at(t, end) == '\'' && at(t, end + 1) == 's' && at(t, end + 2) == ' ')
            end += 2;
        bool named = is_word(w, CU_ADDRESS_STREET);
        *street |= k > 0 && (named || lead);
        lead |= named; /* "Avenue Foch" */
        names++;
        if ((named && k > 0) || ends_like_street(w, cu_digit(at(t, past + 1)) ? 0 : 5)) {
            *street = true;
            return end + (at(t, end) == '.' && w.n < 5);
        }
    }
    *street &= names > 0;
    return end;
}

/* "Free Software Foundation, Inc., 51 Franklin Street": where an organisation sits is nobody's home. Signs
 * of comments may stand between. */
static bool of_organisation(cu_bytes t, size_t i)
{
    static const char *const ends[] = {"Inc.", "Inc", "Foundation", "Ltd.", "Ltd", "GmbH", "LLC", "Corp."};
    size_t k = i;
    while (k > 0 && i - k < 16 && t.p[k - 1] && strchr(" ,\t\r\n#*;/\"", t.p[k - 1]))
        k--;
    for (size_t n = 0; n < sizeof ends / sizeof *ends && k < i; n++) {
        size_t len = strlen(ends[n]);
        if (k >= len && memcmp(t.p + k - len, ends[n], len) == 0)
            return true;
    }
    return false;
}

static cu_err keep(const cu_engine *e, cu_bytes t, size_t start, size_t end, cu_findings *out)
{
    return of_organisation(t, start) ? CU_OK : cu_found(e, out, e->finder[CU_FIND_ADDRESS], start, end);
}

static cu_err number_first(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    bool street;
    size_t from = number_end(t, i);
    if (from == i || at(t, from) != ' ')
        return CU_OK;
    size_t core = street_behind(t, from + 1, &street);
    if (core < from + 4)
        return CU_OK;
    size_t house = at(t, core) == ' ' ? number_end(t, core + 1) : 0;
    if (house > core + 1)
        core = house;
    bool sure = false;
    size_t end = tail(t, core, &sure);
    if (!street && (!sure || !cu_prose_around(t, i)))
        return CU_OK;
    *past = end;
    return keep(e, t, i, end, out);
}

/* "Configuring 64", "Necktie 2", "Brigade 3": words of English end like these streets. */
static bool english_ending(cu_bytes w)
{
    return w.n > 4 && (memcmp(w.p + w.n - 3, "tie", 3) == 0 || memcmp(w.p + w.n - 4, "ring", 4) == 0 ||
                       memcmp(w.p + w.n - 4, "gade", 4) == 0);
}

/* "via", "Rue": a word that leads a street, in any case. */
static bool leads_street(cu_bytes w)
{
    uint8_t small[12] = {0};
    for (size_t c = 0; c < w.n && w.n < sizeof small; c++)
        small[c] = w.p[c] >= 'A' && w.p[c] <= 'Z' ? w.p[c] + 32 : w.p[c];
    cu_bytes v = cu_bytes_of(small, w.n);
    return w.n < sizeof small && (is_word(v, CU_ADDRESS_LEAD) || is_word(v, CU_ADDRESS_LEAD_BEFORE));
}

/* The begin of the "P.O. Box " that ends before the number at i, or i. */
static size_t box_before(cu_bytes t, size_t i)
{
    const uint16_t *from = cu_address_from[CU_ADDRESS_BOX] + t.p[i - 2];
    for (unsigned k = from[0]; k < from[1]; k++) {
        const cu_address_word *w = &cu_address_words[k];
        if (i > w->n && memcmp(t.p + i - 1 - w->n, w->text, w->n) == 0)
            return i - 1 - w->n;
    }
    return i;
}

/* The name before a small word such as "utca" or "gate", which begins at i: up to three words with capitals; its
 * begin, or i. */
static size_t name_before(cu_bytes t, size_t i, size_t floor)
{
    size_t begin = i;
    for (int k = 0; k < 3 && begin > floor + 1 && t.p[begin - 1] == ' '; k++) {
        size_t first = begin - 1;
        while (first > floor && (cu_alnum(t.p[first - 1]) || t.p[first - 1] >= 0x80 || t.p[first - 1] == '-'))
            first--;
        if (cu_name_word(t, first) != begin - 1 || first + 1 == begin - 1)
            break;
        begin = first;
    }
    return begin;
}

/* "Király utca", "Karl Johans gate" before the small word w at i: its begin, or i. */
static size_t before_small_word(cu_bytes t, size_t i, cu_bytes w, size_t floor)
{
    bool any = is_word(w, CU_ADDRESS_BEHIND) || (at(t, i + w.n) == '.' && is_word(cu_slice(t, i, i + w.n + 1), CU_ADDRESS_BEHIND));
    bool genitive = i > 2 && t.p[i - 2] == 's' && is_word(w, CU_ADDRESS_BEHIND_GENITIVE);
    return any || genitive ? name_before(t, i, floor) : i;
}

/* The begin of the street that ends before the number at i ("Via Roma 12", "Hauptstraße 5"), or i. */
static size_t street_before(cu_bytes t, size_t i)
{
    size_t end = i - 1, floor = i > MAX_BACK ? i - MAX_BACK : 0, box = box_before(t, i);
    if (box < i)
        return box;
    if (at(t, end - 1) == ',' || at(t, end - 1) == '.')
        end--;
    unsigned names = 0; /* words with a capital: "place is 0" has none */
    for (int k = 0; k < MAX_WORDS && end > floor; k++) {
        size_t from = end;
        while (from > floor && (cu_alnum(t.p[from - 1]) || t.p[from - 1] >= 0x80 || t.p[from - 1] == '-' || t.p[from - 1] == '\''))
            from--;
        if (from == end || cu_digit(t.p[from]))
            return i;
        cu_bytes w = cu_slice(t, from, end);
        bool capital = cu_name_word(t, from) > from;
        if (k == 0 && capital && ends_like_street(w, 0))
            return english_ending(w) ? i : from;
        if (k == 0 && capital && w.n > 3 && is_word(w, CU_ADDRESS_STREET) && from > 1 && t.p[from - 1] == ' ') {
            size_t first = from - 1;
            while (first > floor && cu_alnum(t.p[first - 1]))
                first--;
            return cu_name_word(t, first) > first ? first : i;
        }
        if (k == 0 && !capital && from > 1 && t.p[from - 1] == ' ' && before_small_word(t, from, w, floor) < from)
            return before_small_word(t, from, w, floor);
        if (names > 0 && leads_street(w))
            return from;
        names += capital;
        if (!capital && w.n > 3)
            return i;
        end = from;
        if (end > floor && t.p[end - 1] == ' ')
            end--;
        if (end > floor && t.p[end - 1] == '.')
            end--;
    }
    return i;
}

static cu_err number_last(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    size_t end = number_end(t, i);
    if (i < 2 || end == i)
        return CU_OK;
    size_t start = street_before(t, i);
    bool sure = false;
    if (start == i || !cu_starts_token(t, start))
        return CU_OK;
    end = tail(t, end, &sure);
    *past = end;
    return keep(e, t, start, end, out);
}

static bool is_lead_of_military(cu_bytes t, size_t i)
{
    static const char *const leads[] = {"PSC", "UNIT", "USS", "USNS", "USCGC", "USNV", "CMR"};
    for (size_t k = 0; k < sizeof leads / sizeof *leads; k++) {
        size_t n = strlen(leads[k]);
        if (t.n - i > n && strncasecmp((const char *)t.p + i, leads[k], n) == 0 && !cu_alnum(t.p[i + n]))
            return true;
    }
    return false;
}

/* "PSC 12, Box 345\nAPO AE 09123": mail of the US forces; i is the postal code. */
static cu_err military(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    if (i < 7 || !cu_starts_token(t, i - 7))
        return CU_OK;
    const char *p = (const char *)t.p + i - 7;
    if ((strncasecmp(p, "APO A", 5) && strncasecmp(p, "FPO A", 5) && strncasecmp(p, "DPO A", 5)) || !strchr("AEPaep", p[5]) ||
        !p[5] || p[6] != ' ' || postal_end(t, i) == i)
        return CU_OK;
    size_t start = i - 7, lines = 0;
    for (size_t k = start; k-- > 0 && i - k < 60;) {
        lines += t.p[k] == '\n';
        if (t.p[k] == CU_DETECT_SEPARATOR || lines > 1)
            break;
        if (cu_starts_token(t, k) && is_lead_of_military(t, k))
            start = k;
    }
    *past = postal_end(t, i);
    return cu_found(e, out, e->finder[CU_FIND_ADDRESS], start, *past);
}

cu_err cu_find_address(const cu_engine *e, cu_bytes t, size_t i, size_t run, size_t *past, cu_findings *out)
{
    size_t was = *past;
    if (run - i > 6)
        return CU_OK;
    bool space = at(t, run) == ' ';
    uint8_t next = space ? at(t, run + 1) : 0;
    if (run < t.n && ((space && ((next >= 'A' && next <= 'Z') || next >= 0x80 || cu_digit(next) ||
                                 cu_begins_street(next))) || t.p[run] == '-' || t.p[run] == '/' || cu_alnum(t.p[run])))
        CU_TRY(number_first(e, t, i, past, out));
    if (*past == was && i > 1 && t.p[i - 1] == ' ' && (cu_alnum(t.p[i - 2]) || t.p[i - 2] == '.' ||
                                                      t.p[i - 2] == ',' || t.p[i - 2] >= 0x80) && !cu_digit(t.p[i - 2]))
        CU_TRY(number_last(e, t, i, past, out));
    if (*past == was && run - i == 5 && i >= 7 && t.p[i - 1] == ' ')
        CU_TRY(military(e, t, i, past, out));
    return CU_OK;
}
