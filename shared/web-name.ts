// The names of web panels (shared/protocol.md, "Web panels"): `<name>.<label of the edge>.<web domain>`, so that one certificate serves an edge.
// Invariant: a label follows from the edge's id, so no edge can be asked for under another's.
import { utf8 } from "./bytes.ts";
import type { EdgeId } from "./ids.ts";

const labelHexDigits = 32;

/** The label of an edge below the web domain: hexadecimal, of a hash of its id. */
export async function webLabelOf(edge: EdgeId): Promise<string> {
  const text = utf8(`sallyport web label v1 ${edge}`) as Uint8Array<ArrayBuffer>;
  const digest = await crypto.subtle.digest("SHA-256", text);
  return new Uint8Array(digest).toHex().slice(0, labelHexDigits);
}

/** The parts of a host name below `domain`; undefined for any other name. */
export function parseWebHost(
  host: string,
  domain: string,
): { readonly name: string; readonly label: string } | undefined {
  const suffix = `.${domain}`;
  if (!host.endsWith(suffix)) return undefined;
  const parts = /^([a-z2-7]{26})\.([0-9a-f]{32})$/.exec(host.slice(0, -suffix.length));
  const [, name, label] = parts ?? [];
  return name === undefined || label === undefined ? undefined : { name, label };
}
