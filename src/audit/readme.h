/* README.txt of a bundle: for a reader who has nothing else. */
#ifndef CUSTOS_AUDIT_README_H
#define CUSTOS_AUDIT_README_H

static const char export_readme[] =
    "This is evidence from Custos: entries of append-only logs, with everything that is needed to check them.\n"
    "\n"
    "Unpack:   tar --zstd -xf FILE\n"
    "Check:    custos-verify FILE            (one static program, no configuration)\n"
    "or without any program of ours, with Go, openssl and jq: docs/auditor.md of Custos shows how.\n"
    "\n"
    "bundle.json            period, tenant, logs\n"
    "populations/ID.*       a frozen listing: the entry that says what was asked and its digest, the entry's\n"
    "                       proof, the listing\n"
    "samples/ID.*           a sample: the entry with seed and rows, its proof; samples/ID/ROW.*: each drawn\n"
    "                       entry with its proof\n"
    "anchor/SIZE/           a checkpoint of the log that holds the others' checkpoints, what witnesses and\n"
    "                       time-stamp authorities said about it, and its entry about each log here\n"
    "log/NAME/              C2SP tlog-tiles: verifier key, signed checkpoint, hash tiles of the whole log,\n"
    "                       entries of the period\n"
    "counts.json            entries of the period by day and type\n"
    "keys-destroyed.jsonl   keys whose destruction the logs record: what they encrypted is gone for good\n"
    "manifest.json          size and SHA-256 of every file above\n"
    "\n"
    "Get the verifier keys (log/*/vkey, anchor/vkey), the witnesses' keys and the certificate of the time-stamp\n"
    "authority a second time over another way, and pass them: --vkey, --policy, --tsa-ca.\n";

#endif
