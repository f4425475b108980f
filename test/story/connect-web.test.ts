// A web panel by the command: `sallyport connect` prints an address, and whatever speaks HTTP on the vendor's machine is on the panel, signed in, over the
// sealed channel alone; until the session ends.
import { once } from "node:events";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { startWebHmi } from "../plant/web-hmi.ts";
import { group } from "../support/group.ts";
import { grantedJob, holdJob } from "../support/held-job.ts";
import { startInstallation } from "../support/installation.ts";
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
});
