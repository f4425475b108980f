import { statSync } from "node:fs";
import * as assert from "uvu/assert";
import { holdForJoiners, joinerPath, joinHeld } from "../../../broker/command/held-session.ts";
import { Home } from "../../../broker/command/home.ts";
import type { TargetStream } from "../../../broker/command/target-stream.ts";
import { closingOf } from "../../../shared/site/closing.ts";
import { Tui } from "../../../broker/command/tui.ts";
import type { Context } from "../../../broker/command/context.ts";
import type { Opening } from "../../../shared/channel/messages.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { SiteId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { EchoStream, opening } from "./echo-stream.ts";

const site = "site" as SiteId;
const hmi = "hmi" as TargetId;

function contextIn(folder: string): Context {
  const tui = new Tui({
    stdout: process.stdout,
    stderr: process.stderr,
    openTerminal: () => undefined,
  });
  return { runtimeFolder: folder, home: new Home(folder), tui } as Pick<
    Context,
    "runtimeFolder" | "home" | "tui"
  > as Context;
}

async function receive(stream: TargetStream, length: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let have = 0;
  return new Promise((resolve) => {
    stream.onData = (bytes, settled) => {
      parts.push(bytes);
      have += bytes.length;
      settled();
      if (have >= length) resolve(Buffer.concat(parts));
    };
  });
}

await group("a held session", {}, (test) => {
  test("is joined by another process's stream: bytes, control messages, end", async () => {
    using folder = temporaryFolder();
    const context = contextIn(folder.path);
    const opened: Opening[] = [];
    const open = async (wanted: Opening): Promise<TargetStream> => {
      opened.push(wanted);
      return new EchoStream();
    };
    await using _held = await holdForJoiners(context, site, [hmi], open);
    const stream = await joinHeld(context, site, hmi, opening("hmi"));
    assert.ok(stream);
    const closing = closingOf(stream);
    const large = new Uint8Array(3 * 1024 * 1024).map((_, at) => at % 251);
    const received = receive(stream, large.length);
    const told = Promise.withResolvers<unknown>();
    stream.onControl = (message) => told.resolve(message);
    stream.sendControl({ type: "resize", columns: 100, rows: 30 });
    for (let at = 0; at < large.length; at += 65_536) stream.write(large.subarray(at, at + 65_536));
    assert.equal(await told.promise, { type: "resize", columns: 100, rows: 30 });
    assert.is(Buffer.compare(await received, large), 0);
    stream.end();
    assert.is((await closing).how, "ended");
    assert.equal(opened, [opening("hmi")]);
  });
  test("listens on a socket that nobody else may open, and is not joined for another target", async () => {
    using folder = temporaryFolder();
    const context = contextIn(folder.path);
    await using _held = await holdForJoiners(context, site, [hmi], async () => new EchoStream());
    assert.is(statSync(await joinerPath(context, site, hmi)).mode & 0o777, 0o600);
    assert.is(await joinHeld(context, site, "plc" as TargetId, opening("plc")), undefined);
    const stream = await joinHeld(context, site, hmi, opening("plc"));
    assert.ok(stream);
    const closed = await closingOf(stream);
    assert.is(closed.how, "aborted");
    assert.match(closed.reason ?? "", /expected an opening of "hmi"/);
  });
  test("passes a refusal on as a refusal", async () => {
    using folder = temporaryFolder();
    const context = contextIn(folder.path);
    const open = async (): Promise<TargetStream> => {
      throw new SallyportError("refused", "target in use");
    };
    await using _held = await holdForJoiners(context, site, [hmi], open);
    const stream = await joinHeld(context, site, hmi, opening("hmi"));
    assert.ok(stream);
    const closed = await closingOf(stream);
    assert.is(closed.error?.code, "refused");
    assert.is(closed.reason, "target in use");
  });
  test("whose process is gone cuts its joiners, and is not found afterwards", async () => {
    using folder = temporaryFolder();
    const context = contextIn(folder.path);
    const held = await holdForJoiners(context, site, [hmi], async () => new EchoStream());
    const stream = await joinHeld(context, site, hmi, opening("hmi"));
    assert.ok(stream);
    const closing = closingOf(stream);
    await held[Symbol.asyncDispose]();
    assert.is((await closing).how, "cut");
    assert.is(await joinHeld(context, site, hmi, opening("hmi")), undefined);
  });
  // The kernel closes a killed process's socket as an orderly end, and the joiner waited for ever on what was still open of its own.
  test("whose process is gone in the middle cuts a joiner that has read everything so far", async () => {
    using folder = temporaryFolder();
    const context = contextIn(folder.path);
    const held = await holdForJoiners(context, site, [hmi], async () => new EchoStream());
    const stream = await joinHeld(context, site, hmi, opening("hmi"));
    assert.ok(stream);
    const closing = closingOf(stream);
    const told = Promise.withResolvers<unknown>();
    stream.onControl = (message) => told.resolve(message);
    stream.sendControl({ type: "resize", columns: 100, rows: 30 });
    await told.promise;
    await held[Symbol.asyncDispose]();
    assert.is((await closing).how, "cut");
  });
  test("is refused in a runtime folder that others may enter", async () => {
    using folder = temporaryFolder();
    const { chmodSync } = await import("node:fs");
    chmodSync(folder.path, 0o755);
    const failure = await joinerPath(contextIn(folder.path), site, hmi).then(
      () => "",
      (thrown: Error) => thrown.message,
    );
    assert.match(failure, /is open to others/);
  });
});
