/* What stands encoded or escaped in a text is found where it stands, to the depth that is looked at. */
#include "fixture.h"
#include "engine.h"

static void base64(cu_buf *b, cu_bytes t)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < t.n; i += 3) {
        uint32_t v = (uint32_t)t.p[i] << 16 | (i + 1 < t.n ? t.p[i + 1] : 0u) << 8 | (i + 2 < t.n ? t.p[i + 2] : 0u);
        for (unsigned k = 0; k < 4; k++)
            cu_buf_byte(b, i + k > t.n ? '=' : (uint8_t)alphabet[v >> (18 - 6 * k) & 63]);
    }
}

/* The encoded form is the finding, at any offset, padded or not, in hexadecimal too; random bytes are
 * none, and what was encoded twice is found too. */
static void encoded_values_are_found(void **state)
{
    (void)state;
    static const char inner[] = "send it to maria.kowalska@customer-mail.de";
    cu_buf once CU_CLEAN_BUF = CU_BUF(4096), twice CU_CLEAN_BUF = CU_BUF(4096), hex CU_CLEAN_BUF = CU_BUF(4096);
    base64(&once, cu_str(inner));
    base64(&twice, cu_buf_view(&once));
    for (size_t i = 0; inner[i]; i++)
        cu_buf_fmt(&hex, "%02x", (unsigned)inner[i]);
    for (size_t at = 0; at < 200; at++)
        for (int form = 0; form < 3; form++) {
            cu_buf text CU_CLEAN_BUF = CU_BUF(8192);
            const cu_buf *v = form == 0 ? &once : form == 1 ? &hex : &twice;
            for (size_t i = 0; i < at; i++)
                cu_buf_byte(&text, ' ');
            cu_buf_add(&text, cu_buf_view(v));
            cu_buf_byte(&text, '"');
            assert_int_equal(cu_detect(engine, scratch, cu_buf_view(&text), &found), CU_OK);
            assert_int_equal(found.n, 1);
            assert_int_equal(found.v[0].type, CU_TYPE_EMAIL_ADDRESS);
            assert_int_equal(found.v[0].start, at);
            assert_int_equal(found.v[0].end, at + v->n);
            assert_true(found.v[0].flags & CU_FINDING_DECODED);
        }
}

/* Five times is more than what is looked into: nothing, in bounded time. */
static void depth_has_an_end(void **state)
{
    (void)state;
    cu_buf text CU_CLEAN_BUF = CU_BUF(8192);
    cu_buf_str(&text, "send it to maria.kowalska@customer-mail.de");
    for (unsigned times = 1; times <= 5; times++) {
        cu_buf next CU_CLEAN_BUF = CU_BUF(8192);
        base64(&next, cu_buf_view(&text));
        text.n = 0;
        cu_buf_add(&text, cu_buf_view(&next));
        assert_int_equal(cu_buf_err(&text), CU_OK);
        assert_int_equal(cu_detect(engine, scratch, cu_buf_view(&text), &found), CU_OK);
        assert_int_equal(found.n, times <= CU_DECODED_DEPTH);
    }
}

static void escaped_values_are_found(void **state)
{
    (void)state;
    expect(CU_TYPE_EMAIL_ADDRESS, "https://acme.test/?to=[maria.kowalska%40customer-mail.de]&x=1");
    expect(CU_TYPE_EMAIL_ADDRESS, "https://acme.test/?u=https%3A%2F%2Fb.test%2F%3Fto%3D[maria.kowalska%40customer-mail.de]");
    expect(CU_TYPE_EMAIL_ADDRESS, "https://acme.test/?to=[maria.kowalska%2540customer-mail.de]"); /* twice */
    expect(CU_TYPE_EMAIL_ADDRESS, "<a>[maria.kowalska&#64;customer-mail.de]</a>");
    expect(CU_TYPE_EMAIL_ADDRESS, "<a>[maria.kowalska&#x40;customer-mail&period;de]</a>");
    expect(CU_TYPE_SECRET, "<code>password=&quot;[kT4pw9xQ2m]&quot;</code>");
    expect(CU_TYPE_SECRET, "body=db_password%3D[kT4pw9xQ2m]");
    expect(CU_TYPE_EMAIL_ADDRESS, "Content-Transfer-Encoding: quoted-printable\n\nto [maria.kowal=\nska=40customer-mail.de]\n");
    expect_none(CU_TYPE_EMAIL_ADDRESS, "to maria.kowal=\nska=40customer-mail.de"); /* nothing says it is quoted */
    expect_none(CU_TYPE_EMAIL_ADDRESS, "printf(\"%s%d%40\", maria); a&#; b&#x; c&#64 d%4");
}

/* The sweep marks escapes in blocks of 64 bytes: no offset, and no end of the text, hides one. */
static void escapes_are_found_at_every_offset(void **state)
{
    (void)state;
    static const char *const forms[] = {"maria.kowalska%40customer-mail.de", "maria.kowalska&#64;customer-mail.de", "maria.kowalska=40customer-mail.de"};
    for (size_t at = 1; at < 400; at++)
        for (size_t form = 0; form < 3; form++) {
            cu_buf text CU_CLEAN_BUF = CU_BUF(8192);
            if (form == 2)
                cu_buf_str(&text, "quoted-printable ");
            while (text.n < at || (form == 2 && text.n < at + 17))
                cu_buf_byte(&text, ' ');
            size_t start = text.n;
            cu_buf_str(&text, forms[form]);
            if (at % 2)
                cu_buf_str(&text, " and so on");
            assert_int_equal(cu_detect(engine, scratch, cu_buf_view(&text), &found), CU_OK);
            assert_int_equal(found.n, 1);
            assert_int_equal(found.v[0].type, CU_TYPE_EMAIL_ADDRESS);
            assert_int_equal(found.v[0].start, start);
            assert_int_equal(found.v[0].end, start + strlen(forms[form]));
        }
}

static void broken_escapes_do_no_harm(void **state)
{
    (void)state;
    survives_cuts("a%40b.de%2 &#64;c.de &#x4 quoted-printable =40=\r\n=3D=\n=");
    linear_in("%40");
    linear_in("a%2540b.de ");
    linear_in("&#64;");
    linear_in("quoted-printable =40=\n");
    linear_in("&amp;amp;amp;#64;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoded_values_are_found),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(escaped_values_are_found),
        cmocka_unit_test(escapes_are_found_at_every_offset),
        cmocka_unit_test(broken_escapes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, load, unload_all);
}
