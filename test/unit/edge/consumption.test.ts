// Accounts of jobs: what is used stays used, over restarts and in any order of writes.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Consumption } from "../../../edge/consumption.ts";
import type { DocumentHash, PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";

const request = { hash: "request-1" as DocumentHash, text: "request's text" };
const founding = { hash: "grant-1" as DocumentHash, text: "first grant", replaces: null };
const replacing = {
  hash: "grant-2" as DocumentHash,
  text: "second grant",
  replaces: founding.hash,
};
const moment = { bootId: "boot-1", monotonicMs: 10, wallMs: 20, proven: true };
const later = { ...moment, monotonicMs: 5000 };

async function setUp() {
  const directory = await mkdtemp(join(tmpdir(), "edge-consumption-"));
  return {
    directory,
    open: () => Consumption.open(directory),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

await group("consumption", {}, (test) => {
  test("a request that nothing was granted for has an empty account and cannot be started", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    assert.equal(consumption.of(request.hash), {
      request: request.hash,
      line: [],
      started: undefined,
    });
    assert.is(await consumption.start(request.hash, moment), false);
  });

  test("line and start survive a restart", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    assert.is(await consumption.extendLine(request, founding), true);
    assert.is(await consumption.start(request.hash, moment), true);
    assert.is(await consumption.extendLine(request, replacing), true);
    const [job] = (await edge.open()).stored();
    assert.equal(job, {
      request: request.hash,
      requestText: request.text,
      line: [founding.hash, replacing.hash],
      grantTexts: [founding.text, replacing.text],
      started: moment,
    });
  });

  test("minutes begin once", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding);
    await Promise.all([
      consumption.start(request.hash, moment),
      consumption.start(request.hash, later),
    ]);
    assert.equal(consumption.of(request.hash).started, moment);
  });

  test("of two grants that would follow the same one, the first stands", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    const sibling = { ...founding, hash: "grant-3" as DocumentHash };
    assert.equal(
      await Promise.all([
        consumption.extendLine(request, founding),
        consumption.extendLine(request, sibling),
      ]),
      [true, false],
    );
    assert.equal(consumption.of(request.hash).line, [founding.hash]);
  });

  test("a grant that is in the line already changes nothing", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding);
    await consumption.extendLine(request, replacing);
    assert.is(await consumption.extendLine(request, founding), true);
    assert.equal(consumption.of(request.hash).line, [founding.hash, replacing.hash]);
  });

  test("a used time step stays used", async () => {
    await using edge = await setUp();
    const person = "acme/joe" as PersonId;
    const step = { timeStep: 58_000_000, transcript: "abc" };
    const consumption = await edge.open();
    const written = consumption.spendStep(person, step);
    assert.equal(consumption.stepOf(person), step);
    await written;
    assert.equal((await edge.open()).stepOf(person), step);
  });

  test("a write that fails is reported, counts for nothing, and does not stop the next", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await rm(join(edge.directory, "jobs"), { recursive: true });
    let code: unknown;
    try {
      await consumption.extendLine(request, founding);
    } catch (thrown) {
      code = (thrown as { code: string }).code;
    }
    assert.is(code, "file_invalid");
    assert.equal(consumption.of(request.hash).line, []);
    await consumption.spendStep("anna" as PersonId, { timeStep: 1, transcript: "x" });
  });

  test("an account that cannot be read stops the edge from opening; a half-written one was never made", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding);
    await writeFile(join(edge.directory, "jobs", "other.json.new"), '{"req');
    assert.is((await edge.open()).stored().length, 1);
    await writeFile(join(edge.directory, "jobs", `${request.hash}.json`), '{"req');
    let opened = true;
    await edge.open().catch(() => (opened = false));
    assert.is(opened, false);
  });

  test("a forgotten account is gone after a restart", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding);
    await consumption.forget(request.hash);
    assert.equal(consumption.of(request.hash).line, []);
    assert.equal((await edge.open()).stored(), []);
  });
});
