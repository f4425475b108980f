// A site's people by the real command and a real relay, without an edge: companies, rosters, two owners, void invitations, second factors.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import { introduce, Person, startRelay, type RunningRelay } from "../../support/installation.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

interface Started extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly relay: RunningRelay;
  readonly owner: Person;
  person(id: string): Person;
}

async function startSite(): Promise<Started> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const relay = started.use(await startRelay(folder.path));
  const owner = new Person("anna", folder);
  await owner.do(
    "site",
    "create",
    "Press shop",
    "--owner=anna",
    "--no-recovery",
    `--relay=${relay.url}`,
    `--authority=${relay.authority}`,
    `--registration-token=${relay.registrationToken}`,
  );
  const ending = started.move();
  return {
    folder,
    relay,
    owner,
    person: (id) => new Person(id, folder),
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

async function applied(site: Started, change: (text: string) => string) {
  const { stdout } = await site.owner.do("site", "show");
  const path = join(site.folder.path, "site.yaml");
  writeFileSync(path, change(stdout));
  return site.owner.run(["site", "apply", path, "--yes"]);
}

await group("a site's people", { timeoutMs: 120_000 }, (test) => {
  test("a site that was founded without an auditor's key gets one, once, and its file is never written over", async () => {
    await using site = await startSite();
    const file = join(site.folder.path, "audit.json");
    writeFileSync(file, "something else");
    const there = await site.owner.run(["site", "audit-key", file, "--yes"]);
    assert.is(there.code, 74, there.stderr);
    assert.is(readFileSync(file, "utf8"), "something else");
    const fresh = join(site.folder.path, "auditor.json");
    await site.owner.do("site", "audit-key", fresh, "--yes");
    assert.match(readFileSync(fresh, "utf8"), /"purpose": "audit"/);
    const shown = await site.owner.ask<{ manifest: { audit: unknown } }>("site", "show");
    assert.ok(shown.manifest.audit, "the manifest names the key");
    const again = await site.owner.run(["site", "audit-key", `${fresh}.2`, "--yes"]);
    assert.is(again.code, 77, again.stderr);
  });
  test("a company's administrator keeps its technicians, without the owner", async () => {
    await using site = await startSite();
    const [rita, joe] = [site.person("acme/rita"), site.person("acme/joe")];
    await introduce(site.owner, rita, ["--administrator"], site.relay);
    await site.owner.do("accept", "--yes");
    await introduce(rita, joe, ["--name", "Joe Park"], site.relay);
    const waiting = await site.owner.ask<unknown[]>("accept", "--list");
    assert.equal(waiting, [], "a technician is not the owner's to accept");
    await rita.do("accept", "--yes");
    assert.match((await rita.do("roster", "show")).stdout, /acme\/joe +Joe Park/);
    await joe.do("requests");
    const removed = await rita.ask<{ version: number }>("roster", "remove", "acme/joe", "--yes");
    assert.is(removed.version, 2);
    assert.is(
      (await joe.run(["requests"])).code,
      66,
      "a key that left the roster knows no such site",
    );
    const stranger = await site.owner.run(["roster", "publish"]);
    assert.is(stranger.code, 77);
    assert.match(stranger.stderr, /"anna" administers no company here/);
  });
  test("an invitation that two have answered admits neither", async () => {
    await using site = await startSite();
    const { link } = await site.owner.ask<{ link: string }>("invite", "ben", "--role", "approver");
    const [ben, eve] = [site.person("ben"), site.person("eve")];
    await ben.do("introduce", link, "--authority", site.relay.authority);
    const second = await eve.run(["introduce", link, "--authority", site.relay.authority]);
    assert.is(second.code, 77, "the relay says that it is answered");
    assert.match(second.stderr, /invitation is introduced/);
    assert.equal(
      (await site.owner.ask<{ who: string }[]>("accept", "--list")).map(({ who }) => who),
      ["ben"],
    );
    const unknown = await site.owner.run(["accept", "eve"]);
    assert.is(unknown.code, 66);
  });
  test("with two owners needed, a change counts when both have signed", async () => {
    await using site = await startSite();
    const ben = site.person("ben");
    await introduce(site.owner, ben, ["--role", "owner", "--role", "approver"], site.relay);
    await site.owner.do("accept", "--yes");
    assert.is((await ben.run(["site", "sign"])).code, 66, "nothing waits yet");
    const first = await applied(site, (text) => text.replace("ownersNeeded: 1", "ownersNeeded: 2"));
    assert.match(first.stdout, /further owners must sign it: sallyport site sign/);
    assert.is(
      (await site.owner.run(["site", "sign", "--yes"])).code,
      77,
      "one owner is one person",
    );
    await ben.do("site", "sign", "--yes");
    assert.match((await site.owner.do("site", "show")).stdout, /ownersNeeded: 2/);
    const unanswered = await ben.run(["site", "sign"]);
    assert.is(unanswered.code, 66);
  });
  test("without a number a verb takes the only job that fits, but agrees to none unseen", async () => {
    await using site = await startSite();
    const none = await site.owner.run(["approve"]);
    assert.is(none.code, 66);
    assert.match(none.stderr, /no job waits for your approval/);
    for (const verb of [["approve"], ["extend", "--by", "5"]]) {
      const unseen = await site.owner.run([...verb, "--yes"]);
      assert.is(unseen.code, 64, verb.join(" "));
      assert.match(unseen.stderr, /with --yes the job must be named/);
    }
    for (const verb of ["end", "deny", "connect"])
      assert.is((await site.owner.run([verb])).code, 66, verb);
  });
  test("a file with a wrong name changes nothing and says where", async () => {
    await using site = await startSite();
    const wrong = await applied(site, (text) =>
      text.replace(
        "targets: {}",
        "targets:\n  plc: { name: PLC, kind: tcp, edge: Hall 9, rights: [connect], policy: standard }",
      ),
    );
    assert.is(wrong.code, 65);
    assert.match(wrong.stderr, /target "plc": edge "Hall 9" is not listed under edges/);
    const clash = await applied(site, (text) =>
      text.replace("approversNeeded: 1", "approversNeeded: 3"),
    );
    assert.is(clash.code, 65);
    assert.match(clash.stderr, /policy "standard" needs 3 approvers and has 1/);
    assert.match((await site.owner.do("site", "show")).stdout, /manifest 1\./);
  });
  test("a second factor is shown once, confirmed by a code, and reset by an owner alone", async () => {
    await using site = await startSite();
    const vera = site.person("vera");
    await introduce(site.owner, vera, ["--role", "vendor"], site.relay);
    await site.owner.do("accept", "--yes");
    const picture = await vera.do("totp", "enrol", "--no-confirm");
    assert.match(picture.stdout, /[▀▄█]{10}/u);
    assert.match((await vera.do("totp", "show")).stdout, /not confirmed/);
    const wrong = await vera.run(["totp", "confirm", "000000"]);
    assert.is(wrong.code, 77);
    assert.match(wrong.stderr, /relay: code: /);
    await vera.enrolTotp();
    assert.match((await vera.do("totp", "show")).stdout, /one is enrolled/);
    assert.is((await vera.run(["totp", "reset", "vera", "--yes"])).code, 77);
    await site.owner.do("totp", "reset", "vera", "--yes");
    assert.match((await vera.do("totp", "show")).stdout, /none is enrolled/);
  });
  test("keys, sheet and sign-in are private files, and the private halves are in none that is not sealed", async () => {
    await using site = await startSite();
    const key = JSON.parse(readFileSync(join(site.owner.home, "key.json"), "utf8")) as Record<
      string,
      unknown
    >;
    assert.equal(Object.keys(key).sort(), [
      "argon2id",
      "nonce",
      "public",
      "purpose",
      "sallyport",
      "sealed",
    ]);
  });
});
