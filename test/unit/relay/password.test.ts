// Password and code: set by key, good for reading from any browser; one answer for whatever is wrong; recovery codes once; hashes that others know too.
import { argon2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import * as assert from "uvu/assert";
import { Directory } from "../../../broker/relay/directory.ts";
import { Drop } from "../../../broker/relay/drop.ts";
import { PasswordHashes } from "../../../broker/relay/password-hash.ts";
import { Passwords } from "../../../broker/relay/passwords.ts";
import { SeedSeal } from "../../../broker/relay/relay-keys.ts";
import { openStore } from "../../../broker/relay/store/store.ts";
import { Throttle } from "../../../broker/relay/throttle.ts";
import { Totp } from "../../../broker/relay/totp.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { keyIdOf } from "../../../shared/document/keys.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import {
  keyOf,
  paperAt,
  PaperSite,
  refused,
  signed,
  signerOf,
  twinSite,
} from "../document/paper-site.ts";
import { RelayPage } from "./relay-page.ts";
import { relayWithSite, type Answer, type RunningRelay } from "./running-relay.ts";

const password = "seven slow barges";
const name = "anna@paper.example";

interface AnnaWorld extends AsyncDisposable {
  readonly relay: RunningRelay;
  readonly site: PaperSite;
  /** Signed in by key. */
  readonly page: RelayPage;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
  readonly account: string;
}

/** A relay where anna has a password. */
async function annaWithPassword(): Promise<AnnaWorld> {
  const { relay, site } = await relayWithSite();
  const page = await RelayPage.signedIn(relay, "anna");
  const secret = await page.enrol(site);
  const account = `/sites/${site.id}/account`;
  const set = await page.call("PUT", account, { name, password, code: page.freshCodeOf(secret) });
  assert.is(set.status, 201, set.body.message);
  const { recoveryCodes } = set.body;
  const dispose = () => relay[Symbol.asyncDispose]();
  return { relay, site, page, secret, recoveryCodes, account, [Symbol.asyncDispose]: dispose };
}

/** "12345678901234567890" in Base32 and codes of it: RFC 6238, appendix B, the last six digits of eight. */
const rfcSeed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const rfcCodes: readonly [seconds: number, code: string][] = [
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
];

/** The relay's bytes on disk. */
function storeOf(relay: RunningRelay): string {
  const wal = readFileSync(relay.folder.file("store.sqlite-wal"), "latin1");
  return readFileSync(relay.folder.file("store.sqlite"), "latin1") + wal;
}

function told({ status, body }: Answer): readonly unknown[] {
  return [status, body.code, body.message, body.field];
}

await group("relay password", { timeoutMs: 60_000 }, (test) => {
  test("a person with a key sets a password, and signs in by it with a code in another browser", async () => {
    await using world = await annaWithPassword();
    const { relay, site, secret } = world;
    const other = new RelayPage(relay);
    const answer = await other.signInByPassword(
      " Anna@Paper.example ",
      password,
      other.freshCodeOf(secret),
    );
    assert.is(answer.status, 201, answer.body.message);
    assert.is(answer.body.sites[0]?.person, "anna");
    const { body } = await other.call("GET", "/session");
    assert.equal([body.method, body.isPage], ["password", true]);
    assert.equal(body.sites[0]?.account, { name, recoveryCodesLeft: 10 });
    assert.is(await other.status(`/sites/${site.id}/documents`), 200);
  });
  test("no code, a used one, one of another person and a guessed one do not sign in", async () => {
    await using world = await annaWithPassword();
    const { relay, site, page, secret } = world;
    const ben = await RelayPage.signedIn(relay, "ben");
    const bens = await ben.enrol(site);
    const guesses: readonly [note: string, code: () => string][] = [
      ["none", () => ""],
      ["the one that was shown last time", () => page.codeOf(secret)],
      ["another person's", () => ben.codeOf(bens)],
      ["a guess", () => "000000"],
      ["five digits", () => "12345"],
      ["a guessed recovery code", () => "aaaaa-aaaaa-aaaaa"],
    ];
    const first = new RelayPage(relay);
    assert.is(
      (await first.signInByPassword(name, password, first.freshCodeOf(secret))).status,
      201,
    );
    const other = new RelayPage(relay);
    for (const [note, code] of guesses) {
      const body = { name, password, code: code() };
      const answer = await other.call("POST", "/sign-in/password", body);
      const expected = [401, "unauthorised", "name, password or code is wrong", undefined];
      assert.equal(told(answer), expected, note);
      // The wait after wrong ones goes by, and the code of the new half minute is spent again.
      relay.clock.advanceMs(3_600_000);
      await first.signInByPassword(name, password, first.freshCodeOf(secret));
    }
    assert.is(other.setCookie, undefined);
    const good = await other.signInByPassword(name, password, other.freshCodeOf(secret));
    assert.is(good.status, 201);
  });
  test("RFC 6238 appendix B: the RFC's codes sign in with the password at their seconds, in order and once", async () => {
    using folder = temporaryFolder();
    await using store = await openStore(folder.file("store.sqlite"));
    const clock = new TurnedClock(paperAt * 1000);
    const site = await PaperSite.make();
    const suite = nodeCrypto;
    const directory = new Directory(store.documents, suite, clock);
    const drop = new Drop({
      suite,
      clock,
      rows: store.documents,
      directory,
      onAppended: () => undefined,
    });
    await drop.register(site.chain.held.envelope);
    const seeds = new SeedSeal(suite, new Uint8Array(32).fill(1));
    const throttle = new Throttle(store.accounts, clock);
    const totp = new Totp({ rows: store.accounts, seeds, throttle, clock, issuer: "relay" });
    const hashes = new PasswordHashes(new Uint8Array(32), (length) => suite.randomBytes(length));
    const passwords = new Passwords({ suite, rows: store.passwords, hashes, totp, throttle });
    const person = "anna" as PersonId;
    const sealed = await seeds.seal(site.id, person, rfcSeed);
    await store.accounts.enrolTotp(site.id, person, sealed);
    await store.accounts.confirmTotp(site.id, person, sealed, 1);
    const hash = await hashes.hash(password);
    const key = await keyIdOf(suite, await keyOf("anna"));
    await store.passwords.add({ name, site: site.id, person, key, hash }, []);
    const signIn = async (code: string) => passwords.signIn(name, { password, code }, "192.0.2.1");
    for (const [index, [seconds, code]] of rfcCodes.entries()) {
      clock.jumpWallTo(seconds * 1000);
      const [, later] = rfcCodes[index + 1] ?? [];
      if (later !== undefined) {
        await refused(() => signIn(later), "unauthorised", /code is wrong/);
      }
      assert.is((await signIn(code)).person, person, code);
      await refused(() => signIn(code), "unauthorised", /code is wrong/);
    }
  });
  test("a wrong password spends no code", async () => {
    await using world = await annaWithPassword();
    const other = new RelayPage(world.relay);
    const code = other.freshCodeOf(world.secret);
    assert.is((await other.signInByPassword(name, `${password}!`, code)).status, 401);
    assert.is((await other.signInByPassword(name, password, code)).status, 201);
  });
  test("an unknown name, a wrong password and a wrong code get one answer after as long a time", async () => {
    await using world = await annaWithPassword();
    const { relay, page, secret } = world;
    const ways: Readonly<Record<string, () => [string, string, string]>> = {
      name: () => ["nobody@paper.example", password, page.freshCodeOf(secret)],
      password: () => [name, "eight slow barges", page.freshCodeOf(secret)],
      code: () => [name, password, "000000"],
      recovery: () => [name, "eight slow barges", "aaaaa-aaaaa-aaaaa"],
    };
    const answers = new Set<string>();
    const fastestMs = new Map<string, number>();
    // The fastest of each counts, as load only ever slows down. Without the hash for an unknown name it would be a tenth, however often it is tried.
    const areAlike = (): boolean =>
      Math.min(...fastestMs.values()) * 2 > Math.max(...fastestMs.values());
    for (let round = 0; round < 4 || (round < 16 && !areAlike()); round += 1) {
      for (const [way, make] of Object.entries(ways)) {
        relay.clock.advanceMs(3_600_000);
        const [who, what, code] = make();
        const body = { name: who, password: what, code };
        const startedMs = performance.now();
        const answer = await new RelayPage(relay).call("POST", "/sign-in/password", body);
        const tookMs = performance.now() - startedMs;
        answers.add(JSON.stringify(told(answer)));
        fastestMs.set(way, Math.min(fastestMs.get(way) ?? Infinity, tookMs));
      }
    }
    assert.is(answers.size, 1, [...answers].join());
    assert.ok(areAlike(), JSON.stringify([...fastestMs]));
  });
  test("guesses are slowed down by name, for unknown names alike, and by address; a key still signs in", async () => {
    await using world = await annaWithPassword();
    const { relay } = world;
    const guess = async (who: string) => {
      const body = { name: who, password, code: "000000" };
      return (await new RelayPage(relay).call("POST", "/sign-in/password", body)).status;
    };
    relay.clock.advanceMs(60_000);
    const known = [await guess(name), await guess(name), await guess(name), await guess(name)];
    assert.equal(known, [401, 401, 401, 401]);
    assert.is(await guess(name.toUpperCase()), 429, "however it is spelt");
    const unknown: number[] = [];
    for (let count = 0; count < 5; count += 1) unknown.push(await guess("nobody"));
    assert.equal(unknown, [401, 401, 401, 401, 429]);
    const many: number[] = [];
    for (let count = 0; count < 4; count += 1) many.push(await guess(`nobody-${count}`));
    assert.equal(many, [401, 401, 401, 429], "the address has guessed eleven times");
    assert.is((await new RelayPage(relay).signIn(await signerOf("anna"))).status, 201);
  });
  test("names that strangers made up are forgotten after a day", async () => {
    await using world = await annaWithPassword();
    const { relay } = world;
    const guess = async (who: string) => {
      const body = { name: who, password, code: "000000" };
      return (await new RelayPage(relay).call("POST", "/sign-in/password", body)).status;
    };
    const kept = () => {
      using store = new DatabaseSync(relay.folder.file("store.sqlite"), { readOnly: true });
      return Number(store.prepare("SELECT count(*) AS count FROM throttles").get()?.["count"]);
    };
    const before = kept();
    for (let count = 0; count < 5; count += 1) await guess(`nobody-${count}`);
    assert.is(kept(), before + 6, "five names and an address");
    relay.clock.advanceMs(25 * 3_600_000);
    await guess("nobody-9");
    assert.is(kept(), 2);
  });
  test("ten recovery codes sign in instead of TOTP codes, each once, however they are typed", async () => {
    await using world = await annaWithPassword();
    const { relay, page, recoveryCodes } = world;
    assert.is(new Set(recoveryCodes).size, 10);
    for (const code of recoveryCodes)
      assert.match(code, /^([2-9a-km-np-z]{5}-){2}[2-9a-km-np-z]{5}$/);
    const [first = "", second = ""] = recoveryCodes;
    const other = new RelayPage(relay);
    const typed = first.toUpperCase().replaceAll("-", " ");
    assert.is((await other.signInByPassword(name, password, typed)).status, 201);
    assert.is((await other.signInByPassword(name, password, first)).status, 401, "spent");
    assert.is((await other.signInByPassword(name, password, second)).status, 201);
    const { body } = await page.call("GET", "/session");
    assert.is(body.sites[0]?.account?.recoveryCodesLeft, 8);
    const record = (await page.call("GET", `/sites/${world.site.id}/audit`)).body.entries;
    assert.is(record.filter(({ event }) => event === "recovery-code-used").length, 2);
  });
  test("a recovery code at the same time twice counts once", async () => {
    await using world = await annaWithPassword();
    const [code = ""] = world.recoveryCodes;
    world.relay.clock.advanceMs(60_000);
    const tries = await Promise.all(
      [1, 2].map(() =>
        new RelayPage(world.relay).call("POST", "/sign-in/password", { name, password, code }),
      ),
    );
    assert.equal(
      tries.map(({ status }) => status).toSorted((left, right) => left - right),
      [201, 401],
    );
  });
  test("new recovery codes need password and code, and void the former ones", async () => {
    await using world = await annaWithPassword();
    const { relay, page, secret, account, recoveryCodes } = world;
    const path = `${account}/recovery-codes`;
    const wrong = await page.call("POST", path, {
      password: "not this one at all",
      code: page.freshCodeOf(secret),
    });
    assert.equal([wrong.status, wrong.body.field], [403, "password"]);
    const made = await page.call("POST", path, { password, code: page.freshCodeOf(secret) });
    assert.is(made.status, 201);
    const other = new RelayPage(relay);
    assert.is((await other.signInByPassword(name, password, recoveryCodes[3] ?? "")).status, 401);
    assert.is(
      (await other.signInByPassword(name, password, made.body.recoveryCodes[3] ?? "")).status,
      201,
    );
  });
  const poor: readonly [note: string, chosen: string][] = [
    ["of eleven characters", "abzdefg hij"],
    ["of 129 characters", "ab cd ef gh".repeat(12).slice(0, 129)],
    ["among the commonest", "Password1234"],
    ["of one word twice over", "letmeinletmein"],
    ["of one character", "xxxxxxxxxxxxxxxx"],
    ["of two characters in turn", "abababababab"],
    ["that holds the name", "xx-anna@paper.example-xx"],
    ["that holds the name's first part", "my name is anna"],
  ];
  test("a password too short, too long, common, repetitive or with the name in it may not be chosen", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const secret = await page.enrol(site);
    const path = `/sites/${site.id}/account`;
    for (const [note, chosen] of poor) {
      const body = { name, password: chosen, code: page.codeOf(secret) };
      const answer = await page.call("PUT", path, body);
      assert.equal([answer.status, answer.body.field], [400, "password"], note);
    }
    const code = page.freshCodeOf(secret);
    const good = await page.call("PUT", path, { name, password: "twelve chars", code });
    assert.is(good.status, 201, good.body.message);
  });
  test("setting a password needs a key, a confirmed TOTP seed, its code, a free name, and that there is none", async () => {
    await using world = await annaWithPassword();
    const { relay, site, page, secret, account } = world;
    const again = await page.call("PUT", account, {
      name: "anna2",
      password,
      code: page.freshCodeOf(secret),
    });
    assert.is(again.status, 409, "there is one");
    const ben = await RelayPage.signedIn(relay, "ben");
    const chosen = "nine quiet canals";
    const early = await ben.call("PUT", account, { name: "ben", password: chosen, code: "123456" });
    assert.is(early.status, 409, "no seed");
    const bens = await ben.enrol(site);
    const wrong = await ben.call("PUT", account, { name: "ben", password: chosen, code: "000000" });
    assert.equal([wrong.status, wrong.body.field], [403, "code"]);
    const taken = await ben.call("PUT", account, {
      name: name.toUpperCase(),
      password: chosen,
      code: ben.freshCodeOf(bens),
    });
    assert.equal([taken.status, taken.body.field], [409, "name"]);
    const odd = await ben.call("PUT", account, {
      name: "b\u0000n",
      password: chosen,
      code: ben.freshCodeOf(bens),
    });
    assert.equal([odd.status, odd.body.field], [400, "name"]);
    const good = await ben.call("PUT", account, {
      name: "ben",
      password: chosen,
      code: ben.freshCodeOf(bens),
    });
    assert.is(good.status, 201, good.body.message);
    const byPassword = new RelayPage(relay);
    await byPassword.signInByPassword("ben", chosen, byPassword.freshCodeOf(bens));
    const removal = await byPassword.call("POST", `${account}/remove`, {
      code: byPassword.freshCodeOf(bens),
    });
    assert.is(removal.status, 403, "a password does not do away with itself");
  });
  test("changing the password needs the old one and a code, and ends other sign-ins by it", async () => {
    await using world = await annaWithPassword();
    const { relay, page, secret, account } = world;
    const [here, there] = [new RelayPage(relay), new RelayPage(relay)];
    await here.signInByPassword(name, password, here.freshCodeOf(secret));
    await there.signInByPassword(name, password, here.freshCodeOf(secret));
    const newPassword = "ten brave lighthouses";
    const path = `${account}/password`;
    const change = async (old: string, code: string, next = newPassword) =>
      here.call("POST", path, { password: old, newPassword: next, code });
    const wrongPassword = await change("not this one at all", here.freshCodeOf(secret));
    const wrongCode = await change(password, "000000");
    assert.equal(told(wrongPassword), told(wrongCode));
    assert.equal([wrongCode.status, wrongCode.body.field], [403, "password"]);
    const poorOne = await change(password, here.freshCodeOf(secret), "too short");
    assert.equal([poorOne.status, poorOne.body.field], [400, "newPassword"]);
    const good = await change(password, here.freshCodeOf(secret));
    assert.is(good.status, 204, good.body.message);
    assert.equal([await here.status(), await there.status(), await page.status()], [200, 401, 200]);
    assert.is(
      (await there.signInByPassword(name, password, there.freshCodeOf(secret))).status,
      401,
    );
    assert.is(
      (await there.signInByPassword(name, newPassword, there.freshCodeOf(secret))).status,
      201,
    );
  });
  test("a forgotten password is removed by key and code; its sign-ins and recovery codes go with it", async () => {
    await using world = await annaWithPassword();
    const { relay, page, secret, account, recoveryCodes } = world;
    const other = new RelayPage(relay);
    await other.signInByPassword(name, password, other.freshCodeOf(secret));
    const path = `${account}/remove`;
    assert.is((await page.call("POST", path, { code: "000000" })).status, 403);
    assert.is((await page.call("POST", path, { code: recoveryCodes[0] })).status, 204);
    assert.is(await other.status(), 401);
    const byFormer = await other.signInByPassword(name, password, recoveryCodes[1] ?? "");
    assert.is(byFormer.status, 401);
    assert.is((await page.call("POST", path, { code: page.freshCodeOf(secret) })).status, 404);
    const again = await page.call("PUT", account, {
      name,
      password: "nine quiet canals",
      code: page.freshCodeOf(secret),
    });
    assert.is(again.status, 201, again.body.message);
  });
  test("a password reads and drafts; it stops nothing, resets nobody, makes no token and no second factor", async () => {
    await using world = await annaWithPassword();
    const { relay, site, page, secret } = world;
    const weak = new RelayPage(relay);
    await weak.signInByPassword(name, password, weak.freshCodeOf(secret));
    const path = `/sites/${site.id}`;
    for (const resource of ["documents", "edges", "sessions", "audit", "drafts", "totp"]) {
      assert.is(await weak.status(`${path}/${resource}`), 200, resource);
    }
    assert.is((await weak.call("PUT", `${path}/drafts/next`, { content: {} })).status, 201);
    const expiresAt = Math.floor(relay.clock.wallMs() / 1000) + 3600;
    const token = { name: "script", scope: "read", expiresAt };
    const stop = { edge: site.edge.id, scope: "edge", id: null };
    const alone: readonly [string, string, object][] = [
      ["POST", "stops", stop],
      ["POST", "api-tokens", token],
      ["POST", "totp/reset", { person: "ben" }],
    ];
    for (const [method, resource, body] of alone) {
      const refusal = await weak.call(method, `${path}/${resource}`, body);
      assert.equal([refusal.status, refusal.body.code], [403, "forbidden"], resource);
      const byKey = await page.call(method, `${path}/${resource}`, body);
      assert.is.not(byKey.status, 403, resource);
    }
    assert.is((await weak.call("POST", `${path}/totp`, {})).status, 403, "without the old code");
    const unsigned = await signed("grant", {}, "mallory");
    const dropped = await weak.call("POST", `${path}/documents`, {
      envelope: JSON.parse(
        JSON.stringify({ payload: "", payloadType: unsigned.type, signatures: [] }),
      ) as object,
    });
    assert.is(dropped.status, 400, "a document counts by its signatures, here too");
  });
  test("who lost the telephone enrols another one with a recovery code, not with the password alone", async () => {
    await using world = await annaWithPassword();
    const { relay, site, page, secret, recoveryCodes } = world;
    const [first = "", second = ""] = recoveryCodes;
    const weak = new RelayPage(relay);
    await weak.signInByPassword(name, password, first);
    assert.is((await weak.call("POST", `/sites/${site.id}/totp`, { code: first })).status, 403);
    const next = await weak.enrol(site, second);
    assert.is((await weak.signInByPassword(name, password, weak.freshCodeOf(secret))).status, 401);
    assert.is((await weak.signInByPassword(name, password, weak.freshCodeOf(next))).status, 201);
    const reset = await (
      await RelayPage.signedIn(relay, "ben")
    ).call("POST", `/sites/${site.id}/totp/reset`, { person: "anna" });
    assert.is(reset.status, 204);
    await weak.signInByPassword(name, password, recoveryCodes[2] ?? "");
    const first2 = await weak.call("POST", `/sites/${site.id}/totp`, {});
    assert.is(first2.status, 403, "a password makes no first factor for a key");
    assert.is((await page.call("POST", `/sites/${site.id}/totp`, {})).status, 201);
  });
  test("a password is worth what the key is worth that set it, at every site of that key", async () => {
    await using world = await annaWithPassword();
    const { relay, site, secret } = world;
    const twin = await twinSite();
    await relay.register(twin);
    const other = new RelayPage(relay);
    const answer = await other.signInByPassword(name, password, other.freshCodeOf(secret));
    assert.is(answer.body.sites.length, 2);
    const persons = site.manifest.persons.filter((person) => person.id !== "anna");
    const next = await signed("manifest", site.next({ persons }), "olaf", "ben");
    assert.is((await relay.drop(site, await relay.signIn("ben"), next)).status, 201);
    assert.is(await other.status(`/sites/${site.id}/documents`), 404);
    assert.is(await other.status(`/sites/${twin.id}/documents`), 200, "where the key stands yet");
    const gone = await other.signInByPassword(name, password, other.freshCodeOf(secret));
    assert.is(gone.status, 401, "whose password it was is nobody at the site any more");
  });
  test("the store holds neither password nor recovery code, and its hashes need the relay's own secret too", async () => {
    await using world = await annaWithPassword();
    const stored = storeOf(world.relay);
    for (const secret of [
      password,
      ...world.recoveryCodes,
      world.recoveryCodes[0]?.replaceAll("-", "") ?? "",
    ]) {
      assert.is(stored.includes(secret), false);
    }
    assert.match(stored, /\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const [own, foreign] = [1, 2].map(
      (fill) =>
        new PasswordHashes(new Uint8Array(32).fill(fill), (length) =>
          nodeCrypto.randomBytes(length),
        ),
    );
    const hash = (await own?.hash(password)) ?? "";
    assert.is(await own?.verify(password, hash), true);
    assert.is(await own?.verify(`${password}x`, hash), false);
    assert.is(await foreign?.verify(password, hash), false, "another relay's secret");
    assert.is(await own?.verify(password, undefined), false);
    assert.is.not(await own?.hash(password), hash, "salted");
    assert.is(
      await own?.verify("ＡＢＣ seven slow", (await own.hash("ABC seven slow")) ?? ""),
      true,
      "NFKC",
    );
  });
  test("RFC 9106 §5.3: the platform's Argon2id gives the RFC's tag", () => {
    const tag = argon2Sync("argon2id", {
      message: new Uint8Array(32).fill(1),
      nonce: new Uint8Array(16).fill(2),
      secret: new Uint8Array(8).fill(3),
      associatedData: new Uint8Array(12).fill(4),
      memory: 32,
      passes: 3,
      parallelism: 4,
      tagLength: 32,
    });
    assert.is(
      tag.toString("hex"),
      "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
    );
  });
  test("more passwords at once than the relay computes wait, and beyond that are told to come again", async () => {
    const hashes = new PasswordHashes(new Uint8Array(32), (length) =>
      nodeCrypto.randomBytes(length),
    );
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => hashes.hash("x")));
    const refusals = tries.filter((outcome) => outcome.status === "rejected");
    assert.is(refusals.length, 2, "two run and sixteen wait");
    assert.is(await hashes.verify("y", await hashes.hash("y")), true, "and then there is room");
  });
  test("passwords, codes and cookies stand in no log line", async () => {
    await using world = await annaWithPassword();
    const { relay, page, secret, recoveryCodes } = world;
    const other = new RelayPage(relay);
    const code = other.freshCodeOf(secret);
    await other.signInByPassword(name, password, "000000");
    await other.signInByPassword(name, password, code);
    const log = relay.lines.join("");
    const planted = [
      password,
      name,
      code,
      recoveryCodes[0],
      page.cookie?.split("=")[1],
      other.cookie?.split("=")[1],
    ];
    for (const secretText of planted) assert.is(log.includes(secretText ?? "?"), false, secretText);
  });
});
