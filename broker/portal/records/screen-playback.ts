// Plays a screen's recording into a place: jumps to the segment before a moment, and feeds from there as fast as the page allows. Invariant: what is shown
// is what the vendor saw at that moment, never a mixture of two.
import * as v from "valibot";
import { fromBase64 } from "../../../shared/bytes.ts";
import { RecordedScreen } from "../screen/recorded-screen.ts";
import { lastAt, segmentDetails, type ScreenTrack } from "./screen-track.ts";

/** A page that draws for longer does not answer in between. */
const sliceMs = 25;

export class ScreenPlayback {
  readonly #track: ScreenTrack;
  readonly #screen: RecordedScreen;
  /** The record that is fed next, and the segment in which it lies. */
  #next = 0;
  #segment = -1;
  /** Bytes of a keyframe that were come to in order, and change nothing. */
  #passOver = 0;
  #run = 0;

  constructor(place: HTMLElement, track: ScreenTrack, broken: () => void) {
    this.#track = track;
    this.#screen = new RecordedScreen(place, { broken });
  }

  /** Shows the moment `at`. Resolves when it is shown; false if another moment was wanted meanwhile. */
  async show(at: number): Promise<boolean> {
    const run = (this.#run += 1);
    const { records, segments, opensAt } = this.#track;
    const end = countUntil(records, Math.max(at, opensAt));
    const segment = segments.findLastIndex((index) => index < end);
    const isBehind = end < this.#next;
    // Within reach of what is shown one goes on; what lies further is nearer by its own segment.
    if (segment >= 0 && (isBehind || segment > this.#segment + 1 || this.#segment < 0))
      this.#jump(segment);
    let sliceStartedMs = performance.now();
    while (this.#next < end) {
      this.#step();
      if (performance.now() - sliceStartedMs < sliceMs) continue;
      await new Promise((resolve) => setTimeout(resolve));
      if (run !== this.#run) return false;
      sliceStartedMs = performance.now();
    }
    this.#screen.shown();
    this.#screen.point(lastAt(this.#track.pointers, at));
    return true;
  }

  dispose(): void {
    this.#run += 1;
    this.#screen.dispose();
  }

  #jump(segment: number): void {
    this.#screen.begin();
    this.#segment = segment;
    this.#passOver = 0;
    // The event itself is behind.
    this.#next = (this.#track.segments[segment] ?? 0) + 1;
  }

  #step(): void {
    const record = this.#track.records[this.#next];
    this.#next += 1;
    if (record === undefined) return;
    if (record.event === "segment") {
      this.#segment += 1;
      if (v.is(segmentDetails, record.details)) this.#passOver = record.details.bytes ?? 0;
    }
    if (record.direction !== "from-device") return;
    const bytes = fromBase64(record.base64);
    const passedOver = Math.min(this.#passOver, bytes.length);
    this.#passOver -= passedOver;
    if (passedOver < bytes.length) this.#screen.feed(bytes.subarray(passedOver));
  }
}

// Records are in the order of their times.
function countUntil(records: readonly { readonly at: number }[], at: number): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
