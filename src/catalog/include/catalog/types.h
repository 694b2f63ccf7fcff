/* The kinds of sensitive data, in one list. Names follow Presidio where it has one; secrets are
 * SECRET with the rule's id. */
#ifndef CUSTOS_CATALOG_TYPES_H
#define CUSTOS_CATALOG_TYPES_H

#include "base/bytes.h"

#define CU_TYPES(X)                                                                                \
    X(EMAIL_ADDRESS, "MAIL", "e-mail address", PII) \
    X(PHONE_NUMBER, "PHON", "telephone number", PII) \
    X(CREDIT_CARD, "CARD", "payment card number", PII) \
    X(IBAN, "IBAN", "bank account number (IBAN)", PII) \
    X(US_SSN, "USSN", "US social security number", PII) \
    X(IP_ADDRESS, "IPAD", "public IP address", PII) \
    X(IP_ADDRESS_PRIVATE, "IPPR", "private IP address", NONE) \
    X(PERSON, "PERS", "person's name", PII) \
    X(ADDRESS, "ADDR", "postal address", PII) \
    X(POSTAL_CODE, "POST", "postal code", PII) \
    X(DATE_OF_BIRTH, "BRTH", "date of birth", PII) \
    X(AGE, "AGEY", "age of a person", NONE) \
    X(GENDER, "GEND", "gender or sex", PII) \
    X(NATIONALITY, "NATN", "nationality", PII) \
    X(USERNAME, "USER", "user name", PII) \
    X(URL, "LINK", "web address", NONE) \
    X(SOCIAL_PROFILE, "SOCL", "profile in a social network", PII) \
    X(MAC_ADDRESS, "MACA", "hardware (MAC) address", PII) \
    X(IMEI, "IMEI", "device number (IMEI)", PII) \
    X(IMSI, "IMSI", "subscriber number (IMSI)", PII) \
    X(ICCID, "ICCD", "SIM card number", PII) \
    X(DEVICE_ID, "DEVI", "device or advertising identifier", PII) \
    X(COORDINATES, "GEOP", "geographic coordinates", PII) \
    X(CRYPTO, "CRYP", "wallet address", PII) \
    X(BANK_ACCOUNT, "BACC", "bank account number", PII) \
    X(BANK_ROUTING, "BROU", "bank routing number", NONE) \
    X(BIC_SWIFT, "SWFT", "bank identifier (BIC)", NONE) \
    X(CARD_CVV, "CCVV", "card verification code", PII) \
    X(CARD_EXPIRY, "CEXP", "card expiry date", PII) \
    X(PIN_CODE, "PINC", "PIN", PII) \
    X(TAX_ID, "TAXI", "tax number", PII) \
    X(NATIONAL_ID, "NATI", "national identity number", PII) \
    X(PASSPORT, "PASP", "passport number", PII) \
    X(DRIVER_LICENSE, "DRVL", "driving licence number", PII) \
    X(VEHICLE_VIN, "VVIN", "vehicle identification number", PII) \
    X(LICENSE_PLATE, "PLAT", "vehicle registration plate", PII) \
    X(MEDICAL_RECORD, "MRNO", "medical record number", PII) \
    X(HEALTH_INSURANCE, "HINS", "health insurance number", PII) \
    X(MEDICAL_LICENSE, "MLIC", "medical licence number", PII) \
    X(DIAGNOSIS_CODE, "DIAG", "diagnosis code", PII) \
    X(BLOOD_TYPE, "BLOD", "blood group", PII) \
    X(EMPLOYEE_ID, "EMPL", "employee number", PII) \
    X(STUDENT_ID, "STUD", "student number", PII) \
    X(CUSTOMER_ID, "CUST", "customer number", PII) \
    X(SALARY, "SALY", "salary", PII) \
    X(US_ITIN, "UITN", "US taxpayer number (ITIN)", PII) \
    X(US_EIN, "UEIN", "US employer number (EIN)", NONE) \
    X(US_PASSPORT, "UPAS", "US passport number", PII) \
    X(US_DRIVER_LICENSE, "UDRV", "US driving licence number", PII) \
    X(US_BANK_NUMBER, "UBNK", "US bank account number", PII) \
    X(US_NPI, "UNPI", "US provider number (NPI)", PII) \
    X(US_MBI, "UMBI", "US Medicare number (MBI)", PII) \
    X(US_DEA, "UDEA", "US DEA number", PII) \
    X(CA_SIN, "CSIN", "Canadian social insurance number", PII) \
    X(CA_HEALTH, "CHLT", "Canadian health number", PII) \
    X(UK_NHS, "UNHS", "UK NHS number", PII) \
    X(UK_NINO, "UNIN", "UK national insurance number", PII) \
    X(UK_UTR, "UUTR", "UK tax reference", PII) \
    X(UK_POSTCODE, "UPCD", "UK postcode", PII) \
    X(IE_PPSN, "IPPS", "Irish PPS number", PII) \
    X(DE_TAX_ID, "DTAX", "German tax number", PII) \
    X(DE_SVNR, "DSVN", "German pension insurance number", PII) \
    X(DE_ID_CARD, "DPER", "German identity card number", PII) \
    X(DE_PASSPORT, "DPAS", "German passport number", PII) \
    X(DE_KVNR, "DKVN", "German health insurance number", PII) \
    X(AT_SVNR, "ASVN", "Austrian social insurance number", PII) \
    X(CH_AHV, "CAHV", "Swiss AHV number", PII) \
    X(FR_NIR, "FNIR", "French social security number", PII) \
    X(FR_TAX_ID, "FTAX", "French tax number", PII) \
    X(ES_NIF, "SNIF", "Spanish identity number (NIF)", PII) \
    X(ES_NIE, "SNIE", "Spanish foreigner number (NIE)", PII) \
    X(ES_SSN, "SSSN", "Spanish social security number", PII) \
    X(IT_FISCAL_CODE, "IFIS", "Italian fiscal code", PII) \
    X(IT_VAT_CODE, "IVAT", "Italian VAT number", NONE) \
    X(IT_IDENTITY_CARD, "IIDC", "Italian identity card number", PII) \
    X(PT_NIF, "PNIF", "Portuguese tax number", PII) \
    X(NL_BSN, "NBSN", "Dutch citizen number (BSN)", PII) \
    X(BE_NATIONAL_NUMBER, "BNRN", "Belgian national number", PII) \
    X(LU_NATIONAL_ID, "LUNI", "Luxembourg national number", PII) \
    X(DK_CPR, "DCPR", "Danish CPR number", PII) \
    X(SE_PERSONNUMMER, "SPNR", "Swedish personal number", PII) \
    X(NO_FODSELSNUMMER, "NFNR", "Norwegian birth number", PII) \
    X(FI_PERSONAL_IDENTITY_CODE, "FHET", "Finnish personal identity code", PII) \
    X(IS_KENNITALA, "IKEN", "Icelandic kennitala", PII) \
    X(PL_PESEL, "PPES", "Polish PESEL number", PII) \
    X(PL_NIP, "PNIP", "Polish tax number (NIP)", PII) \
    X(PL_REGON, "PREG", "Polish business number (REGON)", NONE) \
    X(PL_ID_CARD, "PIDC", "Polish identity card number", PII) \
    X(CZ_BIRTH_NUMBER, "CZBN", "Czech or Slovak birth number", PII) \
    X(HU_TAX_ID, "HTAX", "Hungarian tax number", PII) \
    X(RO_CNP, "RCNP", "Romanian CNP", PII) \
    X(BG_EGN, "BEGN", "Bulgarian EGN", PII) \
    X(HR_OIB, "HOIB", "Croatian OIB", PII) \
    X(SI_EMSO, "SEMS", "Slovenian EMSO", PII) \
    X(RS_JMBG, "RJMB", "Serbian JMBG", PII) \
    X(GR_AMKA, "GAMK", "Greek AMKA", PII) \
    X(GR_AFM, "GAFM", "Greek tax number", PII) \
    X(EE_ISIKUKOOD, "EEIK", "Estonian personal code", PII) \
    X(LT_ASMENS_KODAS, "LTAK", "Lithuanian personal code", PII) \
    X(LV_PERSONAS_KODS, "LVPK", "Latvian personal code", PII) \
    X(TR_NATIONAL_ID, "TRID", "Turkish identity number", PII) \
    X(RU_INN, "RINN", "Russian tax number (INN)", PII) \
    X(RU_SNILS, "RSNI", "Russian SNILS", PII) \
    X(RU_PASSPORT, "RPAS", "Russian passport number", PII) \
    X(UA_TAX_ID, "UATX", "Ukrainian tax number", PII) \
    X(IL_TEUDAT_ZEHUT, "ILTZ", "Israeli identity number", PII) \
    X(AE_EMIRATES_ID, "AEID", "Emirates ID", PII) \
    X(SA_NATIONAL_ID, "SAID", "Saudi national id", PII) \
    X(EG_ID, "EGID", "Egyptian national id", PII) \
    X(ZA_ID, "ZAID", "South African identity number", PII) \
    X(NG_NIN, "NGNI", "Nigerian NIN", PII) \
    X(KE_ID, "KEID", "Kenyan identity number", PII) \
    X(IN_AADHAAR, "INAA", "Indian Aadhaar number", PII) \
    X(IN_PAN, "INPA", "Indian PAN", PII) \
    X(IN_VOTER, "INVO", "Indian voter number", PII) \
    X(IN_PASSPORT, "INPP", "Indian passport number", PII) \
    X(IN_VEHICLE_REGISTRATION, "INVR", "Indian vehicle registration", PII) \
    X(IN_GSTIN, "INGS", "Indian GST number", NONE) \
    X(CN_RESIDENT_ID, "CNRI", "Chinese resident identity number", PII) \
    X(HK_ID, "HKID", "Hong Kong identity card number", PII) \
    X(TW_ID, "TWID", "Taiwanese identity number", PII) \
    X(JP_MY_NUMBER, "JPMN", "Japanese My Number", PII) \
    X(KR_RRN, "KRRN", "Korean resident registration number", PII) \
    X(SG_NRIC_FIN, "SGNR", "Singapore NRIC or FIN", PII) \
    X(MY_NRIC, "MYNR", "Malaysian MyKad number", PII) \
    X(TH_TNIN, "THTN", "Thai national id", PII) \
    X(ID_NIK, "IDNK", "Indonesian NIK", PII) \
    X(PH_ID, "PHID", "Philippine id number", PII) \
    X(VN_ID, "VNID", "Vietnamese citizen id", PII) \
    X(AU_TFN, "AUTF", "Australian tax file number", PII) \
    X(AU_MEDICARE, "AUMC", "Australian Medicare number", PII) \
    X(AU_ABN, "AUAB", "Australian business number", NONE) \
    X(AU_ACN, "AUAC", "Australian company number", NONE) \
    X(NZ_IRD, "NZIR", "New Zealand IRD number", PII) \
    X(NZ_NHI, "NZNH", "New Zealand NHI number", PII) \
    X(BR_CPF, "BRCP", "Brazilian CPF", PII) \
    X(BR_CNPJ, "BRCJ", "Brazilian CNPJ", NONE) \
    X(BR_PIS, "BRPI", "Brazilian PIS number", PII) \
    X(MX_CURP, "MXCU", "Mexican CURP", PII) \
    X(MX_RFC, "MXRF", "Mexican RFC", PII) \
    X(AR_DNI, "ARDN", "Argentine DNI", PII) \
    X(AR_CUIT, "ARCU", "Argentine CUIT", PII) \
    X(CL_RUT, "CLRU", "Chilean RUT", PII) \
    X(CO_CEDULA, "COCE", "Colombian cedula", PII) \
    X(PE_DNI, "PEDN", "Peruvian DNI", PII) \
    X(VE_CEDULA, "VECE", "Venezuelan cedula", PII) \
    X(EC_CEDULA, "ECCE", "Ecuadorian cedula", PII) \
    X(UY_CEDULA, "UYCE", "Uruguayan cedula", PII) \
    X(SECRET, "SECR", "secret", SECRET) \
    X(PRIVATE_KEY, "PKEY", "line of a private key", SECRET)

typedef enum {
#define X(name, code, text, cls) CU_TYPE_##name,
    CU_TYPES(X)
#undef X
        CU_TYPE_COUNT,
    CU_TYPE_CODE = CU_TYPE_COUNT /* no data at all: a weakness of program text */
} cu_type;

/* Data class of a finding. NONE: of interest, but neither personal data nor a secret. */
typedef enum { CU_CLASS_NONE, CU_CLASS_PII, CU_CLASS_SECRET } cu_class;

const char *cu_type_name(cu_type t);  /* "EMAIL_ADDRESS" */
const char *cu_type_code(cu_type t);  /* "MAIL": four letters inside a surrogate */
const char *cu_type_text(cu_type t);  /* "e-mail address" */
cu_class cu_type_class(cu_type t);
/* CU_TYPE_COUNT when there is no such type. */
cu_type cu_type_by_name(cu_bytes name);

#endif
