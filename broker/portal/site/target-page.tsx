// One machine: the page around its form, whether it is new, listed, or among the changes that are not signed yet.
import { Container, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useParams } from "wouter";
import { Empty, Loading, Page } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { shell } from "../texts/shell.ts";
import { targets } from "../texts/targets.ts";
import { draftOf, useChanges } from "./draft-store.ts";
import { TargetForm } from "./target-form.tsx";

export default function TargetPage() {
  const side = useSide();
  const { target: id } = useParams<{ target?: string }>();
  const changes = useChanges(side.id);
  const [isRead, setRead] = useState(false);
  useEffect(() => {
    void draftOf(side.id)
      .read()
      .finally(() => setRead(true));
  }, [side.id]);
  const { targets: listed, edges } = side.held.manifest.payload;
  const known = listed.find((each) => each.id === id);
  const change = changes.find((each) => each.kind === "target" && each.id === id);
  const title = id === undefined ? targets.new : targets.edit(known?.name ?? id);
  if (!isRead) return <Loading />;
  const exists = known !== undefined || change !== undefined;
  return (
    <Container size="sm" px={0}>
      <Page title={title} about={targets.about}>
        {edges.length === 0 ? (
          <Empty title={targets.noEdge}>
            <Text>{targets.noEdgeHint}</Text>
          </Empty>
        ) : id !== undefined && !exists ? (
          <Empty title={shell.notFound} />
        ) : (
          <TargetForm
            key={id ?? "new"}
            known={known}
            change={change?.kind === "target" ? change : undefined}
          />
        )}
      </Page>
    </Container>
  );
}
