// A process of the store's tests: appends entries for ever, each with consequences, and prints the number of each once it is told that it is kept.
import { openStore } from "../../../broker/relay/store/store.ts";
import type { EdgeId, KeyId, PersonId, SiteId } from "../../../shared/ids.ts";

const [path = ""] = process.argv.slice(2);
const site = "site" as SiteId;
const store = await openStore(path);

/** An entry whose every field says its number. */
function entry(n: number) {
  return {
    hash: `hash ${n}` as never,
    fingerprint: `fingerprint ${n}`,
    type: "manifest",
    state: "complete" as const,
    subject: `${n}`,
    edge: undefined,
    vendor: undefined,
    company: undefined,
    at: n,
    envelope: `${n} `.repeat(2000),
  };
}

await store.documents.register(site, entry(0), {});
for (let n = 1; ; n += 1) {
  const keys = Array.from({ length: 20 }, (_, index) => ({
    key: `key ${index}` as KeyId,
    person: `person ${n}` as PersonId,
  }));
  const admitted = [{ edge: "edge" as EdgeId, publicKey: "", name: `edge ${n}` }];
  await store.documents.append(site, entry(n), { keys, admitted });
  process.stdout.write(`${n}\n`);
}
