// A long list in pages, with a field that narrows it: a hundred thousand records stay quick on a phone.
import { Group, Pagination, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMemo, useState, type ReactNode } from "react";
import { records } from "../texts/records.ts";

const texts = records.recording;
const pageLength = 100;

export function PagedList<Item>({
  items,
  textOf,
  render,
  startAt = 0,
  label = texts.timeline,
}: {
  readonly items: readonly Item[];
  /** What the field looks for is looked for in this. */
  readonly textOf: (item: Item) => string;
  readonly render: (item: Item) => ReactNode;
  /** The item whose page is shown first. */
  readonly startAt?: number;
  /** What the list is, for whoever hears it. */
  readonly label?: string;
}) {
  const [wanted, setWanted] = useState("");
  const [page, setPage] = useState(() => Math.floor(startAt / pageLength) + 1);
  const fitting = useMemo(() => {
    const text = wanted.trim().toLowerCase();
    return text === "" ? items : items.filter((item) => textOf(item).toLowerCase().includes(text));
  }, [items, wanted]);
  const pages = Math.max(1, Math.ceil(fitting.length / pageLength));
  const from = (Math.min(page, pages) - 1) * pageLength;
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm" justify="space-between">
        <TextInput
          flex="1 1 240px"
          type="search"
          label={texts.filter}
          value={wanted}
          leftSection={<IconSearch size={18} aria-hidden />}
          onChange={(event) => {
            setWanted(event.currentTarget.value);
            setPage(1);
          }}
        />
        <Text c="dimmed" aria-live="polite">
          {texts.entries(fitting.length)}
        </Text>
      </Group>
      {fitting.length === 0 && <Text>{texts.nothingFits}</Text>}
      <Stack gap="xs" component="ol" className="plain-list" aria-label={label}>
        {fitting.slice(from, from + pageLength).map((item, at) => (
          <li key={from + at}>{render(item)}</li>
        ))}
      </Stack>
      {pages > 1 && (
        <Pagination
          aria-label={texts.pages}
          total={pages}
          value={Math.min(page, pages)}
          onChange={setPage}
          getControlProps={(control) => ({ "aria-label": control })}
        />
      )}
    </Stack>
  );
}
