import * as assert from "uvu/assert";
import { CommandError } from "../../../broker/command/exit-codes.ts";
import { onlyJob, type JobChoice } from "../../../broker/command/job-choice.ts";
import { jobsAmong, type Job } from "../../../shared/site/jobs.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import { group } from "../../support/group.ts";
import { PaperSite, paperAt } from "../document/paper-site.ts";

/** So many waiting jobs, each a request of its own. */
async function waiting(count: number): Promise<Job[]> {
  const site = await PaperSite.make();
  const stored = Array.from({ length: count }, async (_, seq) => {
    const nonce = toBase64Url(new Uint8Array(16).fill(seq));
    const { envelope } = await site.verifiedRequest({ nonce });
    const hash = await hashEnvelope(envelope);
    return { seq, hash, type: "request", state: "complete" as const, envelope };
  });
  return jobsAmong(await Promise.all(stored), site.held(paperAt + 60));
}

const choice: JobChoice = {
  verb: "approve",
  does: "waits for your approval",
  fits: ({ state }) => state === "waiting",
};

function failureOf(act: () => unknown): CommandError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof CommandError) return thrown;
    throw thrown;
  }
  throw new Error("a job was chosen");
}

await group("a verb without a job's number", {}, (test) => {
  test("takes the only one that fits", async () => {
    const [only] = await waiting(1);
    assert.ok(only);
    assert.is(
      onlyJob([only], choice, () => ""),
      only,
    );
  });
  test("says so where none fits", async () => {
    const jobs = await waiting(1);
    const failure = failureOf(() => onlyJob(jobs, { ...choice, fits: () => false }, () => ""));
    assert.is(failure.message, "no job waits for your approval");
    assert.is(failure.exit, "notFound");
  });
  test("chooses none of several, and prints the line to type for each", async () => {
    const jobs = await waiting(3);
    const failure = failureOf(() => onlyJob(jobs, choice, () => "vera, hmi"));
    assert.is(failure.message, "3 jobs fit, expected the number of one");
    assert.equal(
      failure.hints,
      jobs.map(({ id }) => `sallyport approve ${id}   (vera, hmi)`),
    );
  });
});
