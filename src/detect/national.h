/* Private to detect/: numbers that states and industry give to people, cars and devices. One line is
 * one validator: its name in rules, the forms of its compact text, and behind cu_is_... its check.
 * Sources of the algorithms: docs/formats/rules.md. */
#ifndef CUSTOS_DETECT_NATIONAL_H
#define CUSTOS_DETECT_NATIONAL_H

#include "checksum.h"

#define CU_NATIONAL_AMERICAS(X)                                                                    \
    X(us_ssn, "us-ssn", "999999999")                                                               \
    X(us_itin, "us-itin", "999999999")                                                             \
    X(us_ein, "us-ein", "999999999")                                                               \
    X(us_npi, "us-npi", "9999999999")                                                              \
    X(us_mbi, "us-mbi", "9AX9AX9AA99")                                                             \
    X(us_dea, "us-dea", "AX9999999")                                                               \
    X(us_aba, "us-aba", "999999999")                                                               \
    X(ca_sin, "ca-sin", "999999999")                                                               \
    X(br_cpf, "br-cpf", "99999999999")                                                             \
    X(br_cnpj, "br-cnpj", "XXXXXXXXXXXX99")                                                        \
    X(br_pis, "br-pis", "99999999999")                                                             \
    X(mx_curp, "mx-curp", "AAAA999999AAAAAAX9")                                                    \
    X(mx_rfc, "mx-rfc", "****999999XXX|***999999XXX")                                              \
    X(ar_cuit, "ar-cuit", "99999999999")                                                           \
    X(cl_rut, "cl-rut", "9999999X|99999999X")                                                      \
    X(co_nit, "co-nit", "999999999|9999999999|99999999999")                                        \
    X(pe_ruc, "pe-ruc", "99999999999")                                                             \
    X(ve_rif, "ve-rif", "A999999999")                                                              \
    X(ec_cedula, "ec-cedula", "9999999999")                                                        \
    X(uy_cedula, "uy-cedula", "99999999")                                                          \
    X(vin, "vin", "XXXXXXXXXXXXXXXXX")                                                             \
    X(vin_form, "vin-form", "XXXXXXXXXXXXXXXXX")                                                   \
    X(imei, "imei", "999999999999999")                                                             \
    X(imsi, "imsi", "99999999999999|999999999999999")                                              \
    X(iccid, "iccid", "9999999999999999999|99999999999999999999")

#define CU_NATIONAL_EUROPE(X)                                                                      \
    X(uk_nhs, "uk-nhs", "9999999999")                                                              \
    X(uk_nino, "uk-nino", "AA999999A|AA999999")                                                    \
    X(uk_utr, "uk-utr", "9999999999")                                                              \
    X(uk_driver, "uk-driver", "XXXXX999999XX9AA|XXXXX999999XXXAA")                                 \
    X(ie_ppsn, "ie-ppsn", "9999999A|9999999AA")                                                    \
    X(de_tax_id, "de-tax-id", "99999999999")                                                       \
    X(de_svnr, "de-svnr", "99999999A999")                                                          \
    X(de_id_card, "de-id-card", "XXXXXXXXX9|XXXXXXXXX9A")                                          \
    X(de_kvnr, "de-kvnr", "A999999999")                                                            \
    X(at_svnr, "at-svnr", "9999999999")                                                            \
    X(ch_ahv, "ch-ahv", "9999999999999")                                                           \
    X(fr_nir, "fr-nir", "999999999999999|999999A99999999")                                         \
    X(fr_spi, "fr-spi", "9999999999999")                                                           \
    X(es_nif, "es-nif", "99999999A|A9999999A")                                                     \
    X(es_nie, "es-nie", "A9999999A")                                                               \
    X(es_ssn, "es-ssn", "999999999999")                                                            \
    X(it_fiscal_code, "it-fiscal-code", "AAAAAAXXAXXAXXXA")                                        \
    X(it_vat, "it-vat", "99999999999")                                                             \
    X(pt_nif, "pt-nif", "999999999")                                                               \
    X(nl_bsn, "nl-bsn", "999999999")                                                               \
    X(be_nn, "be-nn", "99999999999")                                                               \
    X(lu_id, "lu-id", "9999999999999")                                                             \
    X(dk_cpr, "dk-cpr", "9999999999")                                                              \
    X(se_pnr, "se-pnr", "9999999999|999999999999")                                                 \
    X(no_fnr, "no-fnr", "99999999999")                                                             \
    X(fi_hetu, "fi-hetu", "999999999X|999999A999X")                                                \
    X(is_kennitala, "is-kennitala", "9999999999")                                                  \
    X(pl_pesel, "pl-pesel", "99999999999")                                                         \
    X(pl_nip, "pl-nip", "9999999999")                                                              \
    X(pl_regon, "pl-regon", "999999999|99999999999999")                                            \
    X(pl_id_card, "pl-id-card", "AAA999999")                                                       \
    X(cz_rc, "cz-rc", "9999999999")                                                                \
    X(hu_tax, "hu-tax", "9999999999")                                                              \
    X(hu_taj, "hu-taj", "999999999")                                                               \
    X(ro_cnp, "ro-cnp", "9999999999999")                                                           \
    X(bg_egn, "bg-egn", "9999999999")                                                              \
    X(hr_oib, "hr-oib", "99999999999")                                                             \
    X(jmbg, "jmbg", "9999999999999")                                                               \
    X(si_emso, "si-emso", "9999999999999")                                                         \
    X(gr_amka, "gr-amka", "99999999999")                                                           \
    X(gr_afm, "gr-afm", "999999999")                                                               \
    X(isikukood, "isikukood", "99999999999")                                                       \
    X(lv_pk, "lv-pk", "99999999999")                                                               \
    X(tr_id, "tr-id", "99999999999")                                                               \
    X(ru_inn, "ru-inn", "9999999999|999999999999")                                                 \
    X(ru_snils, "ru-snils", "99999999999")                                                         \
    X(ua_tax, "ua-tax", "9999999999")

#define CU_NATIONAL_WORLD(X)                                                                       \
    X(il_id, "il-id", "999999999")                                                                 \
    X(ae_id, "ae-id", "999999999999999")                                                           \
    X(sa_id, "sa-id", "9999999999")                                                                \
    X(za_id, "za-id", "9999999999999")                                                             \
    X(eg_id, "eg-id", "99999999999999")                                                            \
    X(in_aadhaar, "in-aadhaar", "999999999999")                                                    \
    X(in_pan, "in-pan", "AAAAA9999A")                                                              \
    X(in_gstin, "in-gstin", "99AAAAA9999AXXX")                                                     \
    X(in_vehicle, "in-vehicle", "AA9A9999|AA99A9999|AA9AA9999|AA99AA9999|AA99AAA9999|AA9AAA9999|99AA9999A|99AA9999AA") \
    X(cn_id, "cn-id", "99999999999999999X")                                                        \
    X(hk_id, "hk-id", "A999999X|AA999999X")                                                        \
    X(tw_id, "tw-id", "A999999999")                                                                \
    X(jp_my_number, "jp-my-number", "999999999999")                                                \
    X(kr_rrn, "kr-rrn", "9999999999999")                                                           \
    X(sg_nric, "sg-nric", "A9999999A")                                                             \
    X(my_nric, "my-nric", "999999999999")                                                          \
    X(th_id, "th-id", "9999999999999")                                                             \
    X(id_nik, "id-nik", "9999999999999999")                                                        \
    X(vn_id, "vn-id", "999999999999")                                                              \
    X(au_tfn, "au-tfn", "999999999|99999999")                                                      \
    X(au_medicare, "au-medicare", "9999999999|99999999999")                                        \
    X(au_abn, "au-abn", "99999999999")                                                             \
    X(au_acn, "au-acn", "999999999")                                                               \
    X(nz_ird, "nz-ird", "99999999|999999999")                                                      \
    X(nz_nhi, "nz-nhi", "AAA9999|AAA99AA")

#define CU_NATIONAL(X) CU_NATIONAL_AMERICAS(X) CU_NATIONAL_EUROPE(X) CU_NATIONAL_WORLD(X)

/* d is compact text of one of the forms. */
#define X(id, name, forms) bool cu_is_##id(const char *d);
CU_NATIONAL(X)
#undef X

#endif
