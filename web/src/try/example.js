// A text to try. Values that look live are put together here, so that no file of ours holds one.
const card = ["4111", "1111", "1111", "1111"].join(" ");
const keyId = ["AKIA", "IOSFODNN7", "EXAMPLE"].join("");
const mail = (name) => [name, "example.com"].join("@");

export const EXAMPLE = `-- fixtures/customers.sql
INSERT INTO customers (id, name, mail, phone) VALUES
  (1, 'Ada Example', '${mail("ada")}', '+1 202 555 0142'),
  (2, 'Bo Sample',   '${mail("bo")}',  '+44 20 7946 0958');

# .env.local, pasted by mistake
AWS_ACCESS_KEY_ID=${keyId}
TEST_CARD=${card}
BUILD_HOST=10.20.30.40

Write a test that loads these two customers and
checks that ${mail("ada")} gets the welcome mail.
`;
