// What differs between two manifests, in sentences for the owner who is about to sign. What has no sentence of its own is shown as its exact line, so that
// nothing is left out (shared/site/changes.ts); the signing page judges for itself.
import { keyMaterial, type PublicKey } from "../../../shared/document/keys.ts";
import type { Company, Manifest, Person, Policy } from "../../../shared/document/manifest.ts";
import { changesBetween } from "../../../shared/site/changes.ts";
import {
  browserRisk,
  newlyInBrowser,
  rightWords,
  toldRights,
} from "../../../shared/site/right-words.ts";
import { difference as words, roles, rules } from "../texts/site.ts";
import { kinds } from "../texts/targets.ts";
import { dayOf } from "./days.ts";

/** One sentence a difference; empty if only version and dates of issue differ. */
export function differenceOf(before: Manifest, after: Manifest): string[] {
  return [
    ...(before.name === after.name ? [] : [words.renamedSite(after.name)]),
    ...personSentences(before, after),
    ...companySentences(before, after),
    ...edgeSentences(before, after),
    ...targetSentences(before, after),
    ...newlyInBrowser(before, after).map(({ name }) => words.targetRisk(name, browserRisk)),
    ...policySentences(before, after),
    ...(before.ownersNeeded === after.ownersNeeded ? [] : [words.ownersNeeded(after.ownersNeeded)]),
    ...(before.endsAt === after.endsAt ? [] : [words.ends(dayOf(after.endsAt))]),
    ...otherLines(before, after),
  ];
}

/** The rights on a target of this kind, as pages call them. */
export function rightsWords(list: readonly string[], kind: string): string[] {
  return toldRights(list).map((right) => rightWords(right, kind) ?? right);
}

/** The names of roles, as pages call them. */
export function rolesWords(list: readonly string[]): string[] {
  return list.map((role) => wordIn(roles, role));
}

function personSentences(before: Manifest, after: Manifest): string[] {
  const { gone, fresh, both } = compared(before.persons, after.persons);
  return [
    ...fresh.map((person) => words.personNew(person.name, rolesWords(person.roles))),
    ...gone.map(({ name }) => words.personGone(name)),
    ...both.flatMap(([old, now]) => [
      ...(old.name === now.name ? [] : [words.renamed(old.name, now.name)]),
      ...(same(old.roles, now.roles)
        ? []
        : [words.personRoles(now.name, rolesWords(old.roles), rolesWords(now.roles))]),
      ...keySentences(old, now),
    ]),
  ];
}

function keySentences(old: Pick<Person, "keys">, now: Pick<Person, "keys" | "name">): string[] {
  const set = (keys: readonly PublicKey[]) => new Set(keys.map(keyMaterial));
  const [older, newer] = [set(old.keys), set(now.keys)];
  const added = newer.difference(older).size;
  const removed = older.difference(newer).size;
  return [
    ...(added > 0 ? [words.keysNew(now.name, added)] : []),
    ...(removed > 0 ? [words.keysGone(now.name, removed)] : []),
  ];
}

function companySentences(before: Manifest, after: Manifest): string[] {
  const { gone, fresh, both } = compared(before.companies, after.companies);
  const names = ({ administrators }: Company) => administrators.map(({ name }) => name);
  return [
    ...fresh.map((company) => words.companyNew(company.name, names(company))),
    ...gone.map(({ name }) => words.companyGone(name)),
    ...both.flatMap(([old, now]) => {
      const people = compared(old.administrators, now.administrators);
      return [
        ...(old.name === now.name ? [] : [words.renamed(old.name, now.name)]),
        ...people.fresh.map(({ name }) => words.administratorNew(name, now.name)),
        ...people.gone.map(({ name }) => words.administratorGone(name, now.name)),
        ...people.both.flatMap(([was, is]) => keySentences(was, is)),
      ];
    }),
  ];
}

function edgeSentences(before: Manifest, after: Manifest): string[] {
  const { gone, fresh, both } = compared(before.edges, after.edges);
  return [
    ...fresh.map(({ name }) => words.edgeNew(name)),
    ...gone.map(({ name }) => words.edgeGone(name)),
    ...both.flatMap(([old, now]) =>
      old.name === now.name ? [] : [words.renamed(old.name, now.name)],
    ),
  ];
}

function targetSentences(before: Manifest, after: Manifest): string[] {
  const { gone, fresh, both } = compared(before.targets, after.targets);
  const edge = (id: string) => after.edges.find((each) => each.id === id)?.name ?? id;
  return [
    ...fresh.map(({ name, kind, edge: behind, rights: list, policy }) =>
      words.targetNew(name, edge(behind), rightsWords(list, kind), rules.name(policy)),
    ),
    ...gone.map(({ name }) => words.targetGone(name)),
    ...both.flatMap(([old, now]) => [
      ...(old.name === now.name ? [] : [words.renamed(old.name, now.name)]),
      ...(old.kind === now.kind ? [] : [words.targetKind(now.name, kindWord(now.kind))]),
      ...(old.edge === now.edge ? [] : [words.targetEdge(now.name, edge(now.edge))]),
      ...(same(old.rights, now.rights)
        ? []
        : [words.targetRights(now.name, rightsWords(now.rights, now.kind))]),
      ...(old.policy === now.policy ? [] : [words.targetPolicy(now.name, rules.name(now.policy))]),
      ...(old.deviceVersion === now.deviceVersion ? [] : [words.targetDevice(now.name)]),
      ...(old.legacy === now.legacy ? [] : [words.targetLegacy(now.name, now.legacy)]),
    ]),
  ];
}

function policySentences(before: Manifest, after: Manifest): string[] {
  const { gone, fresh, both } = compared(before.policies, after.policies);
  const name = (id: string) => after.persons.find((each) => each.id === id)?.name ?? id;
  return [
    ...fresh.map(({ id }) => words.policyNew(rules.name(id))),
    ...gone.map(({ id }) => words.policyGone(rules.name(id))),
    ...both.flatMap(([old, now]) => {
      const changed = policyWords(old, now, name);
      return changed.length === 0 ? [] : [words.policyChanged(rules.name(now.id), changed)];
    }),
  ];
}

function policyWords(old: Policy, now: Policy, name: (id: string) => string): string[] {
  const keys = (Object.keys(now) as (keyof Policy)[]).filter((key) => !same(old[key], now[key]));
  return keys.map((key) => {
    const label = key in rules.fields ? rules.fields[key as keyof typeof rules.fields] : key;
    const value = now[key];
    const shown =
      key === "approvers"
        ? (now.approvers?.map(name).join(" + ") ?? "all")
        : value === true || value === "several" || value === "required"
          ? "yes"
          : value === false || value === "one" || value === "waived"
            ? "no"
            : String(value);
    return `${label}: ${shown}`;
  });
}

// A field without a sentence must not pass unseen.
const withSentence = new Set([
  "name",
  "persons",
  "companies",
  "edges",
  "targets",
  "policies",
  "ownersNeeded",
  "endsAt",
]);

function otherLines(before: Manifest, after: Manifest): string[] {
  return changesBetween(before, after)
    .filter((line) => !withSentence.has(line.slice(2).split(/[ :.]/, 1)[0] ?? ""))
    .map(words.other);
}

interface Compared<Item> {
  readonly gone: readonly Item[];
  readonly fresh: readonly Item[];
  readonly both: readonly (readonly [Item, Item])[];
}

function compared<Item extends { readonly id: string }>(
  before: readonly Item[],
  after: readonly Item[],
): Compared<Item> {
  const older = new Map<string, Item>(before.map((item) => [item.id, item]));
  const newer = new Set<string>(after.map(({ id }) => id));
  return {
    gone: before.filter(({ id }) => !newer.has(id)),
    fresh: after.filter(({ id }) => !older.has(id)),
    both: after.flatMap((now) => {
      const old = older.get(now.id);
      return old === undefined ? [] : [[old, now] as const];
    }),
  };
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function kindWord(kind: string): string {
  return Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds].label : kind;
}

function wordIn(words: Readonly<Record<string, string>>, word: string): string {
  return Object.hasOwn(words, word) ? (words[word] ?? word) : word;
}
