// Light or dark, and how large the text is, in this browser.
import { SegmentedControl, Stack, Text, useMantineColorScheme } from "@mantine/core";
import { useState } from "react";
import { setTextSize, textSize, textSizes } from "../shell/text-size.ts";
import { settings } from "../texts/settings.ts";
import { shell } from "../texts/shell.ts";
import { Section } from "./section.tsx";

const texts = settings.appearance;
const schemes = ["light", "dark", "auto"] as const;

export function AppearanceSection() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [size, setSize] = useState(textSize);
  return (
    <Section title={texts.title}>
      <Stack gap="xs" align="flex-start">
        <Text fw={600}>{texts.colours}</Text>
        <SegmentedControl
          size="md"
          aria-label={texts.colours}
          value={colorScheme}
          data={schemes.map((value) => ({ value, label: shell.appearance[value] }))}
          onChange={(value) => setColorScheme(schemes.find((each) => each === value) ?? "auto")}
        />
      </Stack>
      <Stack gap="xs" align="flex-start">
        <Text fw={600}>{texts.size}</Text>
        <SegmentedControl
          size="md"
          aria-label={texts.size}
          value={size}
          data={textSizes.map((value) => ({ value, label: texts.sizes[value] }))}
          onChange={(value) => {
            setTextSize(textSizes.find((each) => each === value) ?? "normal");
            setSize(textSize());
          }}
        />
      </Stack>
    </Section>
  );
}
