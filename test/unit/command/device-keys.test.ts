// A changed key or certificate as people type it: both forms are taken in the spellings in which devices tell them, and wrong ones say what to do.
import * as assert from "uvu/assert";
import {
  changedDeviceHints,
  parseDeviceKey,
  requireOfKind,
} from "../../../broker/command/device-keys.ts";
import { CommandError } from "../../../broker/command/exit-codes.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";

const hostKey = "SHA256:uNiVztksCsDhcc0u9e8BrYXDdv0qCyXbOyCRSgb3UQI";
const pairs = Array.from({ length: 32 }, (_, at) =>
  (at * 7 + 10).toString(16).padStart(2, "0").toUpperCase(),
);
const certificate = pairs.join(":");
const target = "press-desktop" as TargetId;

const faultOf = (act: () => unknown): CommandError => {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof CommandError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
};

await group("changed keys and certificates", {}, (test) => {
  for (const [note, text, expected] of [
    ["a host key's, as OpenSSH shows it", hostKey, hostKey],
    ["a certificate's, as a grant names it", certificate, certificate],
    ["openssl's whole line", `sha256 Fingerprint=${certificate}`, certificate],
    ["small letters without colons", pairs.join("").toLowerCase(), certificate],
    ["dashes, as .NET writes bytes", pairs.join("-"), certificate],
  ] as const) {
    test(`${note} is taken`, () => assert.is(parseDeviceKey(text), expected));
  }
  for (const text of ["", "SHA256:short", `${hostKey}=`, certificate.slice(0, -3), "MD5:00:11"]) {
    test(`"${text}" is refused, and both forms are told`, () => {
      const { message, hints } = faultOf(() => parseDeviceKey(text));
      assert.match(message, /is no fingerprint, expected SHA256: .* or AA:BB:…/);
      assert.match(hints.join(), /sallyport status/);
    });
  }
  for (const text of [pairs.slice(0, 20).join(":"), pairs.slice(0, 20).join("").toLowerCase()]) {
    test(`Windows' thumbprint "${text}" is called SHA-1, and how to get the SHA-256 is told`, () => {
      const { message, hints } = faultOf(() => parseDeviceKey(text));
      assert.match(message, /is a certificate's SHA-1, expected its SHA-256/);
      assert.match(hints.join(), /PowerShell: .*SHA256/);
    });
  }
  for (const [kind, fits, other, expected] of [
    ["ssh", hostKey, certificate, /is known by its host key, expected SHA256:…/],
    ["vnc", certificate, hostKey, /is known by its certificate, expected AA:BB:…/],
    ["rdp", certificate, hostKey, /is known by its certificate, expected AA:BB:…/],
    ["http", certificate, hostKey, /is known by its certificate, expected AA:BB:…/],
  ] as const) {
    test(`kind ${kind} takes the form of its own, and not the other`, () => {
      requireOfKind(target, kind, fits);
      assert.match(faultOf(() => requireOfKind(target, kind, other)).message, expected);
    });
  }
  test("a kind that shows nothing of itself has nothing to accept", () => {
    assert.match(faultOf(() => requireOfKind(target, "tcp", hostKey)).message, /no key and no/);
  });
  test("what an edge tells of changed devices becomes the command that accepts it, by its kind", () => {
    const at = 1_700_000_000;
    const changed = (fingerprint: string) => ({ target, shown: "", fingerprint, pinned: [], at });
    const [key, renewed] = changedDeviceHints({
      changedDevices: [changed(hostKey), changed(certificate)],
    });
    assert.match(key ?? "", /shows another host key than/);
    assert.match(renewed ?? "", /shows another certificate than/);
    const accept = `sallyport accept-key --target press-desktop --key ${certificate}`;
    assert.ok(renewed?.endsWith(accept), renewed);
    assert.equal(changedDeviceHints({ changedDevices: [] }), []);
    assert.equal(changedDeviceHints({ version: "1" }), []);
  });
});
