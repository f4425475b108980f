// What waits in a channel while its transport is away is not the memory that it was written from. (Buffer's `slice` is a view, and the read buffer
// of a device's socket is used again: what came later was sent in place of what had waited.)
import * as assert from "uvu/assert";
import type { EdgeChannel } from "../../../shared/channel/admission.ts";
import { group } from "../../support/group.ts";
import {
  admitted,
  collect,
  createWorld,
  nextControl,
  tcpOpening,
} from "../../support/channel-pair.ts";

await group("reused buffers", {}, (test) => {
  test("bytes that were written while the transport was away arrive as they were written", async () => {
    const world = await createWorld();
    const edgeEnd = Promise.withResolvers<EdgeChannel>();
    world.gate.verdict = () => admitted;
    world.gate.opening = ({ channel }) => {
      edgeEnd.resolve(channel);
      return { admitted: true };
    };
    const session = await world.open();
    await nextControl(session);
    const channel = await session.further(tcpOpening);
    const edge = await edgeEnd.promise;
    const got = collect(channel);
    const away = new Promise<void>((resolve) => (edge.onAway = resolve));
    world.wires[1]?.[1].destroy();
    await away;
    const readBuffer = Buffer.alloc(8);
    for (const words of ["first,", "second", ",third"]) {
      readBuffer.write(words);
      edge.write(readBuffer.subarray(0, words.length));
      readBuffer.fill("x");
    }
    assert.is(new TextDecoder().decode(await got.until(18)), "first,second,third");
    session.abort("done");
  });
});
