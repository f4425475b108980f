// A reproducible run: one seed, printed, from the environment if it is to be the same again.
import { randomInt } from "node:crypto";

/** The seed of this run: `SALLYPORT_TEST_SEED`, or a new one. */
export function seedOfRun(): number {
  const given = process.env["SALLYPORT_TEST_SEED"];
  if (given === undefined || given === "") return randomInt(2 ** 31);
  if (!/^\d{1,10}$/.test(given)) throw new Error(`SALLYPORT_TEST_SEED "${given}" is not a number`);
  return Number(given);
}

/** Evenly spread numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same items in a random order. */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ item }) => item);
}
