// What an area of the portal adds to it: its pages with their addresses, and its entries in the navigation.
import type { Icon } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { PageSide } from "../person/page-side.ts";

export interface PageRoute {
  /** As wouter matches it: `/jobs/:job`. */
  readonly path: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

export interface NavigationEntry {
  readonly path: string;
  readonly label: string;
  readonly icon: Icon;
  /** Whether this person has it. */
  readonly isFor: (side: PageSide) => boolean;
  /** Entries with lower numbers come first; the first four stand in the bar at the bottom of a phone. */
  readonly order: number;
}

export interface Area {
  readonly routes: readonly PageRoute[];
  readonly navigation: readonly NavigationEntry[];
}
