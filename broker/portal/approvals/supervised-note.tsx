// What a supervised job asks of whoever watches.
import { Alert } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { screen } from "../texts/screen.ts";

export function SupervisedNote() {
  return (
    <Alert color="blue" icon={<IconEye aria-hidden />}>
      {screen.watch.supervised}
    </Alert>
  );
}
