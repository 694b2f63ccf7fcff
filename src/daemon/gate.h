/* Private to daemon/: changes, approvals, and the gate in front of an environment. */
#ifndef CUSTOS_DAEMON_GATE_H
#define CUSTOS_DAEMON_GATE_H

#include "desk.h"

/* Rules of the registers' steps. */
cu_err change_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err change_check_review(desk_step *s, cu_fault *f) CU_MUST;
void changes_pushed(app *a); /* an older commit of the same branch is pushed over, and its approvals are void */
cu_err deploy_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err deploy_check_emergency(desk_step *s, cu_fault *f) CU_MUST;
cu_err approval_name(desk_step *s, const json_t *given, cu_fault *f) CU_MUST;
cu_err approval_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err approval_check_void(desk_step *s, cu_fault *f) CU_MUST;

#define GATE_REASONS 16u

/* What the gate says of one change and environment. */
typedef struct {
    const cu_config_gate *gate;
    json_t *change, *deploy;        /* NULL: there is none */
    const char *reasons[GATE_REASONS]; /* words; none: it may go */
    size_t reasons_n;
    json_t *approvals, *tests, *scans, *reviews; /* what counted */
    bool emergency;
} gate_verdict;
cu_err gate_judge(app *a, const char *env, const char *commit, const char *artifact, gate_verdict *out, cu_fault *f) CU_MUST;
void gate_verdict_free(gate_verdict *v);
const char *gate_reason_text(const char *reason);

/* envelope.c: a DSSE envelope (github.com/secure-systems-lab/dsse, protocol v1) around an in-toto statement v1 with a
 * SLSA verification summary (slsa.dev/verification_summary/v1), signed with the installation's gate key. */
json_t *gate_envelope(app *a, const gate_verdict *v, cu_fault *f);
/* The public key as PEM (RFC 8410). */
cu_err gate_public_key(app *a, cu_buf *pem, cu_fault *f) CU_MUST;

unsigned take_hook(call *c);
unsigned answer_gate(call *c);
unsigned answer_gate_key(call *c);
unsigned take_report(call *c);
unsigned answer_change(call *c);

#endif
