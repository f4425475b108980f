// The process itself: what it prints when it listens, how it ends, what it says of a bad configuration, and what a kill leaves.
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import { nodePath, runProcess, startProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const main = new URL("../../../broker/relay/main.ts", import.meta.url).pathname;

/** Environment of a relay in a folder; nothing of the test's own settings. */
function environmentOf(folder: string, change: Record<string, string> = {}) {
  return {
    SALLYPORT_RELAY_LISTEN: "127.0.0.1:0",
    SALLYPORT_RELAY_TLS: "proxy",
    SALLYPORT_RELAY_DATA_DIRECTORY: folder,
    ...change,
  };
}

function start(folder: string) {
  return startProcess(nodePath, [main], { env: environmentOf(folder) });
}

async function urlOf(relay: ReturnType<typeof start>): Promise<string> {
  const [, text = ""] = await relay.line(/^sallyport relay: (\{"listening":.*\})$/);
  return (JSON.parse(text) as { listening: { url: string } }).listening.url;
}

await group("relay process", { timeoutMs: 20_000 }, (test) => {
  test("it listens, says where, and ends cleanly when told to", async () => {
    using folder = temporaryFolder();
    await using relay = start(folder.path);
    const url = await urlOf(relay);
    assert.is((await fetch(`${url}/api/health`)).status, 200);
    relay.signal("SIGTERM");
    assert.is((await relay.exited).code, 0);
    for (const line of relay.stdout.split("\n").filter(Boolean)) JSON.parse(line);
    assert.is(relay.stderr.split("\n").filter(Boolean).length, 1, relay.stderr);
  });
  test("after kill -9 the next one has the same key and store", async () => {
    using folder = temporaryFolder();
    const keys: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      await using relay = start(folder.path);
      const url = await urlOf(relay);
      const about = (await (await fetch(`${url}/api/relay`)).json()) as { attestationKey: string };
      keys.push(about.attestationKey);
      relay.signal("SIGKILL");
      await relay.exited;
    }
    assert.is(new Set(keys).size, 1);
  });
  const faults: readonly [
    note: string,
    change: Record<string, string>,
    args: readonly string[],
    code: number,
    expected: RegExp,
  ][] = [
    [
      "two faults of configuration",
      { SALLYPORT_RELAY_TLS: "no", SALLYPORT_RELAY_PORT: "1" },
      [],
      65,
      /^sallyport relay: SALLYPORT_RELAY_PORT: unknown .*\nsallyport relay: SALLYPORT_RELAY_TLS: "no" is not.*\n$/,
    ],
    ["an unknown argument", {}, ["--port", "1"], 64, /Unknown option '--port'/],
    [
      "a file that is not there",
      {},
      ["--config", "/nowhere/relay.conf"],
      65,
      /nowhere\/relay\.conf/,
    ],
    [
      "an address that is not this machine's",
      { SALLYPORT_RELAY_TLS: "development", SALLYPORT_RELAY_LISTEN: "192.0.2.1:1" },
      [],
      69,
      /192\.0\.2\.1/,
    ],
  ];
  for (const [note, change, args, code, expected] of faults) {
    test(`${note}: one line each, no stack trace, exit code ${code}`, async () => {
      using folder = temporaryFolder();
      const env = environmentOf(folder.path, change);
      const ended = await runProcess(nodePath, [main, ...args], { env });
      assert.is(ended.code, code, ended.stderr);
      assert.match(ended.stderr, expected);
      assert.not.match(ended.stderr, /\n\s+at /);
    });
  }
  test("help shows how to run it", async () => {
    const { code, stdout } = await runProcess(nodePath, [main, "--help"]);
    assert.is(code, 0);
    assert.match(stdout, /usage: sallyport relay \[--config FILE\]/);
  });
});
