// The relay that serves these pages, its operator's notice, and the licences of what the pages are made of.
import { Anchor, Button, Collapse, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import * as v from "valibot";
import { Link } from "wouter";
import { pageRelay } from "../person/relay-fetch.ts";
import { describeRelay } from "../person/session.ts";
import { Trouble } from "../shell/page.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { settings } from "../texts/settings.ts";
import { Section } from "./section.tsx";

const texts = settings.relay;
const licencesPath = "/licences.json";
const licencesSchema = v.array(
  v.object({
    name: v.string(),
    version: v.string(),
    identifier: v.nullish(v.string()),
    text: v.nullish(v.string()),
  }),
);

export function AboutSection() {
  const { value, error } = useLoaded(describeRelay, []);
  const [showsLicences, licences] = useDisclosure(false);
  return (
    <Section title={texts.title}>
      <Trouble error={error} />
      {value !== undefined && (
        <>
          <Text>{texts.relay(value.name, value.version)}</Text>
          <Stack gap={4}>
            <Text fw={600}>{texts.notice}</Text>
            <Text className="keeps-lines">{value.useNotice ?? texts.noNotice}</Text>
          </Stack>
        </>
      )}
      <Group>
        <Anchor component={Link} href="/api-docs">
          {texts.docs}
        </Anchor>
      </Group>
      <Text>{texts.licences}</Text>
      <Group>
        <Button variant="default" aria-expanded={showsLicences} onClick={licences.toggle}>
          {texts.licencesOf}
        </Button>
      </Group>
      <Collapse expanded={showsLicences}>{showsLicences && <Licences />}</Collapse>
    </Section>
  );
}

function Licences() {
  const { value, error } = useLoaded(
    () => pageRelay.call({ method: "GET", path: licencesPath }, licencesSchema),
    [],
  );
  if (error !== undefined) return <Text>{texts.licencesNone}</Text>;
  return (
    <Stack gap={2} component="ul" className="plain-list">
      {value?.map(({ name, version, identifier, text }) => (
        <li key={`${name} ${version}`}>
          <Text size="sm" fw={600}>
            {name} {version}: {identifier ?? "?"}
          </Text>
          <Text size="sm" className="keeps-lines">
            {text}
          </Text>
        </li>
      ))}
    </Stack>
  );
}
