// The two presets that stand for policies: what most sites want, and what a site with more at stake wants. Everything else is a rule of its own.
import type { Policy } from "../../../shared/document/manifest.ts";
import { usualPolicy } from "../../../shared/site/founding.ts";

export const presetNames = ["normal", "strict"] as const;
export type Preset = (typeof presetNames)[number];
export type Rules = Omit<Policy, "id">;

const strictMinutes = 120;

/** A preset's rules for a site with so many approvers: strict asks for two as soon as there are two, or nobody could approve. */
export function presetRules(preset: Preset, approvers: number): Rules {
  if (preset === "normal") return usualPolicy;
  return {
    ...usualPolicy,
    approversNeeded: Math.min(2, Math.max(1, approvers)),
    passkeysOnly: true,
    maxMinutes: strictMinutes,
  };
}

/** The preset that rules are, whatever number of approvers strict could have asked for; undefined for rules of their own. */
export function presetOf(policy: Policy): Preset | undefined {
  const { id: _id, ...rules } = policy;
  const is = (preset: Preset, approvers: number): boolean =>
    sameFields(rules, presetRules(preset, approvers));
  if (is("normal", 1)) return "normal";
  return is("strict", 1) || is("strict", 2) ? "strict" : undefined;
}

function sameFields(left: Rules, right: Rules): boolean {
  const keys = Object.keys(right) as (keyof Rules)[];
  return keys.every((key) => JSON.stringify(left[key]) === JSON.stringify(right[key]));
}
