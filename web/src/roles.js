// What each role may do, in words.
export const ROLE_WORDS = {
  owner: { as: "an owner", may: "everything, and who has an account" },
  compliance: { as: "compliance", may: "reads all; answers, scope, policies, findings, bundles for auditors" },
  security: { as: "security", may: "reads all; keys, sessions, answers" },
  developer: { as: "a developer", may: "exchanges, routes and classes of code" },
  approver: { as: "an approver", may: "reads all; decides as the second person" },
  auditor: { as: "an auditor", may: "reads within a window; freezes listings and draws samples; each view is on record" },
};
