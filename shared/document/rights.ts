// What may be granted on each kind of target (shared/protocol.md, "manifest", "rights"). The one list: edge, command and pages read it here.

/** Kinds of targets with their rights, the usual ones first. `view` alone is watch-only; `browser` is a page under a name that the relay owns. */
export const rightsOfKind = {
  ssh: ["terminal", "exec", "files"],
  tcp: ["connect"],
  vnc: ["control", "view", "resize", "clipboard-in", "clipboard-out"],
  rdp: ["control", "view", "resize", "clipboard-in", "clipboard-out", "files"],
  http: ["connect", "browser"],
} as const;
export type TargetKindName = keyof typeof rightsOfKind;

/** What a new target is offered with: whatever carries files, or does not hold against a hostile relay, an owner adds knowingly. */
export const usualRights: Readonly<Record<TargetKindName, readonly string[]>> = {
  ssh: rightsOfKind.ssh,
  tcp: rightsOfKind.tcp,
  vnc: ["control", "view", "resize"],
  rdp: ["control", "view", "resize"],
  http: ["connect"],
};

export const targetKindNames = Object.keys(rightsOfKind) as readonly TargetKindName[];

export function isTargetKind(kind: string): kind is TargetKindName {
  return Object.hasOwn(rightsOfKind, kind);
}

/** What is wrong with a target's kind and rights, in words; undefined if nothing is. A document may hold other words; what our own tools sign may not. */
export function faultOfRights(kind: string, rights: readonly string[]): string | undefined {
  if (!isTargetKind(kind)) return `kind "${kind}" is unknown, expected ${listed(targetKindNames)}`;
  const known: readonly string[] = rightsOfKind[kind];
  const odd = rights.filter((right) => !known.includes(right));
  if (odd.length === 0) return undefined;
  return `right ${listed(odd, " and ")} is none of kind "${kind}", expected ${listed(known)}`;
}

function listed(words: readonly string[], last = " or "): string {
  const quoted = words.map((word) => `"${word}"`);
  return [quoted.slice(0, -1).join(", "), quoted.at(-1)].filter(Boolean).join(last);
}
