// The *have* of the PSK kinds: the first record of each side, which proves its keys and says how many items it has
// (shared/protocol.md, "Resumption").
import { SallyportError } from "../errors.ts";
import { countOf, uint64 } from "./fixed-bytes.ts";
import type { RecordLink } from "./link.ts";
import { recordTypes } from "./record.ts";

export function sayHave(link: RecordLink, receivedItems: number): void {
  link.say(recordTypes.have, uint64(receivedItems));
}

/** The other side's count. Resumes the link until the record is there; rejects, with the link destroyed, for anything else. */
export function receiveHave(link: RecordLink): Promise<number> {
  const waiting = Promise.withResolvers<number>();
  link.onLost = (why) =>
    waiting.reject(
      why ?? new SallyportError("transport_lost", "transport closed before its first record"),
    );
  link.onRecord = ({ type, content }) => {
    link.pause();
    const count = type === recordTypes.have ? countOf(content) : undefined;
    if (count === undefined) {
      link.destroy();
      waiting.reject(new SallyportError("record_invalid", "first record is no have"));
    } else {
      waiting.resolve(count);
    }
  };
  link.resume();
  return waiting.promise;
}
