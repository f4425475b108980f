// Whether the box can serve a kind at all, by its own word: a missing package is said here, before anybody wonders why nothing opens.
import { Alert } from "@mantine/core";
import { IconPackage } from "@tabler/icons-react";
import type { ManifestEdge } from "../../../shared/document/manifest.ts";
import type { TargetKindName } from "../../../shared/document/rights.ts";
import { useSide } from "../shell/person-context.tsx";
import { useReading } from "../shell/use-reading.ts";
import { kinds, targets } from "../texts/targets.ts";
import { factsOf, readEdgeFacts } from "./edge-facts.ts";

/** Kinds that an edge serves by itself need no question; each one stands in its journal. */
const withoutPackages: ReadonlySet<TargetKindName> = new Set(["ssh", "tcp"]);

export function KindMissing({
  edge,
  kind,
}: {
  readonly edge: ManifestEdge;
  readonly kind: TargetKindName;
}) {
  const side = useSide();
  const known = factsOf(edge.id);
  const mayAsk = side.signsQuietly && known === undefined && !withoutPackages.has(kind);
  // A box that is away, or older than this question, says nothing: then the test of the machine tells.
  const read = useReading((reader) => readEdgeFacts(reader, edge.id), [edge.id], mayAsk);
  const state = (known ?? read.value)?.kinds.find((each) => each.kind === kind);
  if (state === undefined || state.isReady) return null;
  const label = kinds[kind].label;
  return (
    <Alert color="yellow" icon={<IconPackage aria-hidden />} role="status">
      {state.missing.length > 0
        ? targets.kindMissing(edge.name, label, state.missing.join(" "))
        : targets.kindNotReady(edge.name, label)}
    </Alert>
  );
}
