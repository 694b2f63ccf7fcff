/* Persons' names in prose. One pass stops where a capitalised word begins; a filter of 8 KB lets
 * few of them through to the table of names. Names that no list holds are found by the words before
 * them: those are rules (catalog/rules/pii/contact.yaml). */
#include "engine.h"
#include "names.h"

#define MAX_PARTS 6
#define AROUND 120u /* bytes on each side that decide whether a place is prose */

static bool upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool letter(uint8_t c)
{
    return upper(c) || (c >= 'a' && c <= 'z') || c >= 0x80;
}

static bool begins_capital(cu_bytes t, size_t i)
{
    if (i >= t.n)
        return false;
    if (upper(t.p[i]))
        return true;
    if (i + 1 >= t.n)
        return false;
    /* Latin-1 capitals are C3 80 to C3 9E. In Latin Extended-A (U+0100 to U+017F) a capital is even, but
     * odd from U+0139 to U+0148 and from U+0179 on. */
    if (t.p[i] != 0xc4 && t.p[i] != 0xc5)
        return (t.p[i] == 0xc3 && t.p[i + 1] < 0x9f) || (t.p[i] == 0xce && t.p[i + 1] >= 0x86 && t.p[i + 1] < 0xac) ||
               (t.p[i] == 0xd0 && t.p[i + 1] < 0xb0); /* Greek, Cyrillic */
    unsigned c = (t.p[i] & 0x1fu) << 6 | (t.p[i + 1] & 0x3fu);
    return c == 0x178 || (c & 1) == ((c >= 0x139 && c <= 0x148) || c >= 0x179);
}

unsigned cu_name_flags(cu_bytes word)
{
    char name[CU_NAME_MAX];
    size_t n = cu_name_fold(word.p, word.n, name);
    if (n < 2)
        return 0;
    uint32_t hash = cu_name_hash(name, n);
    for (uint32_t h = hash % CU_NAME_SLOTS; cu_name_slot[h]; h = (h + 1) % CU_NAME_SLOTS) {
        const uint8_t *entry = cu_name_pool + cu_name_slot[h] % CU_NAME_POOL;
        if (cu_name_slot[h] / CU_NAME_POOL == hash / CU_NAME_POOL && strcmp((const char *)entry + 1, name) == 0)
            return *entry;
    }
    return 0;
}

size_t cu_name_word(cu_bytes t, size_t i)
{
    size_t end = i, capitals = 0;
    if (!begins_capital(t, i))
        return i;
    while (end < t.n && end - i < 40) {
        uint8_t c = t.p[end];
        bool joins = (c == '\'' || c == '-') && end + 1 < t.n && letter(t.p[end + 1]) && end > i &&
                     !(c == '\'' && end + 1 < t.n && t.p[end + 1] == 's' &&
                       (end + 2 >= t.n || !letter(t.p[end + 2])));
        if (!letter(c) && !joins)
            break;
        capitals += upper(c);
        end++;
    }
    /* "McDonald", "Jean-Luc", "LeRoy", but no aCamelName and no ABBREVIATION. */
    return capitals > 2 || (capitals == end - i && end - i > 1) ? i : end;
}

/* The signs that programs are made of. */
static const bool of_code[256] = {['{'] = 1, ['}'] = 1, ['['] = 1, [']'] = 1, ['('] = 1, [')'] = 1, [';'] = 1, ['='] = 1, ['<'] = 1,
    ['>'] = 1, ['_'] = 1, ['*'] = 1, ['#'] = 1, ['|'] = 1, ['$'] = 1, ['/'] = 1, ['`'] = 1};

bool cu_prose_around(cu_bytes t, size_t i)
{
    size_t from = i > AROUND ? i - AROUND : 0, to = i + AROUND < t.n ? i + AROUND : t.n, signs = 0;
    while (i > from && t.p[i - 1] != CU_DETECT_SEPARATOR)
        i--;
    for (from = i; from < to && t.p[from] != CU_DETECT_SEPARATOR; from++)
        signs += of_code[t.p[from]];
    return signs < 3;
}

bool cu_name_plausible(cu_bytes v)
{
    for (size_t i = 0; i < v.n;) {
        size_t end = i;
        while (end < v.n && letter(v.p[end]))
            end++;
        if (end > i && cu_name_flags(cu_slice(v, i, end)) == CU_NAME_WORD)
            return false;
        i = end > i ? end : i + 1;
    }
    return true;
}

/* "van", "de la", "bin" between the parts of a name; past it and its space, or i. */
static size_t particle(cu_bytes t, size_t i)
{
    static const char *const words[] = {"van der ", "van den ", "van de ", "van ", "von der ",
        "von ", "zu ", "de la ", "de ", "del ", "della ", "di ", "da ", "dos ", "das ", "do ", "du ",
        "der ", "den ", "ter ", "ten ", "la ", "le ", "bin ", "ibn ", "al-", "el-", "al ", "el ", "y "};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t n = strlen(words[k]);
        if (t.n - i > n && memcmp(t.p + i, words[k], n) == 0 && begins_capital(t, i + n))
            return i + n;
    }
    return i;
}

/* The next part of a name that ends at `end`: "B.", "B", "Karl", "van Loon". */
static size_t next_part(cu_bytes t, size_t end, unsigned *flags)
{
    if (end + 1 >= t.n || t.p[end] != ' ')
        return end;
    size_t at = particle(t, end + 1), past = cu_name_word(t, at);
    *flags = 0;
    if (past == at)
        return end;
    if (past == at + 1)
        return past < t.n && t.p[past] == '.' ? past + 1 : end;
    *flags = cu_name_flags(cu_slice(t, at, past));
    return *flags == CU_NAME_WORD ? end : past;
}

/* A quote written with a backslash: a text within a text. */
static bool escaped_quote(cu_bytes t, size_t i)
{
    return i + 1 < t.n && t.p[i] == '\\' && (t.p[i + 1] == '"' || t.p[i + 1] == '\'');
}

static bool code_beside(cu_bytes t, size_t start, size_t end)
{
    if (start && strchr("./_#@$\\:-\"'", t.p[start - 1]) && t.p[start - 1] &&
        !(start > 1 && (t.p[start - 2] == ' ' || escaped_quote(t, start - 2))))
        return true;
    if (end >= t.n || !t.p[end] || escaped_quote(t, end))
        return false;
    return strchr("(_=[</\\@*{-", t.p[end]) != NULL || cu_digit(t.p[end]) ||
           (strchr(".:", t.p[end]) && end + 1 < t.n && (cu_alnum(t.p[end + 1]) || t.p[end + 1] == ':'));
}

static cu_err titled(const cu_engine *e, cu_bytes t, size_t end, cu_findings *out, size_t *past)
{
    unsigned flags;
    size_t dot = end < t.n && t.p[end] == '.' ? end + 1 : end, at = dot + 1, last = dot;
    for (int k = 0; k < 4; k++) {
        size_t next = next_part(t, last, &flags);
        if (next == last)
            break;
        last = next;
    }
    if (last <= at || last - at < 3)
        return CU_OK;
    *past = last;
    return cu_found(e, out, e->finder[CU_FIND_PERSON_CUE], at, last);
}

/* "Ashwenna Yoshida": a capitalised word that no list holds stands before a family name; its begin. */
static size_t word_before(cu_bytes t, size_t i)
{
    size_t from = i - (i > 0);
    if (i < 4 || t.p[i - 1] != ' ')
        return i;
    while (from > 0 && i - from < 24 && letter(t.p[from - 1]))
        from--;
    cu_bytes word = cu_slice(t, from, i - 1);
    if (cu_name_word(t, from) != i - 1 || word.n < 3 || !cu_starts_token(t, from) ||
        cu_name_flags(word) & CU_NAME_WORD)
        return i;
    return from;
}

/* "Virginia Park Station", "Gauss Transform": a word that no person bears goes on behind the name. */
static bool of_a_thing(cu_bytes t, size_t end)
{
    size_t past = end + 1 < t.n && t.p[end] == ' ' ? cu_name_word(t, end + 1) : end + 1;
    return past > end + 1 && cu_name_flags(cu_slice(t, end + 1, past)) == CU_NAME_WORD;
}

/* "Julie" as the whole of a quoted string: a word of a list, a month, a label. Names that somebody bears
 * have a key beside them, which is another rule's. */
static bool whole_string(cu_bytes t, size_t i, size_t end)
{
    uint8_t q = i ? t.p[i - 1] : 0;
    return (q == '"' || q == '\'' || q == '`') && end < t.n && t.p[end] == q;
}

static bool listed_beside(cu_bytes t, size_t i, size_t end);

#define LIST_MAX 24u /* members of an enumeration that are looked at */

/* Past ", ", " and ", ", and " or " & " at i, or i. */
static size_t joint(cu_bytes t, size_t i)
{
    static const char *const joints[] = {", and ", ", ", " and ", " & "};
    for (size_t k = 0; k < sizeof joints / sizeof *joints; k++) {
        size_t n = strlen(joints[k]);
        if (t.n - i > n && memcmp(t.p + i, joints[k], n) == 0)
            return i + n;
    }
    return i;
}

/* The begin of the word that stands with a comma before i, or i. */
static size_t member_before(cu_bytes t, size_t i)
{
    if (i < 5 || t.p[i - 1] != ' ' || t.p[i - 2] != ',')
        return i;
    size_t end = i - 2, from = end;
    while (from > 0 && end - from < 24 && (letter(t.p[from - 1]) || t.p[from - 1] == '-'))
        from--;
    return cu_name_word(t, from) == end && end - from > 2 && from > 0 && cu_starts_token(t, from) ? from : i;
}

/* "They had six: Malon, Mark, Kaylee, Brandi and Jo": in a row of three or more of which two can be nothing but
 * given names and none is an ordinary word, all are names. i is the begin of one; *past is behind the last. */
static cu_err enumeration(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    struct { size_t start, end; } member[LIST_MAX];
    size_t n = 0, sure = 0, at = i;
    for (size_t k = 0, from; k < LIST_MAX / 2 && (from = member_before(t, at)) != at; k++)
        at = from;
    for (size_t next = at; n < LIST_MAX; at = next) {
        size_t end = cu_name_word(t, at);
        unsigned flags = end > at ? cu_name_flags(cu_slice(t, at, end)) : CU_NAME_WORD;
        if (end < at + 2 || flags & (CU_NAME_WORD | CU_NAME_TITLE) || code_beside(t, at, end))
            break;
        sure += flags & CU_NAME_GIVEN && !(flags & CU_NAME_GIVEN_VAGUE);
        member[n].start = at;
        member[n++].end = end;
        if ((next = joint(t, end)) == end)
            break;
    }
    if (n < 3 || sure < 2 || member[n - 1].end <= i)
        return CU_OK;
    for (size_t k = 0; k < n; k++)
        CU_TRY(cu_found(e, out, e->finder[CU_FIND_PERSON_LONE], member[k].start, member[k].end));
    *past = member[n - 1].end;
    return CU_OK;
}

#define SPEECH 240u /* bytes of a line of a dialogue, at most */

/* The word before the colon with which the line of a dialogue begins at i ("Ylva: Come in!"); its end, or i. */
static size_t speaker(cu_bytes t, size_t i)
{
    size_t end = cu_name_word(t, i);
    if (end < i + 2 || end + 2 >= t.n || t.p[end] != ':')
        return i;
    uint8_t next = t.p[end + 1], first = t.p[end + 2];
    bool quoted = next == '"' || next == '\'' || escaped_quote(t, end + 1);
    return quoted || (next == ' ' && (begins_capital(t, end + 2) || first == '"' || first == '\'' || escaped_quote(t, end + 2))) ? end : i;
}

/* Who speaks in the line that begins at i is found though no list holds the name, or it is a word too, if nothing
 * says that it is none. */
static cu_err other_speaker(const cu_engine *e, cu_bytes t, size_t i, cu_findings *out)
{
    size_t end = speaker(t, i);
    unsigned flags = end > i ? cu_name_flags(cu_slice(t, i, end)) : CU_NAME_WORD;
    if (flags & (CU_NAME_WORD | CU_NAME_TITLE) || end < i + 3 || (flags & CU_NAME_GIVEN && !(flags & CU_NAME_GIVEN_VAGUE)))
        return CU_OK;
    return cu_found(e, out, e->finder[CU_FIND_PERSON_LONE], i, end);
}

/* The lines before and behind one in which somebody speaks whose name, at i, is nothing but a name. */
static cu_err dialogue(const cu_engine *e, cu_bytes t, size_t i, size_t end, cu_findings *out)
{
    if ((i && t.p[i - 1] != '\n') || speaker(t, i) != end)
        return CU_OK;
    if (i > 1) {
        size_t before = i - 1;
        while (before > 0 && i - before < SPEECH && t.p[before - 1] != '\n' && t.p[before - 1] != CU_DETECT_SEPARATOR)
            before--;
        if (i - before < SPEECH)
            CU_TRY(other_speaker(e, t, before, out));
    }
    size_t room = t.n - end < SPEECH ? t.n - end : SPEECH;
    const uint8_t *line = memchr(t.p + end, '\n', room), *wall = memchr(t.p + end, CU_DETECT_SEPARATOR, room);
    return line && (!wall || wall > line) ? other_speaker(e, t, (size_t)(line - t.p) + 1, out) : CU_OK;
}

/* A word of the lists begins at i. */
static cu_err name_at(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    size_t end = cu_name_word(t, i), last = end;
    /* Most words of programs end before a sign that names are not followed by. */
    if (end < t.n && (t.p[end] == '_' || t.p[end] == '(' || cu_digit(t.p[end])))
        return CU_OK;
    unsigned first = end > i ? cu_name_flags(cu_slice(t, i, end)) : 0, flags, parts = 1;
    bool family = false, doubtful = false;
    if (!first || code_beside(t, i, end) || (first & CU_NAME_WORD && !(first & CU_NAME_TITLE)))
        return CU_OK;
    if (first & CU_NAME_TITLE)
        return titled(e, t, end, out, past);
    for (; parts < MAX_PARTS; parts++) {
        size_t next = next_part(t, last, &flags);
        if (next == last)
            break;
        family |= (flags & CU_NAME_FAMILY) != 0;
        doubtful |= !(flags & (CU_NAME_FAMILY | CU_NAME_GIVEN)) && t.p[next - 1] != '.';
        last = next;
    }
    *past = last;
    if (code_beside(t, i, last) || of_a_thing(t, last))
        return CU_OK;
    bool given = first & CU_NAME_GIVEN, vague = first & (CU_NAME_GIVEN_VAGUE | CU_NAME_FAMILY_VAGUE);
    if (parts > 1 && given && family && !(vague && doubtful))
        return cu_found(e, out, e->finder[CU_FIND_PERSON], i, last);
    if ((vague && !(parts == 1 && given && listed_beside(t, i, last))) || !cu_prose_around(t, i) || (parts == 1 && (last - i < 3 || whole_string(t, i, last))))
        return CU_OK;
    if (parts == 1 && given && !vague) {
        CU_TRY(enumeration(e, t, i, past, out));
        if (*past > last)
            return CU_OK;
        CU_TRY(dialogue(e, t, i, last, out));
    }
    if (!given && first & CU_NAME_FAMILY)
        i = word_before(t, i);
    return given || parts > 1 || (i > 1 && t.p[i - 1] == ' ' && t.p[i - 2] != '.' && t.p[i - 2])
               ? cu_found(e, out, e->finder[CU_FIND_PERSON_LONE], i, last) : CU_OK;
}

/* Each word is one of the lists, or none of word.txt behind one; `vague`: one that is an ordinary word too will do
 * alone. */
static bool all_listed(cu_bytes v, bool vague)
{
    size_t words = 0;
    for (size_t i = 0; i < v.n;) {
        size_t end = i;
        while (end < v.n && (letter(v.p[end]) || v.p[end] == '-'))
            end++;
        if (end == i) {
            i++;
            continue;
        }
        unsigned flags = cu_name_flags(cu_slice(v, i, end));
        if (flags & (CU_NAME_WORD | CU_NAME_TITLE) || (!words && !(flags & (CU_NAME_GIVEN | CU_NAME_FAMILY))) ||
            (!words && !vague && end == v.n && flags & (CU_NAME_GIVEN_VAGUE | CU_NAME_FAMILY_VAGUE)))
            return false;
        words++;
        i = end;
    }
    return words > 0;
}

/* For values in lower case behind words that only names follow: each is a word of the lists, and no
 * other word of the language. */
bool cu_name_listed(cu_bytes v)
{
    return all_listed(v, false);
}

bool cu_name_known(cu_bytes v)
{
    return all_listed(v, true);
}

/* "Mark, Jan and Kaylee": a word that may be a name stands in a list beside one that can be nothing else. */
static bool listed_beside(cu_bytes t, size_t i, size_t end)
{
    size_t from = i > 2 && t.p[i - 1] == ' ' && t.p[i - 2] == ',' ? i - 2 : 0, before = from;
    while (before > 0 && from - before < 24 && letter(t.p[before - 1]))
        before--;
    unsigned flags = from > before && begins_capital(t, before) ? cu_name_flags(cu_slice(t, before, from)) : 0;
    if (!(flags & CU_NAME_GIVEN) || flags & CU_NAME_GIVEN_VAGUE) {
        size_t next = end + 2 < t.n && t.p[end] == ',' && t.p[end + 1] == ' ' ? end + 2 : 0;
        size_t past = next ? cu_name_word(t, next) : 0;
        flags = past > next ? cu_name_flags(cu_slice(t, next, past)) : 0;
    }
    return flags & CU_NAME_GIVEN && !(flags & (CU_NAME_GIVEN_VAGUE | CU_NAME_WORD));
}

/* Words with other letters than those of ASCII among the first six pass. */
static bool may_be_name(cu_bytes t, size_t i)
{
    uint64_t word = 0;
    memcpy(&word, t.p + i, t.n - i < sizeof word ? t.n - i : sizeof word);
    uint64_t stop = cu_name_stop(word);
    if (word & stop)
        return true;
    uint32_t key = cu_name_key(word, stop);
    return cu_name_first[key / 8] >> (key % 8) & 1;
}

cu_err cu_name_at(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    *past = i + 1;
    if (e->finder[CU_FIND_PERSON] == CU_NO_RULE || !may_be_name(t, i) ||
        (i && (cu_digit(t.p[i - 1]) || t.p[i - 1] == '_')))
        return CU_OK;
    return name_at(e, t, i, past, out);
}
