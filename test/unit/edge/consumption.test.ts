// Accounts of jobs: what is used stays used, over restarts and in any order of writes.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Consumption } from "../../../edge/consumption.ts";
import type { DocumentHash, PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";

const request = "request-1" as DocumentHash;
const founding = "grant-1" as DocumentHash;
const replacing = "grant-2" as DocumentHash;
const sibling = "grant-3" as DocumentHash;
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
    assert.equal(consumption.of(request), {
      request: request,
      line: [],
      started: undefined,
      window: null,
    });
    assert.is(await consumption.start(request, moment, null), false);
  });

  test("line and start survive a restart", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    assert.is(await consumption.extendLine(request, founding, null), true);
    assert.is(await consumption.start(request, moment, null), true);
    assert.is(await consumption.extendLine(request, replacing, founding), true);
    const [job] = (await edge.open()).jobs();
    assert.equal(job, {
      request: request,
      line: [founding, replacing],
      started: moment,
      window: null,
    });
  });

  test("minutes begin once", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding, null);
    await Promise.all([
      consumption.start(request, moment, null),
      consumption.start(request, later, null),
    ]);
    assert.equal(consumption.of(request).started, moment);
  });

  test("of a standing job minutes begin once in each window, also after a restart, and never in an earlier one", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding, null);
    assert.is(await consumption.start(request, moment, 1000), true);
    assert.is(await consumption.start(request, later, 1000), true);
    assert.equal(consumption.of(request).started, moment);
    const again = await edge.open();
    assert.is(again.of(request).window, 1000);
    assert.is(await again.start(request, later, 2000), true);
    assert.equal([again.of(request).started, again.of(request).window], [later, 2000]);
    assert.is(await again.start(request, moment, 1000), false);
    assert.is(await again.start(request, moment, null), false);
    await again.extendLine(request, replacing, founding);
    const [job] = (await edge.open()).jobs();
    assert.equal(job, { request, line: [founding, replacing], started: later, window: 2000 });
  });

  test("of two grants that would follow the same one, the first stands", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    assert.equal(
      await Promise.all([
        consumption.extendLine(request, founding, null),
        consumption.extendLine(request, sibling, null),
      ]),
      [true, false],
    );
    assert.equal(consumption.of(request).line, [founding]);
  });

  test("a grant that is in the line already changes nothing", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding, null);
    await consumption.extendLine(request, replacing, founding);
    assert.is(await consumption.extendLine(request, founding, null), true);
    assert.equal(consumption.of(request).line, [founding, replacing]);
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
      await consumption.extendLine(request, founding, null);
    } catch (thrown) {
      code = (thrown as { code: string }).code;
    }
    assert.is(code, "file_invalid");
    assert.equal(consumption.of(request).line, []);
    await consumption.spendStep("anna" as PersonId, { timeStep: 1, transcript: "x" });
  });

  test("an account that cannot be read stops the edge from opening; a half-written one was never made", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding, null);
    await writeFile(join(edge.directory, "jobs", "other.json.tmp"), '{"req');
    assert.is((await edge.open()).jobs().length, 1);
    await writeFile(join(edge.directory, "jobs", `${request}.json`), '{"req');
    let opened = true;
    await edge.open().catch(() => (opened = false));
    assert.is(opened, false);
  });

  test("a forgotten account is gone after a restart", async () => {
    await using edge = await setUp();
    const consumption = await edge.open();
    await consumption.extendLine(request, founding, null);
    await consumption.forget(request);
    assert.equal(consumption.of(request).line, []);
    assert.equal((await edge.open()).jobs(), []);
  });
});
