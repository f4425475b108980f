// Which of a device's security types the edge takes (RFC 6143 §7.1.2, VeNCrypt of rfbproto): as much as the device document asks for, and no less.
// Invariant: under a pinned certificate only TLS with a certificate is taken, so that nobody on the way can talk the edge into less.
import type { TlsKind } from "./device-tls.ts";

export const securityType = { invalid: 0, none: 1, vncAuth: 2, vencrypt: 19 } as const;

/** How the edge proves itself once the connection is as safe as it gets. */
export type Method = "none" | "vnc" | "plain";

export interface Subtype {
  readonly number: number;
  readonly name: string;
  readonly tls: TlsKind | undefined;
  readonly method: Method;
}

/** Of VeNCrypt 0.2. */
const subtypes: readonly Subtype[] = [
  { number: 256, name: "Plain", tls: undefined, method: "plain" },
  { number: 257, name: "TLSNone", tls: "anonymous", method: "none" },
  { number: 258, name: "TLSVnc", tls: "anonymous", method: "vnc" },
  { number: 259, name: "TLSPlain", tls: "anonymous", method: "plain" },
  { number: 260, name: "X509None", tls: "certificate", method: "none" },
  { number: 261, name: "X509Vnc", tls: "certificate", method: "vnc" },
  { number: 262, name: "X509Plain", tls: "certificate", method: "plain" },
];

/** What the edge has to sign in with. */
export interface Means {
  readonly hasPassword: boolean;
  readonly hasLogin: boolean;
  readonly isPinned: boolean;
  /** True: a certificate is looked at although none is pinned, so that it can be. */
  readonly isCurious: boolean;
}

/** The security type that is taken of those that the device offers; undefined for none. */
export function chosenType(offered: readonly number[], means: Means): number | undefined {
  const { none, vncAuth, vencrypt } = securityType;
  const wished = means.isPinned
    ? [vencrypt]
    : means.isCurious || means.hasPassword
      ? [vencrypt, ...(means.hasPassword ? [vncAuth] : []), none]
      : [none, vencrypt];
  return wished.find((type) => offered.includes(type));
}

/** The subtype that is taken: TLS before none, the stronger proof before the weaker; undefined for none. */
export function chosenSubtype(offered: readonly number[], means: Means): Subtype | undefined {
  const { isPinned, isCurious, hasPassword, hasLogin } = means;
  const methods: Method[] = [
    ...(hasPassword && hasLogin ? (["plain"] as const) : []),
    ...(hasPassword ? (["vnc"] as const) : []),
    "none",
  ];
  const usable = subtypes.filter(({ number }) => offered.includes(number));
  const best = (tls: TlsKind | undefined, among: readonly Method[]): Subtype | undefined =>
    among
      .map((method) => usable.find((one) => one.tls === tls && one.method === method))
      .find((found) => found !== undefined);
  if (isPinned) return best("certificate", methods);
  const proving = methods.filter((method) => method !== "none");
  const unpinned =
    best("anonymous", proving) ?? best(undefined, proving) ?? best("anonymous", ["none"]);
  const shown = usable.find(({ tls }) => tls === "certificate");
  // Without a pin TLS with a certificate ends at the certificate, whose fingerprint is then in the journal.
  return isCurious ? (shown ?? unpinned) : (unpinned ?? shown);
}

/** Names for the journal, of types and subtypes alike. */
export function namesOf(offered: readonly number[]): string {
  const known: Readonly<Record<number, string>> = { 1: "None", 2: "VncAuth", 19: "VeNCrypt" };
  const names = offered.map(
    (number) =>
      known[number] ?? subtypes.find((one) => one.number === number)?.name ?? String(number),
  );
  return names.join(", ") || "nothing";
}
