// What the signing page makes of an ask, without a browser: the question for every type of document, and every reason not to sign.
import * as assert from "uvu/assert";
import { judgeAsk } from "../../../broker/signing/judge.ts";
import { plain } from "../../../broker/signing/words.ts";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { encodeEnvelope, hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import type { SignAsk } from "../../../shared/signing-page.ts";
import { group } from "../../support/group.ts";
import {
  firstManifest,
  keyOf,
  paperAt,
  paperPolicy,
  PaperSite,
  publicOf,
  refused,
  signed,
  transcript,
  twinSite,
} from "../document/paper-site.ts";
import { SoftwarePasskey } from "../document/software-passkey.ts";

const portal = "https://relay.example.org";
const page = "https://sign.example.org";
const passkey = new SoftwarePasskey("ES256");
const key: PasskeyPublic = passkey.key;
const nonce = toBase64Url(new Uint8Array(16).fill(3));

async function withPia(change: (manifest: Manifest) => Manifest = (same) => same) {
  return PaperSite.make((manifest) =>
    change({
      ...manifest,
      persons: [
        ...manifest.persons,
        { id: "pia" as PersonId, name: "Pia Berg", roles: ["owner", "approver"], keys: [key] },
      ],
      targets: manifest.targets.map((target) =>
        target.id === "hmi" ? { ...target, name: "Press HMI" } : { ...target, name: "Drive 7" },
      ),
    }),
  );
}

function ask(
  site: PaperSite,
  type: string,
  payload: object,
  { about = [], ...change }: Partial<Omit<SignAsk, "about">> & { about?: Envelope[] } = {},
): SignAsk {
  return {
    sallyport: "signing 1",
    ask: "sign",
    type,
    payload: toBase64Url(utf8(JSON.stringify(payload))),
    keys: [key],
    chain: [encodeEnvelope(site.chain.held.envelope)],
    about: [...site.rosters.map(({ envelope }) => envelope), ...about].map(encodeEnvelope),
    ...change,
  };
}

const judge = (item: SignAsk, change: Partial<Parameters<typeof judgeAsk>[1]> = {}) =>
  judgeAsk(item, { askedBy: portal, page, nowAt: paperAt, ...change });

async function questionOf(item: SignAsk, change = {}): Promise<string> {
  return plain((await judge(item, change)).question.question);
}

async function factsOf(item: SignAsk): Promise<Map<string, string>> {
  const { question } = await judge(item);
  return new Map(
    question.facts.map(({ label, lines }) => [label, lines.map(plain).join(" | ")] as const),
  );
}

/** Joe of Acme asks for an hour on the HMI. */
async function joesRequest(site: PaperSite) {
  const targets = [{ id: "hmi" as TargetId, rights: ["terminal", "exec"] }];
  return site.verifiedRequest({ vendor: "acme/joe" as PersonId, targets, minutes: 60 }, "joe");
}

await group("signing page's judgement", {}, (test) => {
  test("a grant is the one question, with what differs from what was asked for", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const about = [request.envelope];
    const whole = ask(site, "grant", await site.grant(request), { about });
    assert.is(await questionOf(whole), "Let Joe of Acme Drives work on Press HMI for 60 minutes?");
    const facts = await factsOf(whole);
    assert.is(facts.get("What and why"), "drive 7 trips, read its fault memory");
    assert.is(facts.get("Ticket"), "T-1001");
    assert.is(facts.get("Devices"), "Press HMI (hmi): open a terminal and run commands");
    assert.is(facts.get("You sign as"), "Pia Berg (pia)");
    assert.is(facts.get("Signature goes to"), portal);
    assert.is(facts.get("Asked with key")?.replaceAll(" ", ""), request.payload.key);
    assert.is(facts.get("Less than was asked for"), undefined);

    const targets = [{ id: "hmi" as TargetId, rights: ["terminal"] }];
    const narrow = await site.grant(request, {}, { minutes: 30, targets });
    const less = (await factsOf(ask(site, "grant", narrow, { about }))).get(
      "Less than was asked for",
    );
    assert.is(less, "30 minutes instead of 60 minutes | Press HMI: not to run commands");
  });
  test("an extension says how much more, and of which grant", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const before = await signed("grant", await site.grant(request), "anna");
    const replaced = { hash: await hashEnvelope(before), payload: await site.grant(request) };
    const longer = await site.grant(request, {}, { minutes: 90, replaced: replaced as never });
    const about = [request.envelope, before];
    const item = ask(site, "grant", longer, { about });
    assert.is(await questionOf(item), "Give Joe of Acme Drives 30 minutes more on Press HMI?");
    assert.match((await factsOf(item)).get("Extends") ?? "", /90 minutes in all instead of 60/);
    await refused(
      () => judge(ask(site, "grant", longer, { about: [request.envelope] })),
      "document_invalid",
      /grant that the document names is missing/,
    );
  });
  test("a standing job says so, with its days and hours; a changed key of a device is warned of", async () => {
    const site = await withPia();
    const untilAt = paperAt + 30 * 24 * 3600;
    const windows = {
      timeZone: "Europe/Berlin",
      days: [1, 3],
      from: "08:00",
      to: "12:00",
      untilAt,
    };
    const targets = [{ id: "hmi" as TargetId, rights: ["terminal"] }];
    const request = await site.verifiedRequest({ targets, windows, startBeforeAt: untilAt });
    const about = [request.envelope];
    assert.is(
      await questionOf(ask(site, "request", request.payload)),
      "Ask to work on Press HMI again and again, for 30 minutes each time?",
    );
    const standing = ask(site, "grant", await site.grant(request), { about });
    assert.is(
      await questionOf(standing),
      "Let Name of vera work on Press HMI again and again, for 30 minutes each time?",
    );
    assert.match(
      (await factsOf(standing)).get("When") ?? "",
      /^Mon and Wed, 08:00 to 12:00 \(Europe\/Berlin\) \| For the last time before /,
    );
    const fewer = await site.grant(request, {}, { windows: { ...windows, days: [1] } });
    const less = await factsOf(ask(site, "grant", fewer, { about }));
    assert.is(less.get("Less than was asked for"), "At fewer times");

    const fingerprint = `SHA256:${"A".repeat(43)}`;
    const deviceKeys = [{ target: "hmi" as TargetId, fingerprint }];
    const item = ask(site, "grant", await site.grant(request, {}, { deviceKeys }), { about });
    assert.is((await factsOf(item)).get("Changed key"), `Press HMI: ${fingerprint}`);
    const { warnings } = (await judge(item)).question;
    assert.match(warnings.map(plain).join(), /Press HMI does not show the key that the site knows/);
    const certificate = Array.from({ length: 32 }, () => "AB").join(":");
    const renewed = [{ target: "hmi" as TargetId, fingerprint: certificate }];
    const changed = await site.grant(request, {}, { deviceKeys: renewed });
    const facts = await factsOf(ask(site, "grant", changed, { about }));
    assert.is(facts.get("Changed certificate"), `Press HMI: ${certificate}`);
    assert.is(facts.get("Changed key"), undefined);
    const told = (await judge(ask(site, "grant", changed, { about }))).question.warnings;
    assert.match(told.map(plain).join(), /Press HMI does not show the certificate that the site/);
  });
  test("every other document has its question, too", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const grant = await signed("grant", await site.grant(request), "anna");
    const invitation = await signed(
      "invitation",
      {
        site: site.id,
        invitation: nonce,
        publicKey: await publicOf("one-time"),
        subject: { kind: "person", id: "emil", name: "Emil", roles: ["approver"] },
        issuedAt: paperAt,
        untilAt: paperAt + 3600,
      },
      "anna",
    );
    const [edge, issuedAt] = [site.edge.id, paperAt];
    const at = { site: site.id, edge, issuedAt };
    const proof = { ...at, person: "acme/joe", request: null, grant: null, transcript };
    const box = { encapsulation: toBase64Url(new Uint8Array(1120)), ciphertext: nonce + nonce };
    const sealedBox = { edge: box, recovery: box };
    const about = [request.envelope, grant, invitation];
    const rows: readonly (readonly [string, object, string])[] = [
      ["request", request.payload, "Ask to work on Press HMI for 60 minutes?"],
      [
        "deny",
        { site: site.id, request: request.hash, reason: "", issuedAt },
        "Say no to Joe of Acme Drives for Press HMI?",
      ],
      [
        "proof",
        { ...proof, purpose: "waiting", request: request.hash },
        "Start working on Press HMI with this device, as soon as it is approved?",
      ],
      [
        "proof",
        { ...proof, purpose: "session", request: request.hash, grant: await hashEnvelope(grant) },
        "Start working on Press HMI with this device?",
      ],
      ["proof", { ...proof, purpose: "play" }, "Play recordings of edge?"],
      [
        "revocation",
        { ...at, scope: { kind: "request", id: request.hash }, reason: "" },
        "End the job of Joe of Acme Drives on Press HMI for good?",
      ],
      [
        "revocation",
        { ...at, scope: { kind: "person", id: "vera" }, reason: "" },
        "Revoke Name of vera?",
      ],
      [
        "lockdown",
        { site: site.id, scope: { kind: "site" }, reason: "", issuedAt, nonce },
        "Lock down the whole site Paper mill?",
      ],
      ["lift", { ...at, lockdown: transcript, reason: "" }, "Lift the lockdown on edge?"],
      [
        "roster",
        await site.roster({ version: 2 }),
        "Renew Acme Drives’s list of technicians at Paper mill?",
      ],
      [
        "invitation",
        JSON.parse(new TextDecoder().decode(invitation.payload)) as object,
        "Invite Emil as approver of Paper mill?",
      ],
      [
        "introduction",
        {
          site: site.id,
          invitation: await hashEnvelope(invitation),
          keys: [key],
          edge: null,
          issuedAt,
        },
        "Join Paper mill as Emil, with this device?",
      ],
      [
        "secret",
        { site: site.id, edge, target: "hmi", name: "login", version: 2, sealed: sealedBox },
        "Store a new password or key for Press HMI?",
      ],
      [
        "device",
        { site: site.id, edge, target: "hmi", version: 2, sealed: sealedBox },
        "Store a new address and login for Press HMI?",
      ],
      [
        "sign-in",
        { relay: "relay.example.org", nonce: transcript, person: "pia", site: site.id, issuedAt },
        "Sign in to the relay relay.example.org?",
      ],
      ["manifest", site.next({ name: "Mill" }), "Change the site Paper mill?"],
    ];
    for (const [type, payload, question] of rows) {
      assert.is(await questionOf(ask(site, type, payload, { about })), question, type);
    }
    const first = await firstManifest();
    const founding = ask(site, "manifest", first, { chain: [], about: [] });
    assert.is(await questionOf({ ...founding, about: [] }), "Found the site Paper mill?");
  });
  test("a panel under the relay's name is warned of: to whoever asks, approves or offers it, and to nobody else", async () => {
    const risk = /^Press HMI in the browser: The relay owns the panel’s name: whoever controls/;
    const asked = (rights: readonly string[]) => [{ id: "hmi" as TargetId, rights: [...rights] }];
    const warnings = async (item: SignAsk) => (await judge(item)).question.warnings.map(plain);
    const site = await withPia((manifest) => ({
      ...manifest,
      targets: manifest.targets.map((target) =>
        target.id === "hmi" ? { ...target, kind: "http", rights: ["connect", "browser"] } : target,
      ),
    }));
    const request = await site.verifiedRequest({ targets: asked(["connect", "browser"]) });
    const about = [request.envelope];
    const given = await site.grant(request);
    const [first = ""] = await warnings(ask(site, "grant", given, { about }));
    assert.match(first, risk);
    const vendor = await site.request({ vendor: "pia" as PersonId, targets: asked(["browser"]) });
    assert.match((await warnings(ask(site, "request", vendor)))[0] ?? "", risk);
    // Taken out by the approver, it is not spoken of.
    const narrow = await site.grant(request, {}, { targets: asked(["connect"]) });
    const less = ask(site, "grant", narrow, { about });
    assert.equal(await warnings(less), []);
    const facts = await factsOf(less);
    assert.is(facts.get("Devices"), "Press HMI (hmi): open it through the sallyport command");
    assert.match(facts.get("Less than was asked for") ?? "", /not to open it in the browser/);
    const plainSite = await withPia();
    const offering = plainSite.next({
      targets: plainSite.manifest.targets.map((target) =>
        target.id === "hmi" ? { ...target, kind: "http", rights: ["browser"] } : target,
      ),
    });
    assert.match((await warnings(ask(plainSite, "manifest", offering)))[0] ?? "", risk);
    assert.equal(await warnings(ask(site, "manifest", site.next({ name: "Mill" }))), []);
  });
  test("a screen is told once: to operate it is to see it, and to look only is said so", async () => {
    const screen = ["control", "view", "clipboard-in"];
    const site = await withPia((manifest) => ({
      ...manifest,
      targets: manifest.targets.map((target) =>
        target.id === "hmi" ? { ...target, kind: "vnc", rights: screen } : target,
      ),
    }));
    const asked = (rights: readonly string[]) => [{ id: "hmi" as TargetId, rights: [...rights] }];
    const request = await site.verifiedRequest({ targets: asked(screen) });
    const about = [request.envelope];
    const whole = await factsOf(ask(site, "grant", await site.grant(request), { about }));
    assert.is(
      whole.get("Devices"),
      "Press HMI (hmi): see and operate the screen and put text into its clipboard",
    );
    const looking = await site.grant(request, {}, { targets: asked(["view"]) });
    const facts = await factsOf(ask(site, "grant", looking, { about }));
    assert.is(facts.get("Devices"), "Press HMI (hmi): see the screen only");
    assert.is(
      facts.get("Less than was asked for"),
      "Press HMI: to look only, without mouse and keyboard | Press HMI: not to put text into its clipboard",
    );
    const without = await site.grant(request, {}, { targets: asked(["control", "clipboard-in"]) });
    const same = await factsOf(ask(site, "grant", without, { about }));
    assert.is(same.get("Less than was asked for"), undefined, "nothing was taken away");
  });
  test("a change of the site is told in sentences, and every value stands below", async () => {
    const site = await withPia();
    const { persons, targets, policies } = site.manifest;
    const emil = { id: "emil" as PersonId, name: "Emil", roles: ["vendor" as const] };
    const next = site.next({
      persons: [
        ...persons.filter(({ id }) => id !== "dora"),
        { ...emil, keys: [await keyOf("emil")] },
      ],
      targets: targets.map((target) => ({ ...target, rights: [target.rights[0] ?? ""] })),
      policies: policies.map((policy) => ({ ...policy, approversNeeded: 1 })),
      ownersNeeded: 1,
    });
    const item = ask(site, "manifest", next);
    assert.equal((await factsOf(item)).get("What changes")?.split(" | "), [
      "Person removed: Name of dora (dora)",
      "New person: Emil (emil): vendor",
      "Device Press HMI: may be used to open a terminal (was open a terminal, run commands and copy files)",
      "Policy strict: approvers needed 1 (was 2)",
      "1 of the owners must sign from now on (was 2)",
    ]);
    const { exactly } = (await judge(item)).question;
    assert.is(exactly.length, 5, exactly.join("\n"));
  });
  test("two approvers are named as such, and a lost recovery sheet is warned of", async () => {
    const site = await withPia();
    const targets = [{ id: "plc" as TargetId, rights: ["connect"] }];
    const request = await site.verifiedRequest({ targets });
    const about = [request.envelope];
    const { question } = await judge(ask(site, "grant", await site.grant(request), { about }));
    assert.match(plain(question.meaning ?? []), /^2 approvers have to sign/);
    const without = await judge(ask(site, "manifest", site.next({ recovery: null })));
    assert.match(without.question.warnings.map(plain).join(), /no recovery sheet/);
  });
  test("a signature goes only where the site's newest manifest lists a relay", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const item = ask(site, "grant", await site.grant(request), { about: [request.envelope] });
    await judge(item);
    for (const askedBy of [
      "https://relay.example.org:444",
      "http://relay.example.org",
      "https://relay.example.org.evil.example",
      page,
    ]) {
      await refused(() => judge(item, { askedBy }), "refused", /is not a relay of this site/);
    }
    const moved = await site.succeed({
      relays: site.manifest.relays.map((relay) => ({ ...relay, url: "https://new.example.org" })),
    });
    const chain = [site, moved].map((each) => encodeEnvelope(each.chain.held.envelope));
    await refused(() => judge({ ...item, chain }), "refused", /is not a relay of this site/);
    const first = ask(site, "manifest", await firstManifest(), { chain: [] });
    await refused(
      () => judge({ ...first, about: [] }, { askedBy: "https://evil.example" }),
      "refused",
      /is not a relay of this site/,
    );
  });
  test("a sign-in goes to the relay of that name, as the manifest lists it or as the browser's address says it", async () => {
    const site = await withPia();
    const payload = {
      relay: "relay.example.org",
      nonce: transcript,
      person: null,
      site: null,
      issuedAt: paperAt,
    };
    const bare = ask(site, "sign-in", payload, { chain: [] });
    await judge({ ...bare, about: [] });
    const evil = { askedBy: "https://evil.example" };
    await refused(() => judge({ ...bare, about: [] }, evil), "refused", /is not the relay/);
    // A made-up site cannot vouch for another address where the sign-in names no site.
    const own = await withPia((manifest) => ({
      ...manifest,
      relays: manifest.relays.map((relay) => ({ ...relay, url: "https://evil.example" })),
    }));
    await refused(() => judge(ask(own, "sign-in", payload), evil), "refused", /is not the relay/);
    // Another relay of the same site may not sign in here.
    const [relay] = site.manifest.relays;
    assert.ok(relay);
    const two = await withPia((manifest) => ({
      ...manifest,
      relays: [
        relay,
        { name: "second", url: "https://second.example", attestationKey: transcript },
      ],
    }));
    const named = ask(two, "sign-in", { ...payload, site: two.id });
    await judge(named);
    await refused(
      () => judge(named, { askedBy: "https://second.example" }),
      "refused",
      /is not the relay/,
    );
  });
  test("a chain that does not start at the document's site, skips or ends elsewhere is refused", async () => {
    const site = await withPia();
    const twin = await twinSite();
    const request = await joesRequest(site);
    const item = ask(site, "grant", await site.grant(request), { about: [request.envelope] });
    const texts = (...sites: PaperSite[]) =>
      sites.map((each) => encodeEnvelope(each.chain.held.envelope));
    await refused(
      () => judge({ ...item, chain: texts(twin) }),
      "document_invalid",
      /is not the pinned first one/,
    );
    await refused(() => judge({ ...item, chain: [] }), "document_invalid", /manifests are missing/);
    const second = await site.succeed({ name: "Second" });
    const third = await second.succeed({ name: "Third" });
    await judge({ ...item, chain: texts(site, second, third) });
    await refused(
      () => judge({ ...item, chain: texts(site, third) }),
      "document_invalid",
      /manifests after version 1 are missing/,
    );
    await refused(
      () => judge(ask(site, "manifest", third.manifest)),
      "document_invalid",
      /manifest 3 does not follow the newest one, 1/,
    );
    const byNobody = await signed("manifest", site.next(), "vera");
    await refused(
      () => judge({ ...item, chain: [...texts(site), encodeEnvelope(byNobody)] }),
      "signature_invalid",
      /may not sign it/,
    );
  });
  test("payloads with unknown keys, in another spelling or of another type are refused", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const grant = await site.grant(request);
    const about = [request.envelope];
    await refused(
      () => judge(ask(site, "grant", { ...grant, note: "also the PLC" }, { about })),
      "document_invalid",
      /grant's note/,
    );
    const spaced = toBase64Url(utf8(JSON.stringify(grant, null, 1)));
    await refused(
      () => judge({ ...ask(site, "grant", grant, { about }), payload: spaced }),
      "json_invalid",
      /not strict JSON/,
    );
    for (const type of ["receipt", "attestation", "checkpoint", "release", "constructor"]) {
      await refused(
        () => judge(ask(site, type, site.checkpoint())),
        "document_invalid",
        /not one that people sign here/,
      );
    }
  });
  test("what a document names counts only if it has that very hash and a good signature", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const other = await site.verifiedRequest({ reason: "something else" });
    const grant = await site.grant(request);
    await refused(
      () => judge(ask(site, "grant", grant, { about: [other.envelope] })),
      "document_invalid",
      /request that the document names is missing/,
    );
    // The same bytes without Joe's own signature: nobody has asked for that.
    const forged = await signed("request", request.payload, "vera");
    await refused(
      () => judge(ask(site, "grant", grant, { about: [forged] })),
      "signature_invalid",
      /may not sign it/,
    );
    // A roster by somebody who administers nothing names nobody.
    const byVera = await signed("roster", await site.roster({ version: 2 }), "vera");
    const forgedRoster = [byVera, request.envelope].map(encodeEnvelope);
    await refused(
      () => judge({ ...ask(site, "grant", grant), about: forgedRoster }),
      "forbidden",
      /neither in the manifest nor in a fresh roster/,
    );
    await refused(
      () => judge({ ...ask(site, "grant", grant), about: [encodeEnvelope(request.envelope)] }),
      "forbidden",
      /neither in the manifest nor in a fresh roster/,
    );
    const proof = {
      site: site.id,
      edge: site.edge.id,
      purpose: "waiting",
      person: "acme/joe",
      request: request.hash,
      grant: null,
      transcript,
      issuedAt: paperAt,
    };
    await refused(
      () => judge(ask(site, "proof", proof, { about: [other.envelope] })),
      "document_invalid",
      /request that the document names is missing/,
    );
  });
  test("a grant that gives more than was asked, or names a foreign manifest, is refused", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const about = [request.envelope];
    for (const [change, expected] of [
      [{ minutes: 61, endsAt: paperAt + 3600 }, /gives 61 minutes/],
      [{ vendor: "vera" as PersonId }, /another vendor/],
      [
        { targets: [{ id: "plc" as TargetId, rights: ["connect"] }] },
        /"plc" is not in the request/,
      ],
      [{ startBeforeAt: paperAt + 7200 }, /later than its request/],
      [{ manifest: transcript as never }, /names a manifest that is not one/],
    ] as const) {
      const grant = await site.grant(request, change);
      await refused(
        () => judge(ask(site, "grant", grant, { about })),
        "document_invalid",
        expected,
      );
    }
  });
  test("another page than the manifest's own signs nothing", async () => {
    const site = await withPia();
    const request = await joesRequest(site);
    const item = ask(site, "grant", await site.grant(request), { about: [request.envelope] });
    assert.is((await judge(item)).rpId, "sign.example.org");
    await refused(
      () => judge(item, { page: "https://sign.example.org:444" }),
      "refused",
      /is not the signing page of this site/,
    );
    const bare = await withPia((manifest) => ({
      ...manifest,
      signing: null,
      policies: [paperPolicy, ...manifest.policies.slice(1)],
    }));
    const own = await joesRequest(bare);
    await refused(
      () => judge(ask(bare, "grant", { ...request.payload })),
      "document_invalid",
      /grant/,
    );
    const under = ask(bare, "grant", await bare.grant(own), { about: [own.envelope] });
    await refused(() => judge(under), "refused", /names no signing page/);
  });
  test("an introduction of keys that are not the signer's, or to another site, is refused", async () => {
    const site = await withPia();
    const invitation = await signed(
      "invitation",
      {
        site: site.id,
        invitation: nonce,
        publicKey: await publicOf("one-time"),
        subject: { kind: "person", id: "emil", name: "Emil", roles: ["approver"] },
        issuedAt: paperAt,
        untilAt: paperAt + 3600,
      },
      "anna",
    );
    const payload = {
      site: site.id,
      invitation: await hashEnvelope(invitation),
      keys: [key],
      edge: null,
      issuedAt: paperAt,
    };
    const about = [invitation];
    // Whoever asks: the newcomer knows no manifest yet, and the page says whose site it is by its number.
    const bare = { ...ask(site, "introduction", payload, { about }), chain: [] };
    const anywhere = { askedBy: "https://anywhere.example" };
    assert.is(await questionOf(bare, anywhere), "Join this site as Emil, with this device?");
    assert.is((await judge(bare, anywhere)).rpId, "sign.example.org");
    const foreign = { ...payload, keys: [await keyOf("emil")] };
    await refused(
      () => judge(ask(site, "introduction", foreign, { about })),
      "document_invalid",
      /is not one of those that are introduced/,
    );
    const twin = await twinSite();
    await refused(
      () =>
        judge({
          ...ask(site, "introduction", { ...payload, site: twin.id }, { about }),
          chain: [],
        }),
      "document_invalid",
      /invitation that the document names/,
    );
  });
  test("names stand apart from the page's own words, whatever they spell", async () => {
    const site = await withPia((manifest) => ({
      ...manifest,
      targets: manifest.targets.map((target) => ({
        ...target,
        name: "HMI for 5 minutes? <b>Yes</b>",
      })),
    }));
    const request = await joesRequest(site);
    const item = ask(site, "grant", await site.grant(request), { about: [request.envelope] });
    const { question } = (await judge(item)).question;
    assert.equal(
      question.filter((part) => typeof part !== "string").map(({ name }) => name),
      ["Joe", "Acme Drives", "HMI for 5 minutes? <b>Yes</b>"],
    );
  });
});
