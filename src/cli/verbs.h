/* The list of verbs. One line each; the order is the order in help. */
#ifndef CUSTOS_CLI_VERBS_H
#define CUSTOS_CLI_VERBS_H

#include "verb.h"

#define CU_VERBS(X) \
    X(serve) \
    X(status) \
    X(key_issue) \
    X(key_rotate) \
    X(key_limit) \
    X(key_list) \
    X(key_revoke) \
    X(policy_explain) \
    X(erase) \
    X(body_request) \
    X(body_approve) \
    X(body_read) \
    X(body_list) \
    X(probe_list) \
    X(probe) \
    X(signin) \
    X(person_add) \
    X(person_list) \
    X(person_set) \
    X(person_invite) \
    X(person_end) \
    X(person_sessions) \
    X(person_signin) \
    X(check_config) \
    X(demo) \
    X(scan) \
    X(redact) \
    X(restore) \
    X(inspect) \
    X(hook_install) \
    X(hook_remove) \
    X(rules_check) \
    X(rules_image) \
    X(rules_cost) \
    X(rules_reload) \
    X(verify) \
    X(backup_restore) \
    X(backup) \
    X(evidence_population) \
    X(evidence_sample) \
    X(evidence_list) \
    X(evidence_show) \
    X(export) \
    X(audit_status) \
    X(audit_scope) \
    X(audit_nil) \
    X(audit) \
    X(questionnaire_list) \
    X(questionnaire_draft) \
    X(questionnaire_review) \
    X(questionnaire_export) \
    X(report_list) \
    X(report_make) \
    X(control_list) \
    X(control_show) \
    X(control_coverage) \
    X(change_add) \
    X(change_diff) \
    X(change_report) \
    X(change_review) \
    X(change_show) \
    X(provenance) \
    X(deploy_request) \
    X(approve) \
    X(gate_key) \
    X(gate) \
    X(gaps) \
    X(calendar) \
    X(timeline_plan) \
    X(timeline_show) \
    X(timeline_map) \
    X(policy_list) \
    X(policy_show) \
    X(incident_list) \
    X(incident_show) \
    X(incident_open) \
    X(incident_disclosures) \
    X(slo_list) \
    X(slo_sample) \
    X(privacy_list) \
    X(privacy_find) \
    X(vendor_list) \
    X(vendor_show) \
    X(register_list) \
    X(register_show) \
    X(register_step) \
    X(register_import) \
    X(catalog_import) \
    X(events) \
    X(log_key_rotate) \
    X(log_time) \
    X(witness) \
    X(log_list) \
    X(log_show) \
    X(log_tail) \
    X(log_rebuild) \
    X(log_reconcile) \
    X(node_check) \
    X(usage_import) \
    X(usage_list) \
    X(help) \
    X(version) \
    X(daemon) \
    X(signer) \
    X(sink) \
    X(prober)

#define X(name) extern const cu_verb cu_verb_##name;
CU_VERBS(X)
#undef X

extern const cu_verb *const cu_verbs[]; /* of this program; ends with NULL */
extern const char *const cu_verbs_elsewhere; /* the program beside it that has them all; NULL: this one */

#endif
