// A web panel by the command: `sallyport connect` prints an address, and whatever speaks HTTP on the vendor's machine is on the panel, signed in, over the
// sealed channel alone; until the session ends.
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { startLighttpd } from "../plant/lighttpd.ts";
import { startWebHmi } from "../plant/web-hmi.ts";
import { group } from "../support/group.ts";
import { grantedJob, holdJob } from "../support/held-job.ts";
import { startInstallation, type TargetToAdd } from "../support/installation.ts";
import { webTarget } from "../support/plant-targets.ts";
import { runProcess } from "../support/process.ts";

/** Curl as a browser would ask; its answer with fields. */
async function curl(...args: readonly string[]): Promise<string> {
  const limits = ["--silent", "--show-error", "--max-time", "30"];
  const { code, stdout, stderr } = await runProcess("curl", [...limits, ...args]);
  assert.is(code, 0, stderr);
  return stdout;
}

await group("a web panel by the command", { timeoutMs: 240_000 }, (test) => {
  test("curl and a WebSocket are on the panel, signed in by the edge; the session's end cuts both", async () => {
    await using hmi = await startWebHmi();
    await using installation = await startInstallation([webTarget(hmi, ["connect"])], {
      secondFactor: "waived",
    });
    const { vendor } = installation;
    const job = await grantedJob(installation, ["press-web"], 30);
    await using held = await holdJob(vendor, job);
    const { host, port } = held.at("press-web");
    const url = `http://${host}:${port}`;
    assert.match(held.process.stdout, new RegExp(`"url":"${url}/"`));

    const page = await curl("--include", `${url}/panel/`);
    assert.match(page, /^HTTP\/1\.1 200 /);
    assert.not.match(page, /127\.0\.0\.1|set-cookie/i);
    assert.ok(page.includes(`${url}/panel/app.js`));
    const set = ["--data", "celsius=63", "--header", `Origin: ${url}`];
    assert.match(await curl("--include", ...set, `${url}/panel/setpoint`), /^HTTP\/1\.1 303 /);
    await hmi.process.line(/^setpoint 63\.0$/);
    assert.match(await curl("--include", "--data", "user=x", `${url}/login`), /^HTTP\/1\.1 403 /);

    const live = new WebSocket(`ws://${host}:${port}/live`, { origin: url });
    await once(live, "message");
    const closed = once(live, "close");
    held.process.signal("SIGINT");
    await closed;
    await hmi.process.line(/^socket over$/);
    assert.is(hmi.process.stdout.match(/^login /gm)?.length, 1);
  });

  test("a small device with Digest alone: pages and uploads are signed in, and the password is nowhere", async () => {
    await using device = await startLighttpd();
    const { port, login, password } = device;
    const target: TargetToAdd = {
      id: "press-box",
      name: "Press box",
      kind: "http",
      rights: ["connect"],
      device: `--host 127.0.0.1 --port ${port} --sign-in digest --login ${login}`.split(" "),
      password,
    };
    await using installation = await startInstallation([target], { secondFactor: "waived" });
    const { vendor, owner, edge } = installation;
    const job = await grantedJob(installation, ["press-box"], 30);
    await using held = await holdJob(vendor, job);
    const url = `http://${held.at("press-box").host}:${held.at("press-box").port}`;
    const page = await curl("--include", `${url}/`);
    assert.match(page, /^HTTP\/1\.1 200 [^]*the press's page/);
    const upload = "x".repeat(200_000);
    const sent = ["--data-binary", "@-", "--header", `Origin: ${url}`, `${url}/upload.cgi`];
    const { stdout } = await runProcess("curl", ["--silent", ...sent], { input: upload });
    const sha256 = createHash("sha256").update(upload).digest("hex");
    assert.is(stdout, `${login} ${sha256}  -\n`);
    held.process.signal("SIGINT");
    await held.process.exited;
    const journal = (await owner.do("journal")).stdout;
    for (const text of [page, stdout, journal, edge.process.stderr, held.process.stdout]) {
      assert.not.match(text, /www-authenticate|authentication-info/i);
      assert.not.ok(text.includes(password));
    }
  });
});
