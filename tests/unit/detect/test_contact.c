/* Telephone numbers as written inside a country, hardware addresses, wallets, reserved domains. */
#include "fixture.h"

static void numbers(void **state)
{
    (void)state;
    expect(CU_TYPE_PHONE_NUMBER, "ring [(415) 555-0132] then");
    expect(CU_TYPE_PHONE_NUMBER, "au [01 99 00 12 34] le soir");
    expect(CU_TYPE_PHONE_NUMBER, "Phone: [415-555-0132]");
    expect(CU_TYPE_PHONE_NUMBER, "Telefon [030 901820]");
    expect(CU_TYPE_MAC_ADDRESS, "eth0 [3c:52:82:a1:0b:7e] up");
    expect(CU_TYPE_MAC_ADDRESS, "[3C-52-82-A1-0B-7E]");
    expect(CU_TYPE_CRYPTO, "pay [1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa] now"); /* of the first block */
    expect(CU_TYPE_CRYPTO, "[bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4]"); /* BIP 173 */
}

static void other_numbers(void **state)
{
    (void)state;
    expect_none(CU_TYPE_PHONE_NUMBER, "415-555-0132 items");
    expect_none(CU_TYPE_PHONE_NUMBER, "phone bought 2014-02-13");
    expect_none(CU_TYPE_PHONE_NUMBER, "C++14 20.8.2.3.6");
    expect_none(CU_TYPE_PHONE_NUMBER, "max cell rate: 1412830.188");
    expect_none(CU_TYPE_MAC_ADDRESS, "00:00:00:00:00:00 ff:ff:ff:ff:ff:ff 3c:52:82:a1:0b:7e:11");
    expect_none(CU_TYPE_CRYPTO, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb");
}

/* The begin of an address is no mailbox, the place of a repository neither. */
static void what_looks_like_a_mailbox(void **state)
{
    (void)state;
    expect_none(CU_TYPE_EMAIL_ADDRESS, "proxy socks5://user:pass@proxy.firm.io:1080 set");
    expect_none(CU_TYPE_EMAIL_ADDRESS, "clone ssh://deploy@code.firm.io/group/name");
    expect_none(CU_TYPE_EMAIL_ADDRESS, "deploy@code.firm.io:group/name.git");
    expect(CU_TYPE_EMAIL_ADDRESS, "mailto:[ada@firm.io]");
    expect(CU_TYPE_EMAIL_ADDRESS, "https://firm.io/?mail=[ada@firm.io]");
    expect(CU_TYPE_EMAIL_ADDRESS, "user:[ada@firm.io]: who?");
}

static void versions_are_no_addresses(void **state)
{
    (void)state;
    static const char *const none[] = {"zlib >= 11.2.0.4", "with versions < 11.2.0.4 only", "~11.2.0.4", "-MinimumVersion 12.8.5.201",
        "rfc7231#section-7.1.1.11", "jre-19.0.9.10.jar", "11.2.3.4-beta", "{ \"2.5.29.19\", x }"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect_none(CU_TYPE_IP_ADDRESS, none[i]);
    expect(CU_TYPE_IP_ADDRESS, "<td> [140.211.11.130], </td>");
    expect(CU_TYPE_IP_ADDRESS, "from [140.211.11.130]-140.211.11.140");
    static const char *const four[] = {"Value('2.2.2.2')", "peer 2.2.2.2", "2.2.2.2:53", "http://2.2.2.2/"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(cu_detect(engine, scratch, cu_str(four[i]), &found), CU_OK);
        assert_int_equal(found.n, 1);
        assert_int_equal(found.v[0].confidence < CU_DETECT_DEFAULT_MIN, i == 0);
    }
}

static void reserved_domains_are_less_sure(void **state)
{
    (void)state;
    static const char *const texts[] = {"a.b@example.com", "a.b@x.test", "a.b@Mail.Example.ORG", "a.b@contest.de"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(cu_detect(engine, scratch, cu_str(texts[i]), &found), CU_OK);
        assert_int_equal(found.n, 1);
        assert_int_equal(found.v[0].confidence, i < 3 ? 30 : 90);
    }
}

/* Mailboxes of RFC 2142, of lists and of machines are nobody's. */
static void offices_are_less_sure(void **state)
{
    (void)state;
    static const char *const texts[] = {"security@acme.io", "no-reply@acme.io", "dev-request@acme.io", "dev@lists.acme.io", "x@googlegroups.com",
                                        "info@acme.io", "secu.rity@acme.io", "x-subscribed@acme.io"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(cu_detect(engine, scratch, cu_str(texts[i]), &found), CU_OK);
        assert_int_equal(found.n, 1);
        assert_int_equal(found.v[0].confidence, i < 5 ? 35 : 90);
    }
}

static void hostile(void **state)
{
    (void)state;
    static const char *const runs[] = {"0", "01 ", "01 23 ", "(415) ", "3c:", "3c-", "call 1 ", "1-", "1A1z"};
    survives_cuts("Phone (415) 555-0132, 3c:52:82:a1:0b:7e and 3c-52-82-a1-0b-7e, 01 99 00 12 34");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        linear_in(runs[i]);
}

/* Less sure than what a scan shows by default; on the next line it is what it was. */
static void credits_are_less_sure(void **state)
{
    (void)state;
    static const char text[] = "/* Copyright (C) 2019, <ada@firm.io>, et al. */\n<eve@firm.io>\n";
    assert_int_equal(cu_detect(engine, scratch, cu_str(text), &found), CU_OK);
    assert_int_equal(found.n, 2);
    assert_true(found.v[0].confidence < 40 && found.v[0].flags & CU_FINDING_CREDIT);
    assert_true(found.v[1].confidence >= 40 && !(found.v[1].flags & CU_FINDING_CREDIT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(other_numbers),
        cmocka_unit_test(what_looks_like_a_mailbox), cmocka_unit_test(versions_are_no_addresses),
        cmocka_unit_test(reserved_domains_are_less_sure), cmocka_unit_test(offices_are_less_sure),
        cmocka_unit_test(hostile),
        cmocka_unit_test(credits_are_less_sure),
    };
    return cmocka_run_group_tests(tests, load, unload_all);
}
