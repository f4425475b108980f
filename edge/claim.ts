// The claim file: an edge's invitation with everything that the box must know before it has met anybody. The integrator's card or hand brings it.
// Invariant: the site id in it is the pin from which every manifest is verified, and its relays are the only hosts that this box ever dials.
import * as v from "valibot";
import { fromUtf8 } from "../shared/bytes.ts";
import { seedBytes } from "../shared/crypto/suite.ts";
import type { Envelope } from "../shared/document/envelope.ts";
import {
  bytes,
  embedded,
  list,
  name,
  parseFields,
  record,
  siteId,
  unembed,
} from "../shared/document/fields.ts";
import { parseInvitation } from "../shared/document/invitation.ts";
import { parseStrictJson } from "../shared/document/strict-json.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";

const maxRelays = 8;

const relay = record({
  name,
  url: v.pipe(v.string(), v.url()),
  attestationKey: bytes(32),
  /** PEM of an authority to trust for it beside the platform's. */
  authority: v.nullable(v.pipe(v.string(), v.maxLength(64 * 1024))),
});
const home = { site: siteId, relays: list(relay, 1, maxRelays) };

/** What stays of a claim once the introduction is signed. */
export const homeSchema = record(home);
export type Home = v.InferOutput<typeof homeSchema>;

const schema = record({
  ...home,
  invitation: embedded,
  /** Seed of the invitation's one-time Ed25519 key. */
  privateKey: bytes(seedBytes),
});

export interface Claim extends Home {
  readonly invitation: Envelope;
  readonly privateKey: string;
}

/** Reads a claim file; throws `file_invalid` naming path and field. Never quotes the private key. */
export function parseClaim(path: string, content: Uint8Array): Claim {
  try {
    const fields = parseFields(parseStrictJson(fromUtf8(content).trim()), "claim", schema);
    const invitation = unembed(fields.invitation);
    const { site, subject } = parseInvitation(invitation);
    if (site !== fields.site) throw new Error(`its invitation is of another site, "${site}"`);
    if (subject.kind !== "edge") throw new Error(`its invitation is for a ${subject.kind}`);
    return { ...fields, invitation };
  } catch (cause) {
    throw new SallyportError("file_invalid", `claim file "${path}": ${messageOf(cause)}`, {
      cause,
    });
  }
}
