// A box's own words about itself, as a line of JSON. What an older box does not tell is left out, what a newer one tells besides is not looked at. Pure.
import * as v from "valibot";

const statusSchema = v.object({
  version: v.string(),
  manifest: v.nullish(v.object({ version: v.number(), endsAt: v.number() })),
  recordings: v.optional(v.object({ usedBytes: v.number() })),
  /** An older box does not tell it. */
  kinds: v.optional(
    v.array(v.object({ kind: v.string(), isReady: v.boolean(), missing: v.array(v.string()) })),
    [],
  ),
});

export interface EdgeFacts {
  readonly version: string;
  /** Version of the manifest that it goes by; 0 for none. */
  readonly manifest: number;
  readonly recordingBytes: number;
  /** Which kinds of machines it can serve, and Debian's packages that it lacks for the others. */
  readonly kinds: readonly {
    readonly kind: string;
    readonly isReady: boolean;
    readonly missing: readonly string[];
  }[];
}

/** What a box's answer says; undefined for one that is none. */
export function parseEdgeFacts(line: string): EdgeFacts | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), statusSchema), line);
  if (!parsed.success) return undefined;
  const { version, manifest, recordings, kinds } = parsed.output;
  return {
    version,
    manifest: manifest?.version ?? 0,
    recordingBytes: recordings?.usedBytes ?? 0,
    kinds,
  };
}
