// Evidence of one edge: the bundle, the witness to be kept apart from it, the line that checks both, and what they prove and cannot prove.
import { Alert, Button, Card, Group, List, Select, Stack, Text, Title } from "@mantine/core";
import { IconArchive, IconDownload } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { verifyWitnessed } from "../../../shared/document/checkpoint.ts";
import { encodeEnvelope } from "../../../shared/document/envelope.ts";
import { requireEdge } from "../../../shared/document/held.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { readEdge } from "../../../shared/site/edge-reading.ts";
import type { PageSide } from "../person/page-side.ts";
import { CopyLine } from "../shell/copy-line.tsx";
import { Empty, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { records } from "../texts/records.ts";
import { canWriteFiles, mostHeldBytes, openBundleFile } from "./bundle-file.ts";
import { fileName, saveFile } from "./save-file.ts";

const texts = records.evidence;
const tellMs = 150;

export default function EvidencePage() {
  const side = useSide();
  const { edges } = side.held.manifest.payload;
  const [chosen, setChosen] = useState<EdgeId>();
  const edge = edges.find(({ id }) => id === chosen) ?? edges[0];
  return (
    <Page title={texts.title} about={texts.about}>
      {edge === undefined ? (
        <Empty title={texts.none}>
          <Text>{texts.noneHint}</Text>
        </Empty>
      ) : (
        <>
          {edges.length > 1 && (
            <Select
              label={texts.edge}
              value={edge.id}
              data={edges.map(({ id, name }) => ({ value: id, label: name }))}
              onChange={(value) => setChosen(edges.find(({ id }) => id === value)?.id)}
            />
          )}
          <EvidenceOf key={edge.id} edge={edge.id} name={edge.name} />
          <Honesty />
        </>
      )}
    </Page>
  );
}

function EvidenceOf({ edge, name }: { readonly edge: EdgeId; readonly name: string }) {
  const side = useSide();
  const witness = useLoaded(() => witnessOf(side, edge), [side.id, edge]);
  const site = side.held.manifest.payload.name;
  const bundleName = `${fileName(site, name)}.tar`;
  const witnessName = `${fileName(site, name)}-witness.json`;
  const given = typeof witness.value === "object" ? witness.value : undefined;
  const line = texts.verifyLine(side.id, bundleName, given && witnessName);
  return (
    <>
      <Card withBorder padding="lg">
        <Bundle edge={edge} edgeName={name} bundleName={bundleName} />
      </Card>
      <Card withBorder padding="lg">
        <Stack gap="md">
          <Title order={2}>{texts.witness}</Title>
          <Trouble error={witness.error} retry={witness.reload} />
          {witness.value === "none" && <Text>{texts.noWitness}</Text>}
          {witness.value === "bad" && <Alert color="red">{texts.badWitness}</Alert>}
          {given !== undefined && (
            <>
              <Text>{texts.witnessAbout(given.relays.join(", "), given.entries)}</Text>
              <Group>
                <Button
                  variant="default"
                  leftSection={<IconDownload size={18} aria-hidden />}
                  onClick={() => saveFile(witnessName, [given.text], "application/json")}
                >
                  {texts.downloadWitness}
                </Button>
              </Group>
            </>
          )}
        </Stack>
      </Card>
      <Card withBorder padding="lg">
        <Stack gap="md">
          <Title order={2}>{texts.verify}</Title>
          <Text>{texts.verifyAbout}</Text>
          <CopyLine line={line} />
          <Text>{texts.auditKey}</Text>
          <CopyLine line={texts.withAuditKey(line)} />
        </Stack>
      </Card>
    </>
  );
}

function Bundle({
  edge,
  edgeName,
  bundleName,
}: {
  readonly edge: EdgeId;
  readonly edgeName: string;
  readonly bundleName: string;
}) {
  const side = useSide();
  const [bytes, setBytes] = useState<number>();
  const [doneBytes, setDoneBytes] = useState<number>();
  const [error, setError] = useState<unknown>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const make = (): void => {
    const over = new AbortController();
    running.current = over;
    setError(undefined);
    setDoneBytes(undefined);
    fetchBundle(side.until(over.signal), edge, bundleName, setBytes)
      .then(setDoneBytes)
      .catch((thrown: unknown) => {
        if (!over.signal.aborted) setError(thrown);
      })
      .finally(() => setBytes(undefined));
  };
  const isTooLarge = error instanceof SallyportError && error.code === "frame_too_large";
  const held = records.size(mostHeldBytes);
  return (
    <Stack gap="md">
      <Title order={2}>{texts.bundle}</Title>
      <Text>{texts.bundleAbout}</Text>
      {isTooLarge ? (
        <Alert color="yellow" role="alert" title={texts.tooLarge(held)}>
          {texts.tooLargeHint}
        </Alert>
      ) : (
        <Trouble error={error} retry={make} />
      )}
      <Group>
        <Button
          size="lg"
          loading={bytes !== undefined}
          leftSection={<IconArchive aria-hidden />}
          onClick={make}
        >
          {texts.make}
        </Button>
        {bytes !== undefined && (
          <Button size="lg" variant="default" onClick={() => running.current?.abort()}>
            {texts.stop}
          </Button>
        )}
      </Group>
      <Text role="status" aria-live="polite">
        {bytes !== undefined && `${texts.making(records.size(bytes))} ${texts.makingHint}`}
        {doneBytes !== undefined && texts.done(bundleName, records.size(doneBytes))}
      </Text>
      {!canWriteFiles() && (
        <>
          <Text c="dimmed">{texts.inMemory(held)}</Text>
          <CopyLine line={texts.exportLine(edgeName)} />
        </>
      )}
    </Stack>
  );
}

function Honesty() {
  return (
    <Group align="stretch" gap="md" grow preventGrowOverflow={false}>
      <Card withBorder padding="lg" flex="1 1 280px">
        <Stack gap="sm">
          <Title order={2}>{texts.proves}</Title>
          <List spacing="xs">
            {texts.provesList.map((each) => (
              <List.Item key={each}>{each}</List.Item>
            ))}
          </List>
        </Stack>
      </Card>
      <Card withBorder padding="lg" flex="1 1 280px">
        <Stack gap="sm">
          <Title order={2}>{texts.provesNot}</Title>
          <List spacing="xs">
            {texts.provesNotList.map((each) => (
              <List.Item key={each}>{each}</List.Item>
            ))}
          </List>
        </Stack>
      </Card>
    </Group>
  );
}

/** Writes the edge's bundle into a file; its bytes, or undefined if the person chose none. */
async function fetchBundle(
  side: PageSide,
  edge: EdgeId,
  name: string,
  tell: (bytes: number) => void,
): Promise<number | undefined> {
  const file = await openBundleFile(name);
  if (file === undefined) return undefined;
  let bytes = 0;
  let toldMs = 0;
  try {
    tell(0);
    // What the edge has shown before it writes the bundle becomes a witness of it.
    await side.checkpoint(edge);
    for await (const piece of readEdge(side, edge, "export", {})) {
      await file.write(piece);
      bytes += piece.length;
      if (performance.now() - toldMs < tellMs) continue;
      toldMs = performance.now();
      tell(bytes);
    }
    await file.close();
    return bytes;
  } catch (thrown) {
    await file.discard();
    throw thrown;
  }
}

interface Witness {
  readonly text: string;
  readonly relays: readonly string[];
  readonly entries: number;
}

/** The relay's countersigned checkpoint, once it verifies. */
async function witnessOf(side: PageSide, edge: EdgeId): Promise<Witness | "none" | "bad"> {
  const { held } = side;
  const envelope = (await side.edges()).find((each) => each.edge === edge)?.witness ?? null;
  if (envelope === null) return "none";
  try {
    const { checkpoint, relays } = await verifyWitnessed(
      held.suite,
      envelope,
      side.id,
      requireEdge(edge, held),
      held.manifest.payload.relays,
    );
    if (relays.length === 0) return "bad";
    const text = `${encodeEnvelope(envelope)}\n`;
    return { text, relays, entries: checkpoint.payload.length };
  } catch (thrown) {
    if (thrown instanceof SallyportError) return "bad";
    throw thrown;
  }
}
