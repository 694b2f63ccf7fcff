/* The trust page as HTML: no script, nothing from elsewhere, and a policy that says so. */
#include <stdio.h>
#include <stdlib.h>
#include "comply/status.h"
#include "comply/vendors.h"
#include "report_desk.h"
#include "trust.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#16181d;--soft:#5a6070;--line:#d5d8df;--bg:#fff;--tint:#f3f4f7}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--soft:#a0a6b4;--line:#3a3f4b;--bg:#14161a;--tint:#1d2026}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:52rem;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--bg)}"
    "h1{font-size:1.9rem;line-height:1.2;margin:0}h2{font-size:1.25rem;margin:2.4rem 0 .5rem}p{margin:.5rem 0;max-width:44rem;overflow-wrap:anywhere}.soft,small{color:var(--soft)}a{color:inherit}"
    "ul.states{list-style:none;display:flex;flex-wrap:wrap;gap:.6rem;padding:0;margin:1rem 0}ul.states li{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .8rem;min-width:7rem}"
    "ul.states b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}.t{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}"
    "th,td{text-align:left;vertical-align:top;border-bottom:1px solid var(--line);padding:.45rem .9rem .45rem 0;overflow-wrap:break-word}th{color:var(--soft);font-weight:500;white-space:nowrap}td{min-width:5.8rem}"
    "form{display:grid;gap:.7rem;max-width:28rem;margin:1rem 0}label{display:grid;gap:.2rem}label.row{display:flex;gap:.5rem;align-items:start}"
    "input:not([type=checkbox]),select,button{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--soft);border-radius:.3rem;padding:.45rem .6rem;width:100%}"
    "button{background:var(--ink);color:var(--bg);border-color:var(--ink);width:max-content;cursor:pointer}:focus-visible{outline:3px solid #3b82f6;outline-offset:2px}"
    "details{margin:.8rem 0}summary{cursor:pointer}blockquote{margin:.5rem 0;padding:.5rem .9rem;background:var(--tint);white-space:pre-wrap}code{overflow-wrap:anywhere;font-size:.9em}"
    "@media print{form{display:none}body{max-width:none;padding:0;font-size:10.5pt}}";

static void put(cu_buf *b, const char *s)
{
    cu_paper_escape(b, s ? s : "");
}

static const char *word(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static void begin(call *c, const char *title)
{
    cu_sha256 d;
    cu_buf hash CU_CLEAN_BUF = CU_BUF(100);
    cu_sha256_of(cu_str(style), &d);
    cu_base64(&hash, cu_bytes_of(d.b, sizeof d.b));
    snprintf(c->csp, sizeof c->csp, "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", cu_buf_cstr(&hash));
    c->type = "text/html; charset=utf-8";
    cu_buf_reset(c->out);
    cu_buf_str(c->out, "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>");
    put(c->out, title);
    cu_buf_str(c->out, "</title><style>");
    cu_buf_str(c->out, style);
    cu_buf_str(c->out, "</style></head><body><main><h1>");
    put(c->out, title);
    cu_buf_str(c->out, "</h1>");
}

static void end(call *c)
{
    cu_buf_str(c->out, "</main></body></html>\n");
}

void trust_message(call *c, const char *title, const char *text)
{
    begin(c, title);
    cu_buf_str(c->out, "<p>");
    put(c->out, text);
    cu_buf_str(c->out, "</p>");
    end(c);
}

void trust_thanks(call *c, const char *report, const char *link)
{
    begin(c, "Thank you");
    cu_buf_fmt(c->out, "<p>The report is made when you open the link, from the log as it is then, and carries your name. The link ends in %u hours.</p><p><a href=\"", TRUST_LINK_HOURS);
    put(c->out, link);
    cu_buf_str(c->out, "\">");
    put(c->out, report);
    cu_buf_str(c->out, " (web page)</a></p><p><a href=\"");
    put(c->out, link);
    cu_buf_str(c->out, "&amp;as=pdf\">");
    put(c->out, report);
    cu_buf_str(c->out, " (PDF)</a></p>");
    end(c);
}

/* Entry, proof and signed checkpoint of a statement. */
static void put_proof(cu_buf *b, const json_t *record)
{
    json_t *entry = json_object_get(record, "entry");
    unsigned long long n = (unsigned long long)json_integer_value(json_object_get(entry, "index"));
    cu_buf_fmt(b, "<a href=\"/trust/leaf?index=%llu\">entry %llu</a>, <a href=\"/trust/proof?index=%llu\">proof</a>", n, n, n);
}

/* --- states --- */

static cu_state state_of(const json_t *criterion)
{
    for (unsigned s = 0; s < CU_STATE_COUNT; s++)
        if (strcmp(word(criterion, "state"), cu_state_name((cu_state)s)) == 0)
            return (cu_state)s;
    return CU_STATE_NO_DATA;
}

static void age_of(uint64_t ms, uint64_t now_ms, char out[40])
{
    uint64_t minutes = now_ms > ms ? (now_ms - ms) / 60000 : 0;
    if (minutes < 60)
        snprintf(out, 40, "%llu minutes old", (unsigned long long)minutes);
    else if (minutes < 2880)
        snprintf(out, 40, "%llu hours old", (unsigned long long)(minutes / 60));
    else
        snprintf(out, 40, "%llu days old", (unsigned long long)(minutes / 1440));
}

static void put_age(const json_t *body, const char *member, uint64_t now, char out[40])
{
    uint64_t ms = 0;
    if (cu_status_time(cu_str(word(body, member)), &ms))
        age_of(ms, now, out);
    else
        snprintf(out, 40, "not known");
}

static void put_each(call *c, const json_t *criteria, const char *const labels[CU_STATE_COUNT])
{
    json_t *x;
    size_t i;
    cu_buf_str(c->out, "<details><summary>Each criterion</summary><table><thead><tr><th scope=col>Criterion<th scope=col>State</tr></thead><tbody>");
    json_array_foreach((json_t *)(uintptr_t)criteria, i, x) {
        cu_buf_str(c->out, "<tr><td>");
        put(c->out, word(x, "id"));
        cu_buf_fmt(c->out, "<td>%s</tr>", labels[state_of(x)]);
    }
    cu_buf_str(c->out, "</tbody></table></details>");
}

/* What the sealed entry says, not what would be worked out now: that is what a visitor can check. */
static void put_states(call *c, const json_t *page, uint64_t now)
{
    static const char *const labels[CU_STATE_COUNT] = {[CU_STATE_MET] = "&#9679; met", [CU_STATE_PARTLY] = "&#9680; partly met", [CU_STATE_NOT_MET] = "&#10005; not met",
                                                       [CU_STATE_NO_DATA] = "&#9675; no data", [CU_STATE_NOT_APPLICABLE] = "&#8212; out of scope"};
    unsigned n[CU_STATE_COUNT] = {0};
    uint64_t index = 0;
    char age[40], young[40], old[40];
    json_t *entry = trust_stated(c->a, word(page, "id"), &index), *body = json_object_get(entry, "body"), *criteria = json_object_get(body, "criteria"), *x;
    size_t i;
    cu_buf_str(c->out, "<h2>Criteria, as our own tests have them</h2><p>These are the states of the Trust Services Criteria by what the log holds. They are no auditor's work.</p>");
    if (!entry) {
        cu_buf_str(c->out, "<p class=soft>They are being sealed; look again in a minute.</p>");
        return;
    }
    json_array_foreach(criteria, i, x)
        n[state_of(x)]++;
    cu_buf_str(c->out, "<ul class=states>");
    for (unsigned s = 0; s < CU_STATE_COUNT; s++)
        cu_buf_fmt(c->out, "<li><b>%u</b>%s", n[s], labels[s]);
    cu_buf_str(c->out, "</ul>");
    put_age(entry, "ts", now, age);
    cu_buf_fmt(c->out, "<p class=soft>Stated in the log, %s: <a href=\"/trust/leaf?index=%llu\">entry %llu</a>, <a href=\"/trust/proof?index=%llu\">proof</a>. It is stated again when a state changes, and each day.", age,
               (unsigned long long)index, (unsigned long long)index, (unsigned long long)index);
    if (*word(body, "newest")) {
        put_age(body, "newest", now, young);
        put_age(body, "oldest", now, old);
        cu_buf_fmt(c->out, " Of controls that were met or partly met then, the youngest evidence is %s, the oldest %s.", young, old);
    }
    cu_buf_str(c->out, "</p>");
    put_each(c, criteria, labels);
    cu_buf_str(c->out, "<p><small><a href=\"/trust/checkpoint\">Signed checkpoint</a> of the log that holds it.</small></p>");
    json_decref(entry);
}

/* --- vendors --- */

static bool approved(app *a, const char *vendor)
{
    json_t *all = desk_list(a, "vendor_decision", "approved", false), *x;
    size_t i;
    bool hit = false;
    json_array_foreach(all, i, x)
        hit |= strcmp(desk_text(x, "vendor"), vendor) == 0;
    json_decref(all);
    return hit;
}

static void put_vendors(call *c)
{
    json_t *all = desk_list(c->a, "vendor", "registered", false), *x;
    size_t i;
    cu_buf_str(c->out, "<h2>Whose services we use</h2>");
    if (!json_array_size(all))
        cu_buf_str(c->out, "<p class=soft>No vendor is registered.</p>");
    else
        cu_buf_str(c->out, "<div class=t tabindex=0 role=region aria-label=\"Vendors\"><table><thead><tr><th>Vendor<th>Service<th>Since<th>Approved<th>In the log</tr></thead><tbody>");
    json_array_foreach(all, i, x) {
        cu_buf_str(c->out, "<tr><td>");
        put(c->out, word(x, "id"));
        cu_buf_str(c->out, "<td>");
        put(c->out, desk_text(x, "service"));
        cu_buf_fmt(c->out, "<td>%.10s<td>%s<td>", word(x, "opened"), approved(c->a, word(x, "id")) ? "in the register" : "not in the register");
        put_proof(c->out, x);
        cu_buf_str(c->out, "</tr>");
    }
    cu_buf_str(c->out, i ? "</tbody></table></div>" : "");
    json_decref(all);
}

static bool about_models(cu_bytes group)
{
    return cu_eq_str(group, "training") || cu_eq_str(group, "retention") || cu_eq_str(group, "isolation");
}

static void put_facts(call *c)
{
    json_t *all = desk_list(c->a, "vendor_fact", "confirmed", false), *x;
    size_t i, n = 0;
    cu_buf_str(c->out, "<h2>What model providers do with code and prompts</h2>");
    json_array_foreach(all, i, x) {
        const cu_vendor_field *field = cu_vendor_field_find(c->a->vendor_form, cu_str(desk_text(x, "field")));
        if (!field || !about_models(field->group))
            continue;
        if (!n++)
            cu_buf_str(c->out, "<div class=t tabindex=0 role=region aria-label=\"Facts about providers\"><table><thead><tr><th>Provider<th>Question<th>What its terms say<th>Read on<th>In the log</tr></thead><tbody>");
        cu_buf_str(c->out, "<tr><td>");
        put(c->out, desk_text(x, "vendor"));
        cu_buf_fmt(c->out, "<td>%.*s<td>", CU_FMT(field->label));
        put(c->out, desk_text(x, "value"));
        cu_buf_str(c->out, "<br><small>");
        put(c->out, desk_text(x, "source"));
        cu_buf_fmt(c->out, "</small><td>%.10s<td>", desk_text(x, "read_on"));
        put_proof(c->out, x);
        cu_buf_str(c->out, "</tr>");
    }
    cu_buf_str(c->out, n ? "</tbody></table></div>" : "<p class=soft>Nobody has confirmed a fact about training, retention or isolation; nothing is said of them here.</p>");
    json_decref(all);
}

/* --- reports --- */

static void put_reports(call *c, const json_t *page)
{
    json_t *reports = json_object_get(json_object_get(page, "fields"), "reports"), *x;
    size_t i;
    if (!json_array_size(reports))
        return;
    cu_buf_str(c->out, "<h2>Reports</h2><p>A report is made for you from the log as it is then, with your name on each page. Who took what is on record.</p><blockquote>");
    put(c->out, desk_text(page, "agreement"));
    cu_buf_str(c->out, "</blockquote><form method=post action=\"/trust/agreement\"><label>Report<select name=report>");
    json_array_foreach(reports, i, x) {
        const cu_report_form *r = cu_report_find(c->a->reports, cu_str(json_string_value(x)));
        cu_buf_str(c->out, "<option value=\"");
        put(c->out, json_string_value(x));
        cu_bytes title = r ? r->title : CU_LIT("(no longer made)");
        cu_buf_fmt(c->out, "\">%.*s", CU_FMT(title));
    }
    cu_buf_str(c->out, "</select></label><label>Your name<input name=name required maxlength=80 autocomplete=name></label><label>Mail<input name=mail type=email required maxlength=120 autocomplete=email></label>"
                       "<label>Purpose<select name=purpose><option value=evaluation>Evaluation<option value=renewal>Renewal<option value=audit>Audit<option value=other>Other</select></label>"
                       "<label class=row><input type=checkbox name=agree value=yes required><span>I agree to the terms above</span></label><button>Get the report</button></form>");
}

void trust_page(call *c, const json_t *page)
{
    char at[CU_TIME_LEN];
    uint64_t now = cu_now_ns();
    cu_time_text(now, at);
    begin(c, desk_text(page, "title"));
    cu_buf_fmt(c->out, "<p class=soft>As of %.10s %.5s UTC. Published %.10s: ", at, at + 11, word(page, "at"));
    put_proof(c->out, page);
    cu_buf_str(c->out, "</p><blockquote>");
    put(c->out, desk_text(page, "statement"));
    cu_buf_str(c->out, "</blockquote><p>To report a problem: ");
    put(c->out, desk_text(page, "contact"));
    cu_buf_str(c->out, "</p>");
    put_states(c, page, now / 1000000);
    put_vendors(c);
    put_facts(c);
    put_reports(c, page);
    cu_buf_str(c->out, "<h2>How to check this</h2><p>Each statement stands in a log that cannot be rewritten unseen. Save its entry, its proof and the <a href=\"/trust/vkey\">key of the log</a>, then run:</p>"
                       "<p><code>custos-verify --proof PROOF --leaf ENTRY --vkey KEY</code></p>");
    end(c);
}
