// Several people on one site: a company's administrator and her technician, two approvers who must agree, somebody who denies, a lockdown and its
// lift, one who watches, one who ends, and two vendors at one device. All by real processes of the real commands.
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { group } from "../support/group.ts";
import { askedJob, holdJob } from "../support/held-job.ts";
import {
  editSite,
  introduce,
  startInstallation,
  type Installation,
  type Person,
} from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";

const limitMs = 60_000;
const words = /^sallyport: (error|hint): /;

interface Company {
  readonly rita: Person;
  readonly joe: Person;
}

/** `acme` with rita, who keeps its roster, and joe, who is in it. */
async function withCompany(site: Installation): Promise<Company> {
  const { owner, relay } = site;
  const [rita, joe] = [site.newPerson("rita"), site.newPerson("joe")];
  const join = async (inviter: Person, newcomer: Person, ...roles: readonly string[]) => {
    const id = `acme/${newcomer.id}`;
    const { link } = await inviter.ask<{ link: string }>("invite", id, ...roles);
    await newcomer.do("introduce", link, "--authority", relay.authority);
    await inviter.do("accept", "--yes");
  };
  await join(owner, rita, "--administrator");
  await join(rita, joe);
  return { rita, joe };
}

/** A third approver, and somebody who is vendor and approver in one. */
async function withMorePeople(site: Installation) {
  const { owner, relay } = site;
  const [cleo, dora] = [site.newPerson("cleo"), site.newPerson("dora")];
  await introduce(owner, cleo, ["--role", "approver"], relay);
  await introduce(owner, dora, ["--role", "approver", "vendor"], relay);
  await owner.do("accept", "--yes");
  return { cleo, dora };
}

const stateOf = async (person: Person, job: string): Promise<string | undefined> =>
  (await person.ask<readonly { job: string; state: string }[]>("requests", "--all")).find(
    (each) => each.job === job,
  )?.state;

await group("two people", { timeoutMs: 240_000 }, (test) => {
  test("two approvers must agree, one of them twice is one, nobody approves for himself, and a company's technician is let in and removed", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { secondFactor: "waived" });
    const { approver: ben, vendor: vera } = site;
    const { rita, joe } = await withCompany(site);
    const { cleo, dora } = await withMorePeople(site);
    await editSite(site, (text) => text.replace("approversNeeded: 1", "approversNeeded: 2"));

    const job = await askedJob(joe, ["press-hmi"], 30);
    await using waiting = joe.start(["connect", job, "--json"]);
    await waiting.line(/"event":"waiting"/, limitMs);
    const first = await ben.do("approve", job, "--minutes", "20", "--yes");
    assert.match(first.stderr, /acme\/joe/);
    assert.match(first.stdout, /partly approved: further approvers must sign/);
    assert.is(await stateOf(cleo, job), "partly approved");
    const twice = await ben.run(["approve", job, "--yes"]);
    assert.is(twice.code, 77);
    assert.match(twice.stderr, /you have approved job .* already; further approvers are needed/);
    assert.not.match(waiting.stdout, /"event":"admitted"/);
    const second = await cleo.do("approve", job, "--yes");
    assert.match(second.stdout, /is granted: 20 minutes/);
    await waiting.line(/"event":"admitted"/, limitMs);
    const whoami = await joe.do("ssh", "press-hmi", "--", "whoami");
    assert.is(whoami.stdout, `${plant.ssh.login}\n`);

    const own = await askedJob(dora, ["press-plc"], 5);
    const refused = await dora.run(["approve", own, "--yes"]);
    assert.is(refused.code, 77);
    assert.match(refused.stderr, /nobody approves a request of their own/);
    assert.match(refused.stderr, /hint: ask another approver/);

    // While the technician is in, another vendor is told who is.
    const other = await askedJob(vera, ["press-hmi"], 5);
    await ben.do("approve", other, "--yes");
    await cleo.do("approve", other, "--yes");
    await using held = await holdJob(vera, other);
    await using terminal = joe.start(["ssh", "press-hmi"]);
    terminal.stdin.write("echo rea''dy\r");
    await terminal.line(/ready$/, limitMs);
    const inUse = await vera.run(["ssh", "press-hmi", "--", "true"], { limitMs });
    assert.is(inUse.code, 77, inUse.stderr);
    assert.match(inUse.stderr, /in-use: acme\/joe is in/);
    assert.match(inUse.stderr, /hint: try again when they have left/);
    await terminal.end();
    await held[Symbol.asyncDispose]();

    // Whoever leaves the roster is out, in the middle of a session too.
    await rita.do("roster", "remove", "acme/joe", "--yes");
    await waiting.line(/"event":"ended"/, limitMs);
    const gone = await joe.run(["ssh", "press-hmi", "--", "true"], { limitMs });
    assert.is.not(gone.code, 0);
    assert.match(gone.stderr, words);
  });

  test("a denial reaches the waiting vendor with its reason", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { secondFactor: "waived" });
    const { approver, vendor } = site;
    const job = await askedJob(vendor, ["press-hmi"], 30);
    await using waiting = vendor.start(["connect", job]);
    await waiting.line(/waits for approval by/, limitMs);
    await approver.do("deny", job, "--reason", "the press is running", "--yes");
    assert.is((await waiting.exited).code, 77);
    assert.match(waiting.stderr, /error: job .* was denied by ben: the press is running/);
    const again = await vendor.run(["connect", job]);
    assert.is(again.code, 77);
    assert.match(again.stderr, /was denied: the press is running/);
    assert.match(again.stderr, /hint: ask for a new one: sallyport request press-hmi/);
  });

  test("a lockdown ends what runs until it is lifted, an approver watches a terminal, and an end is asked before it is done", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { secondFactor: "waived" });
    const { approver, vendor, edge } = site;
    const job = await askedJob(vendor, ["press-hmi"], 30);
    await approver.do("approve", job, "--yes");
    {
      await using held = await holdJob(vendor, job);
      await using terminal = vendor.start(["ssh", "press-hmi"]);
      terminal.stdin.write("echo rea''dy\r");
      await terminal.line(/ready$/, limitMs);
      const running = await approver.ask<readonly { id: string; kind: string }[]>("watch");
      const recording = running.find(({ kind }) => kind === "terminal");
      assert.ok(recording, JSON.stringify(running));
      await using watching = approver.start(["watch", recording.id]);
      await watching.line(/ready/, limitMs);
      terminal.stdin.write("echo now''-watched\r");
      await watching.line(/now-watched/, limitMs);

      const locked = await approver.do("lockdown", "--reason", "the drive runs by itself", "--yes");
      assert.match(locked.stderr, /asked; waiting for the edge's receipt/);
      assert.match(locked.stdout, /edge "Hall 3": done at/);
      await held.process.line(/"event":"ended".*locked-down/, limitMs);
      assert.is.not((await terminal.exited).code, 0);
      assert.is((await watching.exited).code, 0, watching.stderr);
    }
    const closed = await vendor.run(["connect", job], { limitMs });
    assert.is(closed.code, 77, closed.stderr);
    assert.match(closed.stderr, /locked-down: the site has locked this down/);
    assert.match(closed.stderr, /hint: speak with the site/);

    const [lockdown] = await approver.ask<readonly { lockdown: string; state: string }[]>("lift");
    assert.is(lockdown?.state, "locked");
    const lifted = await approver.do("lift", lockdown?.lockdown ?? "", "--yes");
    assert.match(lifted.stdout, /edge "Hall 3": done at/);
    await using held = await holdJob(vendor, job);

    // With the edge away an end is asked and no more; it is done as soon as the edge is back.
    edge.process.signal("SIGKILL");
    await edge.process.exited;
    const asked = await approver.do("end", job, "--reason", "enough", "--wait", "1s", "--yes");
    assert.match(asked.stdout, /edge "Hall 3": asked; no receipt yet/);
    assert.is(await stateOf(approver, job), "end asked");
    await edge.restart();
    assert.is.not((await held.process.exited).code, 0);
    while ((await stateOf(approver, job)) !== "ended");
    const over = await vendor.run(["connect", job]);
    assert.is(over.code, 77);
    assert.match(over.stderr, /was ended/);
  });
});
