// The files of a desktop's drive, beside its screen: what is there, put one there with its progress, fetch one, remove one.
import {
  ActionIcon,
  Alert,
  Button,
  Card,
  FileButton,
  Group,
  Progress,
  Stack,
  Table,
  Text,
} from "@mantine/core";
import { IconDownload, IconRefresh, IconTrash, IconUpload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { AdmittedTarget } from "../../../shared/channel/messages.ts";
import type { LiveJob } from "../jobs/live-job.ts";
import { saveFile } from "../records/save-file.ts";
import { Trouble } from "../shell/page.tsx";
import { drive } from "../texts/drive.ts";
import { DriveFiles, type DriveFile } from "./drive-files.ts";

export interface DrivePanelProps {
  readonly live: LiveJob;
  readonly target: AdmittedTarget;
}

export default function DrivePanel({ live, target }: DrivePanelProps) {
  const files = useMemo(() => new DriveFiles(live, target.id), [live, target.id]);
  const [listed, setListed] = useState<readonly DriveFile[]>();
  const [moving, setMoving] = useState<{ readonly name: string; readonly percent: number }>();
  const [told, setTold] = useState("");
  const [fault, setFault] = useState<unknown>();
  const isBusy = moving !== undefined;

  const act = async (
    name: string,
    what: (percent: (bytes: number, of: number) => void) => Promise<string>,
  ): Promise<void> => {
    setFault(undefined);
    setTold("");
    setMoving({ name, percent: 0 });
    try {
      const done = await what((bytes, of) =>
        setMoving({ name, percent: of === 0 ? 100 : Math.floor((100 * bytes) / of) }),
      );
      setListed(await files.list());
      setTold(done);
    } catch (thrown) {
      setFault(thrown);
    } finally {
      setMoving(undefined);
    }
  };
  const put = (file: File): Promise<void> =>
    act(file.name, async (percent) => {
      await files.put(file, (bytes) => percent(bytes, file.size));
      return drive.done(file.name);
    });
  const get = ({ name, bytes: size }: DriveFile): Promise<void> =>
    act(name, async (percent) => {
      saveFile(
        name,
        [await files.get(name, (bytes) => percent(bytes, size))],
        "application/octet-stream",
      );
      return drive.fetched(name);
    });
  const remove = ({ name }: DriveFile): Promise<void> =>
    act(name, async () => {
      await files.remove(name);
      return "";
    });

  return (
    <Card withBorder padding="lg">
      <Stack gap="sm" role="group" aria-label={drive.title}>
        <Text fw={600}>{drive.title}</Text>
        <Text size="sm" c="dimmed">
          {drive.about}
        </Text>
        <Group gap="xs">
          <FileButton onChange={(file) => void (file !== null && put(file))} disabled={isBusy}>
            {(props) => (
              <Button
                {...props}
                leftSection={<IconUpload size={18} aria-hidden />}
                disabled={isBusy}
              >
                {drive.put}
              </Button>
            )}
          </FileButton>
          <Button
            variant="default"
            leftSection={<IconRefresh size={18} aria-hidden />}
            disabled={isBusy}
            onClick={() => void act("", async () => "")}
          >
            {drive.list}
          </Button>
        </Group>
        <div aria-live="polite">
          {moving !== undefined && moving.name !== "" && (
            <Stack gap={4}>
              <Text size="sm">{drive.moving(moving.name, moving.percent)}</Text>
              <Progress value={moving.percent} aria-label={moving.name} />
            </Stack>
          )}
          {told !== "" && (
            <Alert color="green" role="presentation">
              {told}
            </Alert>
          )}
          <Trouble error={fault} />
        </div>
        {listed?.length === 0 && (
          <Text size="sm">
            {drive.none}. {drive.noneHint}
          </Text>
        )}
        {listed !== undefined && listed.length > 0 && (
          <Table.ScrollContainer minWidth={280}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{drive.name}</Table.Th>
                  <Table.Th>{drive.size}</Table.Th>
                  <Table.Td />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {listed.map((file) => (
                  <Table.Tr key={file.name}>
                    <Table.Td className="breaks-anywhere">{file.name}</Table.Td>
                    <Table.Td>{drive.bytes(file.bytes)}</Table.Td>
                    <Table.Td>
                      <Group gap="xs" justify="flex-end">
                        <ActionIcon
                          size="xl"
                          variant="light"
                          disabled={isBusy}
                          aria-label={drive.get(file.name)}
                          onClick={() => void get(file)}
                        >
                          <IconDownload size={20} aria-hidden />
                        </ActionIcon>
                        <ActionIcon
                          size="xl"
                          variant="default"
                          disabled={isBusy}
                          aria-label={drive.remove(file.name)}
                          onClick={() => void remove(file)}
                        >
                          <IconTrash size={20} aria-hidden />
                        </ActionIcon>
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Stack>
    </Card>
  );
}
