/* The probes. Names are those of catalog/controls.yaml where a control names one; a probe may test
 * further controls. */
#include "probe.h"

#define LAB "a second Custos beside, which it starts on loopback with a configuration of its own"
#define OF(name) probe_##name##_attacks, &probe_##name##_n

const probe_case probe_cases[] = {
    {"iam-anon-refused", "the gateway's door: no key, wrong, cut and expired ones", {"IAM-01"}, PROBE_HOURLY, "", false, OF(anon), NULL, NULL},
    {"iam-revoked-key-refused", "a key that is used on after its revocation", {"IAM-02"}, PROBE_HOURLY, "", false, OF(revoked), NULL, NULL},
    {"iam-console-closed", "the console without a session, and from another site's page", {"IAM-05"}, PROBE_HOURLY, "", false, OF(console), NULL, NULL},
    {"iam-restricted-repo-denied", "restricted code on its way to a provider", {"IAM-04"}, PROBE_DAILY, LAB, false, OF(restricted), probe_lab_setup, NULL},
    {"net-weak-tls-refused", "providers with a weak protocol or a wrong certificate, and one that redirects", {"NET-01"}, PROBE_DAILY, LAB, false, OF(tls),
     probe_tls_setup, NULL},
    {"net-unapproved-vendor-denied", "vendors that nobody approved", {"NET-02"}, PROBE_DAILY, LAB, false, OF(vendor), probe_vendors_setup, NULL},
    {"ven-expired-assessment-blocks", "a vendor whose assessment has expired", {"VEN-02"}, PROBE_DAILY, LAB, false, OF(expired), probe_vendors_setup, NULL},
    {"net-limit-enforced", "more requests than a key may make", {"NET-03"}, PROBE_HOURLY, "", false, OF(limit), NULL, NULL},
    {"dat-canary-stripped", "values of every kind, planted in requests and looked for at the provider", {"DAT-02"}, PROBE_HOURLY, "", true, OF(canary),
     NULL, NULL},
    {"dat-blocked-refused", "values whose type is blocked", {"DAT-02"}, PROBE_HOURLY, "", false, OF(blocked), probe_blocked_setup, probe_blocked_end},
    {"dat-canary-matrix", "the detection rules, by what they must find and must not", {"DAT-03"}, PROBE_DAILY, "", false, OF(rules), NULL, NULL},
    {"isolation", "one tenant, from another", {"TEN-01", "TEN-02"}, PROBE_DAILY, "", false, OF(isolation), probe_isolation_setup, NULL},
    {"pin-malformed-rejected", "malformed and oversized requests", {"PIN-02"}, PROBE_HOURLY, "", false, OF(malformed), NULL, NULL},
    {"pin-record-fields-complete", "the record of requests that the provider saw", {"PIN-06"}, PROBE_HOURLY, "", false, OF(record), NULL, NULL},
    {"pin-tamper-detected", "the log and its signer", {"PIN-07"}, PROBE_DAILY, "read access to the logs and the signer's socket", false, OF(tamper), NULL, NULL},
    {"net-plain-listen-refused", "connections without TLS, where anybody could listen in", {"NET-01"}, PROBE_DAILY, "", false, OF(plain), NULL, NULL},
    {"chg-unsigned-bundle-refused", "policy bundles that the daemon did not sign, or that are older than the one in force", {"CHG-04"}, PROBE_DAILY, LAB, false,
     OF(bundle), probe_bundle_setup, NULL},
    {"ops-clock-watched", "the time in the record", {"OPS-03"}, PROBE_HOURLY, "", false, OF(clock), NULL, NULL},
    {"avl-restore-verifies", "a backup of what runs, restored beside it, and what it must refuse", {"AVL-03"}, PROBE_DAILY,
     "read access to the keystore, and three times the room that the state takes", false, OF(restore), probe_restore_setup, probe_restore_end},
    {"avl-disk-threshold-alert", "the room that is left for evidence", {"AVL-01"}, PROBE_HOURLY, "", false, OF(disk), NULL, NULL},
};
const size_t probe_cases_n = sizeof probe_cases / sizeof *probe_cases;
