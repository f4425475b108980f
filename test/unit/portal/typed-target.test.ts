// What an owner types about a machine: the device that it makes, each field that is wrong, and nothing lost on the way back into the form.
import * as assert from "uvu/assert";
import {
  deviceIn,
  faultsOf,
  secretIn,
  takesSecret,
  targetIn,
  typedOf,
  withKind,
  withSecure,
  type Typed,
  type TypedFault,
} from "../../../broker/portal/site/typed-target.ts";
import type { TargetChange } from "../../../broker/portal/site/changes.ts";
import { rightsOfKind, targetKindNames } from "../../../shared/document/rights.ts";
import { group } from "../../support/group.ts";
import { sshLineOf } from "../document/paper-site.ts";

const edge = "A".repeat(43);
const pin = Array.from({ length: 32 }, () => "0F").join(":");
const empty = typedOf(undefined, undefined, { edge, policy: "standard" });
const named: Typed = { ...empty, name: "Press 4", id: "press-4", host: "10.0.4.17" };
const hostKey = await sshLineOf("device");

const whole: Readonly<Record<string, Typed>> = {
  ssh: { ...named, login: "root", hostKeys: hostKey },
  tcp: { ...withKind(named, "tcp"), ports: "502, 102" },
  vnc: { ...withKind(named, "vnc"), login: "op", certificate: pin },
  rdp: {
    ...withKind(named, "rdp"),
    login: "op",
    domain: "PLANT",
    security: "tls",
    keyboard: "de",
    certificate: pin,
  },
  "http basic": {
    ...withSecure(withKind(named, "http"), true),
    certificate: pin,
    signIn: "basic",
    login: "op",
    paths: "/hmi\n/api",
  },
  "http digest": { ...withKind(named, "http"), signIn: "digest", login: "op" },
  "http header": { ...withKind(named, "http"), signIn: "header", header: "X-Key" },
  "http form": {
    ...withKind(named, "http"),
    signIn: "form",
    form: "/login",
    login: "op",
    loginField: "user",
    passwordField: "pw",
    formFields: "next=/a=b\nlang=",
  },
};

const wrong: readonly (readonly [string, Partial<Typed>, readonly TypedFault[]])[] = [
  ["ssh", { name: " ", id: "Press", rights: [] }, ["name", "id", "rights"]],
  ["ssh", { host: "http://h", ports: "22, 23", login: "" }, ["host", "ports", "login"]],
  ["ssh", { hostKeys: "not a key" }, ["hostKeys"]],
  ["ssh", { secretKind: "ssh-key", secret: " " }, ["secret"]],
  ["tcp", { ports: "" }, ["ports"]],
  ["vnc", { rights: ["clipboard-out"] }, ["noScreen"]],
  ["rdp", { rights: ["files", "clipboard-in"] }, ["noScreen"]],
  ["vnc", { rights: [] }, ["rights"]],
  ["vnc", { rights: ["view", "clipboard-out"] }, []],
  ["vnc", { ports: "5900 5901", certificate: "AA:BB" }, ["ports", "certificate"]],
  ["rdp", { login: "", certificate: "sha1" }, ["login", "certificate"]],
  ["rdp", { domain: "x".repeat(65) }, ["domain"]],
  ["http digest", { login: " " }, ["login"]],
  ["http basic", { login: "", start: "hmi", paths: "/a\nb" }, ["login", "start", "paths"]],
  ["http header", { header: "X Key" }, ["header"]],
  ["http form", { form: "login", passwordField: "" }, ["form", "passwordField"]],
  ["http form", { loginField: "" }, ["loginField"]],
  ["http form", { login: "" }, ["loginField"]],
  ["http form", { formFields: "lang" }, ["formFields"]],
];

await group("a machine as it is typed", {}, (test) => {
  for (const [note, typed] of Object.entries(whole)) {
    test(`${note}: no fault, and the same fields come back from what was collected`, () => {
      assert.equal([...faultsOf(typed, typed.id, false)], []);
      const target = targetIn(typed);
      assert.is(target.kind, typed.kind);
      const change = { target, device: deviceIn(typed) } as TargetChange;
      const again = typedOf(undefined, change, { edge, policy: "standard" });
      assert.equal(deviceIn(again), deviceIn(typed));
    });
  }
  for (const [note, fields, faults] of wrong) {
    test(`${note}: ${JSON.stringify(fields).slice(0, 60)} is wrong in ${faults.join(", ")}`, () => {
      const typed = { ...whole[note], ...fields } as Typed;
      assert.equal([...faultsOf(typed, typed.id, false)].sort(), [...faults].sort());
    });
  }
  test("what a box knows already need not be typed again", () => {
    const kept = { ...withKind(named, "rdp"), host: "" };
    assert.equal([...faultsOf(kept, kept.id, true)], []);
    assert.ok(faultsOf(kept, kept.id, false).has("host"));
  });
  test("a pin is taken as openssl prints it", () => {
    const typed = { ...whole["rdp"], certificate: `sha256 Fingerprint=${pin.toLowerCase()}` };
    assert.is((deviceIn(typed as Typed) as { certificate: string }).certificate, pin);
  });
  test("each kind begins with its usual rights and port; browser and files are chosen knowingly", () => {
    for (const kind of targetKindNames) {
      const { rights } = withKind(named, kind);
      assert.ok(rights.every((right) => (rightsOfKind[kind] as readonly string[]).includes(right)));
    }
    assert.equal(withKind(named, "http").rights, ["connect"]);
    assert.equal(withKind(named, "rdp").rights, ["control", "view", "resize"]);
    assert.is(withSecure(withKind(named, "http"), true).ports, "443");
    assert.is(withSecure({ ...withKind(named, "http"), ports: "8080" }, true).ports, "8080");
  });
  test("a secret is given where the box signs in, and never an SSH key to what is not SSH", () => {
    const typed = { ...named, secretKind: "ssh-key", secret: "key" } as const;
    assert.is(secretIn(typed)?.kind, "ssh-key");
    assert.is(secretIn(withKind(typed, "vnc")), undefined);
    assert.equal(secretIn({ ...withKind(named, "vnc"), secret: "pw" }), {
      kind: "password",
      password: "pw",
    });
    for (const kind of ["tcp", "http"] as const) {
      assert.is(takesSecret(withKind(named, kind)), false);
      assert.is(secretIn({ ...withKind(named, kind), secret: "pw" }), undefined);
    }
    assert.ok(secretIn({ ...withKind(named, "http"), signIn: "header", secret: "pw" }));
  });
});
