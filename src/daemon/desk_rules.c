/* What single steps of registers ask beyond catalog/events.yaml, and what follows from them. */
#include "desk.h"
#include "drift.h"
#include "feeds.h"
#include "erase.h"
#include "findings.h"
#include "gate.h"
#include "holders.h"
#include "incident_desk.h"
#include "office.h"
#include "policy_desk.h"
#include "privacy_desk.h"
#include "release.h"
#include "request_desk.h"
#include "reviews.h"
#include "service_desk.h"
#include "timeline_desk.h"
#include "trust.h"
#include "vendor_desk.h"

static const desk_rule rules[] = {
    {"vendor.registered", NULL, NULL, vendors_changed},
    {"vendor.retired", NULL, NULL, vendors_decided},
    {"vendor.decision_proposed", NULL, vendor_check_proposal, NULL},
    {"assessment.approved", NULL, vendor_check_agreement, vendors_decided},
    {"assessment.refused", NULL, vendor_check_agreement, vendors_decided},
    {"assessment.expired", NULL, NULL, vendors_decided},
    {"vendor.term_recorded", vendor_name_fact, vendor_check_fact, vendors_changed},
    {"vendor.term_changed", NULL, vendor_check_fact, vendors_changed},
    {"vendor.fact_reviewed", NULL, vendor_check_reading, NULL},
    {"vendor.report_reviewed", NULL, vendor_check_report, NULL},
    {"vendor.cuec_recorded", NULL, vendor_check_known, NULL},
    {"vendor.cuec_mapped", NULL, vendor_check_control, NULL},
    {"commitment.changed", NULL, commitment_check, vendors_changed},
    {"vendor.incident_notice", NULL, NULL, incidents_watch},
    {"incident.opened", NULL, incident_check_opened, NULL},
    {"incident.step_done", NULL, incident_check_step, NULL},
    {"notice.sent", NULL, incident_check_notice, NULL},
    {"incident.closed", NULL, incident_check_closed, NULL},
    {"slo.set", NULL, service_check_set, NULL},
    {"slo.breached", NULL, NULL, incidents_watch},
    {"erasure.requested", NULL, erasure_check_order, NULL},
    {"erasure.approved", NULL, erasure_check_approval, erasures_watch},
    {"dsr.received", NULL, dsr_check_received, NULL},
    {"dsr.answered", NULL, dsr_check_answered, NULL},
    {"complaint.received", NULL, complaint_check_received, NULL},
    {"notice.published", NULL, notice_check_published, NULL},
    {"exercise.completed", NULL, exercise_check_held, NULL},
    {"finding.opened", NULL, finding_check_control, NULL},
    {"finding.retested", NULL, finding_check_retest, NULL},
    {"finding.retest_failed", NULL, finding_check_retest, NULL},
    {"exception.recorded", NULL, finding_check_control, NULL},
    {"attestation.signed", NULL, finding_check_control, NULL},
    {"risk.assessed", NULL, risk_check, NULL},
    {"risk.accepted", NULL, risk_check_until, NULL},
    {"leaver.imported", NULL, NULL, leavers_end},
    {"repo.listed", NULL, repo_list_check, NULL},
    {"egress.checked", NULL, egress_check, NULL},
    {"bypass.detected", NULL, egress_check, NULL},
    {"vuln.detected", NULL, vuln_check, vulns_watch},
    {"review.frozen", NULL, review_check_frozen, NULL},
    {"review.decided", review_name_line, review_check_line, NULL},
    {"review.removed", review_name_line, review_check_line, reviews_enforce},
    {"review.completed", NULL, review_check_done, NULL},
    {"policy.drafted", NULL, policy_check_draft, NULL},
    {"spec.generated", NULL, policy_check_draft, NULL},
    {"policy.approved", NULL, policy_check_approval, NULL},
    {"spec.approved", NULL, policy_check_approval, NULL},
    {"policy.acknowledged", policy_name_reading, policy_check_reading, NULL},
    {"change.registered", NULL, change_check, changes_pushed},
    {"change.reviewed", NULL, change_check_review, NULL},
    {"deploy.requested", NULL, deploy_check, NULL},
    {"deploy.emergency", NULL, deploy_check_emergency, NULL},
    {"deploy.approved", approval_name, approval_check, NULL},
    {"deploy.approval_void", NULL, approval_check_void, NULL},
    {"timeline.planned", NULL, timeline_check_plan, timeline_watch},
    {"timeline.moved", NULL, timeline_check_move, timeline_watch},
    {"period.opened", NULL, period_check_open, timeline_watch},
    {"period.locked", NULL, period_check_lock, timeline_watch},
    {"auditor.requested", NULL, request_check_open, NULL},
    {"auditor.answered", NULL, request_check_answer, NULL},
    {"auditor.accepted", NULL, request_check_auditor, NULL},
    {"auditor.returned", NULL, request_check_auditor, NULL},
    {"auditor.withdrew", NULL, request_check_auditor, NULL},
    {"auditor.tested", NULL, conclusion_check, NULL},
    {"auditor.revised", NULL, conclusion_check, NULL},
    {"auditor.dropped", NULL, conclusion_check, NULL},
    {"trustpage.proposed", NULL, trust_check_proposal, NULL},
    {"trustpage.published", NULL, NULL, trust_published},
    {"control.owner_changed", NULL, owner_check, NULL},
    {"key.requested", NULL, key_request_check, NULL},
    {"policy.bundle_approved", NULL, config_check_approval, NULL},
    {"release.approved", NULL, release_check_approval, release_decided},
    {"training.completed", NULL, NULL, holders_watch},
    {"consent.recorded", NULL, consent_check, consents_changed},
    {"consent.withdrawn", NULL, consent_check, consents_changed},
    {NULL, NULL, NULL, NULL},
};

const desk_rule *desk_rule_of(cu_bytes type)
{
    for (const desk_rule *r = rules; r->type; r++)
        if (cu_eq_str(type, r->type))
            return r;
    return NULL;
}
