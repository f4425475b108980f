// A plant whose only way out is an office's proxy: CONNECT with Basic, and TLS that the proxy looks into under the office's own authority.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { makeCertificates } from "../support/certificates.ts";
import { startConnectProxy, type ConnectProxy } from "../support/connect-proxy.ts";
import { group } from "../support/group.ts";
import { grantedJob, holdJob } from "../support/held-job.ts";
import { startInstallation, startRelay, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { nodePath, startProcess } from "../support/process.ts";

const limitMs = 60_000;
const account = { name: "edge", password: "office:pass word" };
const edgeFile = join(import.meta.dirname, "../../edge/sallyport-edge.mjs");

function proxyUrl({ port }: ConnectProxy, password = account.password): string {
  return `http://${account.name}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
}

/** A job through the proxy: a command, and another one after the proxy has cut everything once. */
async function works(site: Installation, proxy: ConnectProxy, login: string): Promise<void> {
  const { vendor, relay, edge } = site;
  const job = await grantedJob(site, ["press-hmi"], 30);
  await using held = await holdJob(vendor, job);
  assert.is((await vendor.do("ssh", "press-hmi", "--", "whoami")).stdout, `${login}\n`);
  await using terminal = vendor.start(["ssh", "press-hmi"]);
  terminal.stdin.write("stty -echo; echo rea''dy; cat\r");
  await terminal.line(/ready$/, limitMs);
  proxy.cut();
  await held.process.line(/"event":"away"/, limitMs);
  terminal.stdin.write("typed while away\r");
  await terminal.line(/^typed while away$/, limitMs);
  assert.is(terminal.count(/typed while away/), 1);
  assert.ok(proxy.passed.length > 3);
  assert.ok(
    proxy.passed.every((address) => address === `127.0.0.1:${relay.port}`),
    "the relay's host, and no other",
  );
  assert.not.ok(edge.process.stderr.includes(account.password));
}

/** The vendor's own commands, too: the API, and the channel of a session of their own. */
async function vendorGoesThrough(site: Installation, proxy: ConnectProxy): Promise<void> {
  const env = { HTTPS_PROXY: proxyUrl(proxy) };
  await grantedJob(site, ["press-hmi"], 30);
  const before = proxy.passed.length;
  const whoami = await site.vendor.run(["ssh", "press-hmi", "--", "echo through"], { env });
  assert.is(whoami.stdout, "through\n", whoami.stderr);
  assert.ok(proxy.passed.length > before + 1, "the API and the channel");
  const wrong = { HTTPS_PROXY: proxyUrl(proxy, "not-the-password") };
  const refused = await site.vendor.run(["targets"], { env: wrong });
  assert.is(refused.code, 69, refused.stderr);
  assert.match(refused.stderr, /proxy/i);
  assert.not.ok(refused.stderr.includes("not-the-password"));
}

/** Starts the edge anew with other settings, and resolves when it has said why it does not get through. */
async function complains(
  site: Installation,
  env: Record<string, string>,
  why: RegExp,
): Promise<void> {
  await site.edge.process.end();
  const settings = { SALLYPORT_EDGE_STATE: site.edge.folder, ...env };
  await using edge = startProcess(nodePath, [edgeFile, "run"], { env: settings });
  await edge.line(why, limitMs);
  const { stdout } = await startStatus(site.edge.folder);
  assert.match(stdout, /"link":"(connecting|waiting)"/);
  for (const text of [edge.stderr, stdout]) {
    assert.not.ok(text.includes(account.password) || text.includes("not-the-password"), text);
  }
}

async function startStatus(state: string) {
  await using status = startProcess(nodePath, [edgeFile, "status", "--state", state, "--json"]);
  assert.is((await status.exited).code, 0, status.stderr);
  return { stdout: status.stdout };
}

await group("an edge behind a proxy", { timeoutMs: 240_000 }, (test) => {
  test("reaches its relay by CONNECT with Basic authentication and by no other way, and resumes when the proxy cuts it", async () => {
    await using plant = await startPlant();
    await using proxy = await startConnectProxy(account);
    await using site = await startInstallation(plantTargets(plant), {
      secondFactor: "waived",
      edgeEnv: { SALLYPORT_EDGE_PROXY: proxyUrl(proxy) },
    });
    assert.is(proxy.refused, 0);
    await works(site, proxy, plant.ssh.login);
    await vendorGoesThrough(site, proxy);
    const wrong = { SALLYPORT_EDGE_PROXY: proxyUrl(proxy, "not-the-password") };
    await complains(site, wrong, /proxy.*407|407.*proxy/);
    assert.ok(proxy.refused > 0);
  });

  test("trusts the office's authority, with which the proxy looks into TLS, only if told so; the sealed channel stays closed to it", async () => {
    await using stack = new AsyncDisposableStack();
    const plant = stack.use(await startPlant());
    const shown = await makeCertificates();
    let proxy: ConnectProxy | undefined;
    const edgeEnv: Record<string, string> = {};
    const site = stack.use(
      await startInstallation(plantTargets(plant), {
        secondFactor: "waived",
        edgeEnv,
        async openRelay(folder) {
          const relay = await startRelay(folder);
          const upstreamAuthority = readFileSync(relay.authority, "utf8");
          proxy = stack.use(
            await startConnectProxy({ ...account, inspection: { shown, upstreamAuthority } }),
          );
          edgeEnv["SALLYPORT_EDGE_PROXY"] = proxyUrl(proxy);
          edgeEnv["SALLYPORT_EDGE_AUTHORITY"] = join(folder, "office.pem");
          writeFileSync(edgeEnv["SALLYPORT_EDGE_AUTHORITY"], shown.authority);
          return relay;
        },
      }),
    );
    assert.ok(proxy);
    await works(site, proxy, plant.ssh.login);
    const untold = { SALLYPORT_EDGE_PROXY: proxyUrl(proxy) };
    await complains(site, untold, /certificate|UNABLE_TO_VERIFY|self.signed/i);
  });
});
