// protocol.md, "Public keys" and "Verification": a browser's own key, which a page uses without a touch, decides nothing for a person with a passkey.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import { verifyDeny } from "../../../shared/document/denial.ts";
import { verifyGrant } from "../../../shared/document/grant.ts";
import { verifyInvitation } from "../../../shared/document/invitation.ts";
import type { PublicKey } from "../../../shared/document/keys.ts";
import { verifyLift, verifyLockdown } from "../../../shared/document/lockdown.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import { purposes, verifyProof, type Purpose } from "../../../shared/document/proof.ts";
import { verifyRequest } from "../../../shared/document/request.ts";
import { verifyRevocation } from "../../../shared/document/revocation.ts";
import { verifyRoster } from "../../../shared/document/roster.ts";
import { acceptNext } from "../../../shared/document/succession.ts";
import { keyIdOf } from "../../../shared/document/keys.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import {
  firstManifest,
  PaperSite,
  paperAt,
  publicOf,
  refused,
  signed,
  suite,
  transcript,
} from "./paper-site.ts";
import { SoftwarePasskey } from "./software-passkey.ts";

const hash = toBase64Url(new Uint8Array(32).fill(3));

async function browserKeyOf(name: string): Promise<PublicKey> {
  return { kind: "browser", public: await publicOf(name) };
}

/** What else anna, adam and vera have beside their browsers' own keys. */
type Beside = "a passkey" | "nothing" | "a passkey that no signing page can use";

/**
 * The paper site where anna (owner, approver and auditor), adam (who keeps acme's roster) and vera (vendor) hold browsers' own keys. Ben and olaf sign its first
 * manifest, so that it stands in each case.
 */
async function siteWith(beside: Beside): Promise<PaperSite> {
  const passkeys = ["anna", "adam", "vera"].map(() => new SoftwarePasskey("ES256").key);
  const keysOf = async (name: string, index: number): Promise<PublicKey[]> => [
    await browserKeyOf(`${name}'s browser`),
    ...(beside === "nothing" ? [] : [passkeys[index] as PublicKey]),
  ];
  const [anna, adam, vera] = await Promise.all(["anna", "adam", "vera"].map(keysOf));
  const manifest = await firstManifest();
  const founded: Manifest = {
    ...manifest,
    ownersNeeded: 1,
    signing: beside === "a passkey that no signing page can use" ? null : manifest.signing,
    persons: manifest.persons.map((person) =>
      person.id === "anna"
        ? { ...person, roles: ["owner", "approver", "auditor"] as const, keys: anna ?? [] }
        : person.id === "vera"
          ? { ...person, keys: vera ?? [] }
          : person,
    ),
    companies: manifest.companies.map((company) => ({
      ...company,
      administrators: company.administrators.map((each) => ({ ...each, keys: adam ?? [] })),
    })),
  };
  return PaperSite.open(await signed("manifest", founded, "ben"));
}

interface Case {
  readonly what: string;
  readonly decides: boolean;
  readonly verify: (site: PaperSite) => Promise<unknown>;
}

const by = "anna's browser";

async function requestOf(site: PaperSite) {
  const key = await keyIdOf(suite, await browserKeyOf("vera's browser"));
  const targets = [{ id: "hmi" as TargetId, rights: ["exec"] }];
  const payload = await site.request({ key, targets }, "vera's browser");
  return verifyRequest(await signed("request", payload, "vera's browser"), site.held());
}

function common(site: PaperSite) {
  return { site: site.id, reason: "", issuedAt: paperAt };
}

const cases: readonly Case[] = [
  {
    what: "request",
    decides: false,
    verify: async (site) => requestOf(site),
  },
  {
    what: "deny",
    decides: false,
    verify: async (site) =>
      verifyDeny(
        await signed("deny", { site: site.id, request: hash, reason: "", issuedAt: paperAt }, by),
        site.held(),
      ),
  },
  {
    what: "lockdown",
    decides: false,
    verify: async (site) => {
      const scope = { kind: "site" };
      const { site: id, ...rest } = common(site);
      const nonce = toBase64Url(new Uint8Array(16));
      return verifyLockdown(
        await signed("lockdown", { site: id, scope, ...rest, nonce }, by),
        site.held(),
      );
    },
  },
  {
    what: "invitation",
    decides: false,
    verify: async (site) => {
      const invitation = {
        site: site.id,
        invitation: toBase64Url(new Uint8Array(16)),
        publicKey: await publicOf("one-time"),
        subject: { kind: "person", id: "nina", name: "Nina", roles: ["vendor"] },
        issuedAt: paperAt,
        untilAt: paperAt + 3600,
      };
      return verifyInvitation(await signed("invitation", invitation, by), site.held());
    },
  },
  {
    what: "invitation of a technician",
    decides: false,
    verify: async (site) => {
      const subject = { kind: "technician", company: "acme", id: "acme/nina", name: "Nina" };
      const invitation = {
        site: site.id,
        invitation: toBase64Url(new Uint8Array(16)),
        publicKey: await publicOf("one-time"),
        subject,
        issuedAt: paperAt,
        untilAt: paperAt + 3600,
      };
      const envelope = await signed("invitation", invitation, "adam's browser");
      return verifyInvitation(envelope, site.held());
    },
  },
  ...(["request", "person", "key", "target"] as const).map((kind): Case => ({
    what: `revocation of a ${kind}`,
    decides: kind !== "request",
    verify: async (site) => {
      const ids = { request: hash, person: "vera", key: hash, target: "hmi" };
      const revocation = {
        site: site.id,
        edge: null,
        scope: { kind, id: ids[kind] },
        reason: "",
        issuedAt: paperAt,
      };
      return verifyRevocation(await signed("revocation", revocation, by), site.held());
    },
  })),
  {
    what: "grant",
    decides: true,
    verify: async (site) => {
      const request = await requestOf(site);
      return verifyGrant(await signed("grant", await site.grant(request), by), site.held(), {
        request,
      });
    },
  },
  {
    what: "manifest",
    decides: true,
    verify: async (site) => {
      const next = site.next({ name: "Paper mill, renamed" });
      const step = await acceptNext(suite, await signed("manifest", next, by), site.chain);
      if (step.outcome === "refused") throw step.error;
      assert.is(step.outcome, "accepted");
    },
  },
  {
    what: "lift",
    decides: true,
    verify: async (site) => {
      const { edge } = site;
      const lift = { site: site.id, edge: edge.id, lockdown: hash, reason: "", issuedAt: paperAt };
      const scope = { kind: "target", id: "hmi" as TargetId } as const;
      const locked = { edge: edge.id, entry: hash as never, scope };
      return verifyLift(await signed("lift", lift, by), site.held(), locked);
    },
  },
  {
    what: "roster",
    decides: true,
    verify: async (site) =>
      verifyRoster(await signed("roster", await site.roster(), "adam's browser"), site.held()),
  },
  ...purposes.map((purpose): Case => ({
    what: `proof for ${purpose}`,
    decides: purpose === "session" || purpose === "waiting" || purpose === "probe",
    verify: (site) => verifyProofFor(site, purpose),
  })),
];

async function verifyProofFor(site: PaperSite, purpose: Purpose): Promise<unknown> {
  const isJob = purpose === "session" || purpose === "waiting";
  const person = (isJob ? "vera" : "anna") as PersonId;
  const proof = {
    site: site.id,
    edge: site.edge.id,
    purpose,
    person,
    request: isJob ? hash : null,
    grant: purpose === "session" ? hash : null,
    transcript,
    issuedAt: paperAt,
  };
  const envelope: Envelope = await signed("proof", proof, `${person}'s browser`);
  return verifyProof(envelope, site.held(), { edge: site.edge.id, purpose, transcript });
}

await group("a browser's own key", {}, (test) => {
  for (const { what, decides, verify } of cases) {
    test(`${what}: ${decides ? "is decided by passkey where the person has one" : "counts without a touch"}`, async () => {
      const withPasskey = await siteWith("a passkey");
      if (decides) await refused(() => verify(withPasskey), "signature_invalid", /may not sign it/);
      else await verify(withPasskey);
    });
    test(`${what}: counts where the person has no passkey, or the site no page to use it on`, async () => {
      await verify(await siteWith("nothing"));
      await verify(await siteWith("a passkey that no signing page can use"));
    });
  }
});
