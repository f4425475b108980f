// protocol.md, "Sealed payloads", "secret" and "device": what a relay may carry but neither read, move nor bring back.
import * as assert from "uvu/assert";
import { fromUtf8, utf8 } from "../../../shared/bytes.ts";
import {
  encodeDevice,
  openDevice,
  parseDevice,
  sealDevice,
  verifyDevice,
  type Device,
} from "../../../shared/document/device.ts";
import {
  encodeSecret,
  openSecret,
  parseSecret,
  sealSecret,
  verifySecret,
  type Secret,
} from "../../../shared/document/secret.ts";
import { messageOf, type ErrorCode } from "../../../shared/errors.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { edgeEntry, PaperSite, refused, signed, suite, twinSite, xwingOf } from "./paper-site.ts";

const site = await PaperSite.make();
const foreign = await twinSite();
const edge2 = await edgeEntry("edge 2");
const edgeHolder = { kind: "edge" as const, privateKey: (await xwingOf("edge")).privateKey };
const recoveryHolder = {
  kind: "recovery" as const,
  privateKey: (await xwingOf("recovery")).privateKey,
};
const recipients = { edge: site.edge.sealingKey, recovery: site.manifest.recovery?.xwing ?? null };
const place = { site: site.id, edge: site.edge.id, target: "hmi" as TargetId, version: 1 };
const password: Secret = { kind: "password", password: "correct horse" };
const device: Device = {
  kind: "ssh",
  host: "192.0.2.7",
  port: 22,
  login: "plc",
  hostKeys: [site.edge.sshHostKey],
  legacy: false,
};
const secretDocument = await sealSecret(suite, { ...place, name: "login" }, recipients, password);
const deviceDocument = await sealDevice(suite, place, recipients, device);

const moved: readonly [attack: string, change: object][] = [
  ["another target", { target: "plc" }],
  ["another edge", { edge: edge2.id }],
  ["another site", { site: foreign.id }],
  ["another version", { version: 2 }],
];

const rows: readonly [
  type: "secret" | "device",
  note: string,
  change: object,
  signer: string,
  refusal?: readonly [ErrorCode, RegExp],
][] = [
  ["secret", "by an owner", {}, "olaf"],
  ["secret", "by an approver", {}, "cleo", ["signature_invalid", /may not sign/]],
  ["secret", "by the relay", {}, "relay", ["signature_invalid", /may not sign/]],
  ["secret", "of another site", { site: foreign.id }, "olaf", ["document_invalid", /is of site/]],
  [
    "secret",
    "for a target that is elsewhere",
    { edge: edge2.id },
    "olaf",
    ["document_invalid", /is not on edge/],
  ],
  [
    "secret",
    "for an unknown target",
    { target: "gone" },
    "olaf",
    ["document_invalid", /is not on edge/],
  ],
  [
    "secret",
    "without the recovery key",
    { sealed: { ...secretDocument.sealed, recovery: null } },
    "olaf",
    ["document_invalid", /recovery key is missing/],
  ],
  ["device", "by an owner", {}, "olaf"],
  ["device", "by an approver", {}, "cleo", ["signature_invalid", /may not sign/]],
  ["device", "of another site", { site: foreign.id }, "olaf", ["document_invalid", /is of site/]],
  [
    "device",
    "for a target that is elsewhere",
    { edge: edge2.id },
    "olaf",
    ["document_invalid", /is not on edge/],
  ],
  [
    "device",
    "of a version that the manifest does not name",
    { version: 2 },
    "olaf",
    ["document_invalid", /version 2, the manifest 1/],
  ],
  [
    "device",
    "without the recovery key",
    { sealed: { ...deviceDocument.sealed, recovery: null } },
    "olaf",
    ["document_invalid", /recovery key is missing/],
  ],
];

const badDevices: readonly [note: string, device: object][] = [
  ["an unknown kind", { kind: "vnc", host: "h", port: 1 }],
  ["port 0", { ...device, port: 0 }],
  ["a host with a space", { ...device, host: "a b" }],
  ["no pinned host key", { ...device, hostKeys: [] }],
  ["no port", { kind: "tcp", host: "h", ports: [] }],
];

const badSecrets: readonly [note: string, secret: object][] = [
  ["an unknown kind", { kind: "hunter2" }],
  ["a password that is no text", { kind: "password", password: 1234567 }],
  ["a key too many", { kind: "password", password: "a", "hunter2-b": 1 }],
  ["an empty password", { kind: "password", password: "" }],
];

await group("sealed", {}, (test) => {
  test("secret: the edge and the recovery key open it, and it is what was sealed", async () => {
    assert.equal(await openSecret(suite, secretDocument, edgeHolder), password);
    assert.equal(await openSecret(suite, secretDocument, recoveryHolder), password);
  });
  test("secret: another key does not open it", async () => {
    const stranger = { ...edgeHolder, privateKey: (await xwingOf("audit")).privateKey };
    await refused(() => openSecret(suite, secretDocument, stranger), "record_invalid", /./);
  });
  test("device: the edge and the recovery key open it, and it is what was sealed", async () => {
    assert.equal(await openDevice(suite, deviceDocument, edgeHolder), device);
    assert.equal(await openDevice(suite, deviceDocument, recoveryHolder), device);
  });
  for (const [attack, change] of moved) {
    test(`secret: one moved to ${attack} does not open`, async () => {
      const stolen = { ...secretDocument, ...change };
      await refused(() => openSecret(suite, stolen, edgeHolder), "record_invalid", /./);
    });
    test(`device: one moved to ${attack} does not open`, async () => {
      const stolen = { ...deviceDocument, ...change };
      await refused(() => openDevice(suite, stolen, edgeHolder), "record_invalid", /./);
    });
  }
  test("secret: one moved to another name, or taken for a device, does not open", async () => {
    const renamed = { ...secretDocument, name: "other" };
    await refused(() => openSecret(suite, renamed, edgeHolder), "record_invalid", /./);
    await refused(() => openDevice(suite, secretDocument, edgeHolder), "record_invalid", /./);
  });
  for (const [type, note, change, signer, refusal] of rows) {
    test(`${type}: one ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const payload = { ...(type === "secret" ? secretDocument : deviceDocument), ...change };
      const envelope = await signed(type, payload, signer);
      const act = async () =>
        type === "secret"
          ? verifySecret(envelope, site.held(), 0)
          : verifyDevice(envelope, site.held());
      if (refusal === undefined) assert.is((await act()).signers[0]?.name, signer);
      else await refused(act, ...refusal);
    });
  }
  test("secret: its version rises above the vault's, so an old password does not come back", async () => {
    const envelope = await signed("secret", secretDocument, "anna");
    await verifySecret(envelope, site.held(), 0);
    await refused(() => verifySecret(envelope, site.held(), 1), "document_invalid", /the vault 1/);
  });
  test("secret: a site without a recovery key seals to the edge alone", async () => {
    const bare = await PaperSite.make((manifest) => ({ ...manifest, recovery: null }));
    const own = { ...place, site: bare.id, name: "login" };
    const alone = await sealSecret(suite, own, { ...recipients, recovery: null }, password);
    const act = () => openSecret(suite, alone, recoveryHolder);
    await refused(act, "document_invalid", /nothing is sealed to the recovery key/);
    await verifySecret(await signed("secret", alone, "anna"), bare.held(), 0);
    const both = await signed("secret", await sealSecret(suite, own, recipients, password), "anna");
    await refused(() => verifySecret(both, bare.held(), 0), "document_invalid", /unknown/);
  });
  for (const [note, bad] of badDevices) {
    test(`device: a plaintext with ${note} is refused`, async () => {
      await refused(() => encodeDevice(bad as Device), "document_invalid", /device/);
      await refused(() => parseDevice(utf8(JSON.stringify(bad))), "document_invalid", /device/);
    });
  }
  for (const [note, bad] of badSecrets) {
    test(`secret: a plaintext with ${note} is refused, and the refusal quotes nothing`, async () => {
      const plaintext = utf8(JSON.stringify(bad));
      await refused(() => parseSecret(plaintext), "document_invalid", /neither a password nor/);
      try {
        encodeSecret(bad as Secret);
      } catch (thrown) {
        assert.not.match(messageOf(thrown), /hunter2|1234567/);
      }
    });
  }
  test("secret: what is sealed is strict JSON of the plaintext", () => {
    const text = '{"kind":"password","password":"correct horse"}';
    assert.is(fromUtf8(encodeSecret(password)), text);
  });
});
