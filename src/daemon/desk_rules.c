/* What single steps of registers ask beyond catalog/events.yaml, and what follows from them. */
#include "desk.h"
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
    {"commitment.changed", NULL, NULL, vendors_changed},
    {NULL, NULL, NULL, NULL},
};

const desk_rule *desk_rule_of(cu_bytes type)
{
    for (const desk_rule *r = rules; r->type; r++)
        if (cu_eq_str(type, r->type))
            return r;
    return NULL;
}
