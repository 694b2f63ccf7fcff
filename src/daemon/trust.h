/* Private to daemon/: the trust page. Nothing of it is public until one person has proposed it and another published
 * it (register trustpage); whoever withdraws it ends it at once. */
#ifndef CUSTOS_DAEMON_TRUST_H
#define CUSTOS_DAEMON_TRUST_H

#include "desk.h"

#define TRUST_LINK_HOURS 24u
#define TRUST_AGREEMENTS_PER_HOUR 60u /* all visitors together: each is an entry */

cu_err trust_check_proposal(desk_step *s, cu_fault *f) CU_MUST;
void trust_published(app *a); /* older pages are replaced */

/* The page in force; NULL: none is published. To be released. */
json_t *trust_in_force(app *a);
/* Entries of the log org that the page speaks of: ascending indexes. */
json_t *trust_cited(app *a, const json_t *page);
bool trust_offers(const json_t *page, const char *report);

/* trust_states.c: what is said of criteria, sealed before it is shown. */
void trust_watch(app *a);
/* The newest entry trustpage.stated of this page, and where it stands in the log org; NULL: none is sealed yet. */
json_t *trust_stated(app *a, const char *trustpage, uint64_t *index);

/* trust_page.c: HTML */
void trust_page(call *c, const json_t *page);
void trust_thanks(call *c, const char *report, const char *link);
void trust_message(call *c, const char *title, const char *text);

unsigned answer_trust(call *c);
unsigned answer_trust_leaf(call *c);
unsigned answer_trust_proof(call *c);
unsigned answer_trust_vkey(call *c);
unsigned answer_trust_checkpoint(call *c);
unsigned answer_trust_report(call *c);
unsigned take_agreement(call *c);

#endif
