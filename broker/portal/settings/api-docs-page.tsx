// The relay's API for people who write programs, made from its own description.
import {
  Accordion,
  Anchor,
  Badge,
  Code,
  Group,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { pageRelay } from "../person/relay-fetch.ts";
import { CopyLine } from "../shell/copy-line.tsx";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { apiDocs as texts } from "../texts/settings.ts";
import {
  fitting,
  groupsOf,
  openApiSchema,
  type ApiField,
  type ApiGroup,
  type ApiOperation,
} from "./openapi.ts";

const descriptionPath = "/api/openapi.json";

export default function ApiDocsPage() {
  const side = useSide();
  const { value, error, reload } = useLoaded(
    async () =>
      groupsOf(await pageRelay.call({ method: "GET", path: descriptionPath }, openApiSchema)),
    [],
  );
  return (
    <Page title={texts.title} about={texts.about}>
      <Stack gap="xs">
        <Text>{texts.use}</Text>
        <CopyLine line={texts.example(location.origin, side.id, "spt_…")} />
        <Text>
          {texts.machine}: <Code>{descriptionPath}</Code>
        </Text>
      </Stack>
      <Trouble error={error} retry={reload} />
      {value === undefined ? error === undefined && <Loading /> : <Groups groups={value} />}
    </Page>
  );
}

function Groups({ groups }: { readonly groups: readonly ApiGroup[] }) {
  const [wanted, setWanted] = useState("");
  const [opened, setOpened] = useState<readonly string[]>(() => [location.hash.slice(1)]);
  const shown = fitting(groups, wanted);
  const count = shown.reduce((sum, { operations }) => sum + operations.length, 0);
  // A link to an operation: the page is there only now.
  useEffect(() => {
    const go = (): void => {
      const id = location.hash.slice(1);
      if (id === "") return;
      setOpened((now) => [...new Set([...now, id])]);
      document.getElementById(id)?.scrollIntoView();
    };
    go();
    addEventListener("hashchange", go);
    return () => removeEventListener("hashchange", go);
  }, []);
  return (
    <Stack gap="lg">
      <Group align="flex-end" justify="space-between">
        <TextInput
          flex="1 1 240px"
          type="search"
          label={texts.find}
          description={texts.findHint}
          value={wanted}
          leftSection={<IconSearch size={18} aria-hidden />}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <Text c="dimmed" aria-live="polite">
          {texts.count(count)}
        </Text>
      </Group>
      {count === 0 && <Empty title={texts.none} />}
      {shown.map(({ name, isOfSite, operations }) => (
        <Stack key={`${isOfSite}/${name}`} gap="xs">
          <Title order={2}>
            {isOfSite ? `${texts.ofSite} ${name}` : (texts.groups[name] ?? name)}
          </Title>
          <Accordion
            multiple
            order={3}
            value={[...opened]}
            onChange={setOpened}
            variant="separated"
          >
            {operations.map((operation) => (
              <Accordion.Item
                key={operation.id}
                value={operation.id}
                id={operation.id}
                className="linked"
              >
                <Accordion.Control>
                  <Stack gap={2}>
                    <Group gap="xs">
                      <Badge variant="outline" color="gray">
                        {operation.method}
                      </Badge>
                      <Text ff="monospace" className="breaks-anywhere">
                        {operation.path}
                      </Text>
                    </Group>
                    <Text>{operation.summary}</Text>
                  </Stack>
                </Accordion.Control>
                <Accordion.Panel>
                  {opened.includes(operation.id) && <Operation operation={operation} />}
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        </Stack>
      ))}
    </Stack>
  );
}

function Operation({ operation }: { readonly operation: ApiOperation }) {
  const { id, needsSignIn, parameters, body, answers } = operation;
  return (
    <Stack gap="md">
      <Group gap="md">
        <Text c="dimmed">{needsSignIn ? texts.signedIn : texts.open}</Text>
        <Anchor href={`#${id}`}>{texts.link}</Anchor>
      </Group>
      {parameters.length > 0 && (
        <Fields
          title={texts.parameters}
          fields={parameters.map((each) => ({
            ...each,
            about: [texts.where[each.where] ?? each.where, each.about].filter(Boolean).join("; "),
          }))}
          showsRequired
        />
      )}
      {body.length > 0 && <Fields title={texts.body} fields={body} showsRequired />}
      {answers.map(({ status, fields }) => (
        <Fields
          key={status}
          title={`${texts.answers}: ${texts.answer(status)}`}
          fields={fields}
          showsRequired={false}
        />
      ))}
    </Stack>
  );
}

function Fields({
  title,
  fields,
  showsRequired,
}: {
  readonly title: string;
  readonly fields: readonly ApiField[];
  readonly showsRequired: boolean;
}) {
  return (
    <Stack gap={4}>
      <Text fw={600}>{title}</Text>
      {fields.length === 0 && <Text c="dimmed">{texts.noBody}</Text>}
      <Stack gap="xs" component="ul" className="plain-list">
        {fields.map(({ name, kind, isRequired, about }) => (
          <li key={name}>
            <Text className="breaks-anywhere">
              {name !== "" && <Code>{name}</Code>} {kind}
              {showsRequired && ` (${isRequired ? texts.required : texts.optional})`}
              {about !== "" && `: ${about}`}
            </Text>
          </li>
        ))}
      </Stack>
    </Stack>
  );
}
